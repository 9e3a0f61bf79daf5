"""The books: each fact once, lots exact, sequences without gaps, reversals that restore
everything."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.integration.treasury.accounting.books import (
    BLOCK,
    WETH_UNIT,
    balances,
    counts,
    lots,
    post,
    purchase,
    safe_of,
    sale,
    source,
    tx,
)
from tests.integration.treasury.sql import check_deferred
from tests.integration.treasury.world import ACTOR, World
from treasury.core.entries import ValuedUnits, gas, suspense_in
from treasury.core.entries.drafting import safe_account
from treasury.core.lots import StaleLotsError, match_lots
from treasury.core.policies import LotMethod
from treasury.core.types import NATIVE, Address
from treasury.models import (
    Account,
    JournalEntry,
    Lot,
)
from treasury.selectors.lots import booked_units, open_lots
from treasury.selectors.snapshots import units_at
from treasury.services.ledger import (
    EntryRefusedError,
    open_books,
)
from treasury.services.snapshots import take_snapshot

pytestmark = pytest.mark.django_db


def test_the_example_of_the_accounting_reference(bare_world: World) -> None:
    """AC-14: 6 of two lots of 5 sold for 20,940 at a fair value of 21,000."""
    post(
        bare_world,
        purchase(bare_world, 1, 5 * WETH_UNIT, "2000", at=BLOCK.timestamp),
        purchase(bare_world, 2, 5 * WETH_UNIT, "2500", at=BLOCK.timestamp + 60),
    )
    draft = sale(bare_world, 3, 6 * WETH_UNIT, "3500")
    [entry] = post(bare_world, draft)
    check_deferred()
    assert balances(bare_world) == {
        "Assets:Digital:core:WETH": Decimal(10_000),
        "Assets:Digital:core:USDC": Decimal(20979),
        "Equity:Contributions": Decimal(-22_500),
        "Expenses:SwapCosts": Decimal(21),
        "Income:RealisedGains": Decimal(-8_500),
    }
    assert lots(bare_world) == [(4 * WETH_UNIT, Decimal(10_000), BLOCK.timestamp + 60)]
    assert [
        (part.units, part.cost_usd, part.proceeds_usd) for part in entry.disposals.order_by("id")
    ] == [
        (5 * WETH_UNIT, Decimal(10_000), Decimal(17_500)),
        (WETH_UNIT, Decimal(2_500), Decimal(3_500)),
    ]
    assert (entry.proposal_ref, entry.tx_hash) == ("prop_42", tx(3))
    assert list(JournalEntry.objects.order_by("id").values_list("sequence", flat=True)) == [
        1,
        2,
        3,
    ]


def test_a_fact_is_booked_once(bare_world: World) -> None:
    drafts = [purchase(bare_world, number, WETH_UNIT, "2000") for number in (1, 2)]
    first = post(bare_world, *drafts)
    before = counts()
    assert post(bare_world, *drafts) == first
    assert post(bare_world, drafts[1]) == first[1:]
    assert counts() == before


def test_all_drafts_or_none(bare_world: World) -> None:
    good = purchase(bare_world, 1, WETH_UNIT, "2000")
    line = good.postings[0]
    unbalanced = replace(
        purchase(bare_world, 2, WETH_UNIT, "2000"),
        postings=(replace(line, amount_usd=line.amount_usd + 1), *good.postings[1:]),
    )
    before = counts()
    with pytest.raises(EntryRefusedError, match="off by 1 USD"):
        post(bare_world, good, unbalanced)
    assert counts() == before


def test_an_amount_that_would_be_rounded_is_refused(bare_world: World) -> None:
    draft = purchase(bare_world, 1, WETH_UNIT, "2000")
    split = tuple(
        replace(line, amount_usd=line.amount_usd + (1 if line.units else -1) * Decimal("1E-9"))
        for line in draft.postings
    )
    with pytest.raises(EntryRefusedError, match="would be rounded"):
        post(bare_world, replace(draft, postings=split))
    assert not JournalEntry.objects.exists()


def test_lots_that_changed_meanwhile_are_refused(bare_world: World) -> None:
    post(bare_world, purchase(bare_world, 1, 5 * WETH_UNIT, "2000"))
    late = sale(bare_world, 3, 4 * WETH_UNIT, "3000")
    post(bare_world, sale(bare_world, 2, 3 * WETH_UNIT, "3000"))
    before = (counts(), lots(bare_world))
    with pytest.raises(StaleLotsError, match="read the lots again"):
        post(bare_world, late)
    assert (counts(), lots(bare_world)) == before


def test_a_slice_that_empties_a_lot_takes_all_its_cost(bare_world: World) -> None:
    post(bare_world, purchase(bare_world, 1, 3, "0.00000001e18"))
    draft = sale(bare_world, 2, 3, "2e18")
    part = draft.disposed[0].slices[0]
    cheap = replace(part, cost_usd=part.cost_usd - Decimal("1E-8"))
    short = replace(draft, disposed=(replace(draft.disposed[0], slices=(cheap,)),))
    with pytest.raises(StaleLotsError):
        post(bare_world, short)
    post(bare_world, draft)
    check_deferred()
    assert lots(bare_world) == []


def test_missing_lots_are_booked_and_marked(bare_world: World) -> None:
    post(bare_world, purchase(bare_world, 1, WETH_UNIT, "2000"))
    [entry] = post(bare_world, sale(bare_world, 2, 3 * WETH_UNIT, "3000"))
    check_deferred()
    assert entry.cost_basis_incomplete
    units = booked_units(treasury_id=bare_world.treasury.id)
    assert units[safe_of(bare_world), bare_world.address("WETH")] == -2 * WETH_UNIT


def test_a_movement_without_value_has_two_sides(bare_world: World) -> None:
    draft = suspense_in(
        source=source(bare_world, 1),
        account=safe_account(safe_of(bare_world), bare_world.address("DAI")),
        received=ValuedUnits(bare_world.address("DAI"), 18, 7, None),
    )
    [entry] = post(bare_world, draft)
    check_deferred()
    assert [line.account.code for line in entry.postings.order_by("line")] == [
        "Assets:Digital:core:DAI",
        "Assets:Suspense",
    ]
    assert entry.cost_basis_incomplete


def test_accounts_of_one_symbol_stay_apart(bare_world: World) -> None:
    twin = bare_world.assets["DAI"]
    twin.symbol = "WETH"
    twin.save()
    post(bare_world, purchase(bare_world, 1, WETH_UNIT, "2000"))
    received = ValuedUnits(bare_world.address("DAI"), 18, 7 * WETH_UNIT, Decimal(1))
    account = safe_account(safe_of(bare_world), bare_world.address("DAI"))
    post(bare_world, suspense_in(source=source(bare_world, 2), account=account, received=received))
    codes = Account.objects.exclude(asset=None).order_by("id").values_list("code", flat=True)
    assert codes[0] == "Assets:Digital:core:WETH"
    assert codes[1] == f"Assets:Digital:core:WETH:{safe_of(bare_world)}:{twin.address}"


# -------------------------------------------------------------------------------------- opening
def test_opened_books_equal_the_chain(world: World) -> None:
    snapshot = take_snapshot(treasury_id=world.treasury.id, block=world.head(), rpc_url=world.url)
    entries = open_books(treasury_id=world.treasury.id, snapshot_id=snapshot.id, actor=ACTOR)
    check_deferred()
    held = {pair: units for pair, units in units_at(snapshot.id).items() if units}
    assert booked_units(treasury_id=world.treasury.id) == held
    assert len(entries) == len(held)
    assets = {code: value for code, value in balances(world).items() if code.startswith("Assets")}
    assert sum(assets.values(), Decimal(0)) == snapshot.nav_usd
    assert "Assets:GasTank:ETH" in assets
    before = counts()
    assert open_books(treasury_id=world.treasury.id, snapshot_id=snapshot.id, actor=ACTOR) == []
    assert counts() == before


def test_an_opening_without_a_price_is_marked(bare_world: World) -> None:
    snapshot = take_snapshot(
        treasury_id=bare_world.treasury.id, block=bare_world.head(), rpc_url=bare_world.url
    )
    entries = open_books(treasury_id=bare_world.treasury.id, snapshot_id=snapshot.id, actor=ACTOR)
    check_deferred()
    assert {entry.cost_basis_incomplete for entry in entries} == {True}
    assert set(Lot.objects.values_list("cost_usd", flat=True)) == {Decimal(0)}


def test_gas_leaves_the_tank(world: World) -> None:
    snapshot = take_snapshot(treasury_id=world.treasury.id, block=world.head(), rpc_url=world.url)
    open_books(treasury_id=world.treasury.id, snapshot_id=snapshot.id, actor=ACTOR)
    tank = Address(world.treasury.executor_address)
    spent = ValuedUnits(NATIVE, 18, 4 * 10**15, Decimal(3_500))
    match = match_lots(
        lots=open_lots(treasury_id=world.treasury.id, holder=tank, asset=NATIVE),
        units=spent.units,
        proceeds_usd=spent.fair_value_usd,
        method=LotMethod.FIFO,
        at=snapshot.block_timestamp,
        long_term_days=365,
    )
    draft = gas(
        source=source(world, 9, at=snapshot.block_timestamp),
        executor=tank,
        spent=spent,
        disposal=match,
        failed=True,
    )
    post(world, draft)
    check_deferred()
    assert balances(world)["Expenses:GasOnFailedTransactions"] == Decimal(14)
