"""Exports that other tools read: beancount's own checker, and CSV that adds up to the trial
balance."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Sum

from tests.integration.treasury.accounting.books import (
    BLOCK,
    DAY,
    WETH_UNIT,
    post,
    purchase,
    safe_of,
    sale,
    source,
    tx,
)
from tests.integration.treasury.world import ACTOR, World
from treasury.adapters.exports import registry
from treasury.adapters.exports.beancount import account, commodity
from treasury.core.entries import ValuedUnits, inflow, outflow, transfer
from treasury.core.entries.drafting import EntrySource, safe_account
from treasury.core.lots import at_cost, match_lots
from treasury.core.policies import LotMethod
from treasury.core.types import Address
from treasury.models import Account, Posting
from treasury.selectors.lots import booked_units, open_lots
from treasury.services.ledger import open_books, reverse_entries
from treasury.services.portfolio import create_treasury
from treasury.services.snapshots import take_snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def busy_world(world: World) -> World:
    """Openings, purchases, sales with crooked slices, a transfer, a reversal, missing lots."""
    snapshot = take_snapshot(treasury_id=world.treasury.id, block=world.head(), rpc_url=world.url)
    open_books(treasury_id=world.treasury.id, snapshot_id=snapshot.id, actor=ACTOR)
    start = snapshot.block_timestamp
    for number in range(1, 8):
        at = start + number * DAY
        post(world, purchase(world, number, 7 * WETH_UNIT // 3, f"{2000 + number}.3333", at=at))
        post(world, sale(world, 50 + number, 10 * WETH_UNIT // 7, "3000.123456789", at=at + 60))
    later = replace(BLOCK, timestamp=start + 8 * DAY)
    reverse_entries(treasury_id=world.treasury.id, tx_hash=tx(57), actor=ACTOR, block=later)
    weth = world.address("WETH")
    lots = open_lots(treasury_id=world.treasury.id, holder=safe_of(world), asset=weth)
    at = start + 20 * DAY
    moved = transfer(
        source=EntrySource("31337:move", at, '=a "move" with \\ signs', tx_hash=tx(90)),
        origin=safe_account(safe_of(world), weth),
        destination=safe_account(Address(world.safes["main"].address), weth),
        units=WETH_UNIT // 3,
        disposal=at_cost(
            match_lots(
                lots=lots,
                units=WETH_UNIT // 3,
                proceeds_usd=Decimal(0),
                method=LotMethod.HIFO,
                at=at,
                long_term_days=365,
            )
        ),
    )
    post(world, moved)
    post(world, sale(world, 99, 400 * WETH_UNIT, "3100", at=at + DAY))
    return world


def export(format_name: str, folder: Path) -> Path:
    target = folder / f"books.{format_name}"
    call_command("export_journal", "--format", format_name, "--output", str(target))
    return target


@pytest.mark.usefixtures("busy_world")
def test_beancount_loads_the_export_without_an_error(tmp_path: Path) -> None:
    target = export("beancount", tmp_path)
    checker = Path(sys.executable).with_name("bean-check")
    done = subprocess.run([checker, target], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("method", [LotMethod.AVERAGE, LotMethod.FIFO])
def test_beancount_loads_sales_of_coarse_units(
    method: LotMethod, bare_world: World, tmp_path: Path
) -> None:
    """A base unit of WBTC is worth cents: lots cannot all give the same share, and beancount knows
    each lot's own cost alone, not the mean of the pool."""
    wbtc, safe = bare_world.address("WBTC"), safe_of(bare_world)
    for number, units in enumerate((33_333_333, 111_111_111, 70_000_000), start=1):
        price = Decimal(30_000 * number)
        received = ValuedUnits(wbtc, 8, units, price)
        post(bare_world, inflow(source=source(bare_world, number), holder=safe, received=received))
    for number, units in enumerate((12_345_678, 98_765_432, 103_333_334), start=11):
        paid = ValuedUnits(wbtc, 8, units, Decimal(50_000))
        taken = match_lots(
            lots=open_lots(treasury_id=bare_world.treasury.id, holder=safe, asset=wbtc),
            units=units,
            proceeds_usd=paid.fair_value_usd,
            method=method,
            at=BLOCK.timestamp,
            long_term_days=365,
        )
        post(
            bare_world,
            outflow(source=source(bare_world, number), holder=safe, paid=paid, disposal=taken),
        )
    target = export("beancount", tmp_path)
    checker = Path(sys.executable).with_name("bean-check")
    done = subprocess.run([checker, target], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    assert ("Rounding-Of-Lots" in target.read_text()) == (method is LotMethod.AVERAGE)


BALANCES = """
import json, sys
from decimal import Decimal
from beancount import loader
from beancount.core import data
entries, errors, _ = loader.load_file(sys.argv[1])
codes = {e.account: e.meta["code"] for e in entries if isinstance(e, data.Open)}
names = {e.currency: e.meta["symbol"] for e in entries if isinstance(e, data.Commodity)}
sums = {}
for entry in entries:
    if isinstance(entry, data.Transaction):
        for p in entry.postings:
            key = codes[p.account] + "|" + names.get(p.units.currency, p.units.currency)
            sums[key] = str(Decimal(sums.get(key, "0")) + p.units.number)
print(json.dumps({"errors": [str(e) for e in errors], "sums": sums}))
"""


def test_beancount_reads_our_balances(busy_world: World, tmp_path: Path) -> None:
    target = export("beancount", tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", BALANCES, target], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    assert found["errors"] == []
    sums = {key: Decimal(value) for key, value in found["sums"].items()}
    for row in Account.objects.filter(treasury=busy_world.treasury).select_related("asset"):
        lines = Posting.objects.filter(account=row)
        if row.asset is None:
            total = lines.aggregate(total=Sum("amount_usd"))["total"]
            assert sums[f"{row.code}|USD"] == total
        else:
            units = lines.aggregate(total=Sum("units"))["total"]
            expected = Decimal(units).scaleb(-row.asset.decimals)
            assert sums[f"{row.code}|{row.asset.symbol}"] == expected


def test_csv_adds_up_to_the_trial_balance(busy_world: World, tmp_path: Path) -> None:
    with export("csv", tmp_path).open(newline="") as file:
        found = list(csv.DictReader(file))
    assert len(found) == Posting.objects.count()
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    units: dict[tuple[str, str], int] = defaultdict(int)
    entries: dict[str, Decimal] = defaultdict(Decimal)
    for row in found:
        amounts[row["account"]] += Decimal(row["amount"])
        entries[row["sequence"]] += Decimal(row["amount"])
        if row["quantity_units"]:
            units[row["holder"], row["asset_address"]] += int(row["quantity_units"])
    booked = Account.objects.annotate(total=Sum("postings__amount_usd"))
    assert dict(amounts) == {row.code: row.total for row in booked}
    assert dict(units) == booked_units(treasury_id=busy_world.treasury.id)
    assert set(entries.values()) == {Decimal(0)}
    assert {row["description"] for row in found if row["external_ref"] == "31337:move"} == {
        '\'=a "move" with \\ signs'
    }
    assert {row["term"] for row in found} >= {"", "short"}
    sold = next(row for row in found if row["kind"] == "SWAP" and row["gain"])
    assert Decimal(sold["cost"]) == -Decimal(sold["amount"])


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("WETH", "WETH"),
        ("stETH", "STETH"),
        ("1INCH", "A1INCH"),
        ("USDC.e", "USDC.E"),
        ("UNI-V3-LP", "UNI-V3-LP"),
        ("X", "XX"),
        ("₿", "AX"),
        ("A" * 24, "A" * 16),
    ],
)
def test_commodities(symbol: str, name: str) -> None:
    assert commodity(symbol) == name


def test_accounts() -> None:
    assert account("Assets:Digital:core:USDC.e") == "Assets:Digital:Core:USDC-e"
    assert account("Assets:Digital:0xAb:₿") == "Assets:Digital:0xAb:X"


def test_a_treasury_must_be_named_where_there_are_several(world: World, tmp_path: Path) -> None:
    create_treasury(
        name="Second",
        chain_id=31337,
        executor_address=Address(world.treasury.executor_address),
        actor=ACTOR,
    )
    with pytest.raises(CommandError, match="--treasury"):
        export("csv", tmp_path)
    assert not list(tmp_path.iterdir())
    for name in ("Second", world.treasury.public_id):
        target = tmp_path / "named.csv"
        call_command("export_journal", "--treasury", name, "--output", str(target))
        assert target.read_text().startswith("sequence,entry,")


@pytest.mark.parametrize("name", sorted(registry.FORMATS))
def test_an_empty_journal_is_a_valid_file(world: World, tmp_path: Path, name: str) -> None:
    assert world.treasury
    target = export(name, tmp_path)
    assert target.read_text()
    assert registry.FORMATS[name].extension
