"""`decide` and `lots` on files, as processes that can reach no server; the tutorial's examples; the
same disposals booked by Beancount."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from tests.architecture.source import ROOT
from tests.unit.engine.tiers import inputs, policy
from treasury.core.canonical import canonical_bytes, plain
from treasury.core.decision_documents import parse_inputs
from treasury.core.decisions import Decision, decision_digest
from treasury.core.policy_documents import policy_hash
from treasury.core.revival import revive
from treasury.engine.decision import decide

NOWHERE = {
    "DJANGO_SETTINGS_MODULE": "config.settings.local",
    "DATABASE_URL": "postgres://nobody:x@127.0.0.1:1/nowhere",
    "REDIS_URL": "redis://127.0.0.1:1",
    "RPC_URL": "http://127.0.0.1:1",
}
TUTORIAL = (ROOT / "docs" / "tutorials" / "own-data.md").read_text()
EVENTS, DISPOSALS, OWN = (
    json.loads(block) for block in re.findall(r"```json\n(.*?)```", TUTORIAL, re.DOTALL)
)


def process(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "manage.py", *map(str, arguments)],
        env={**os.environ, **NOWHERE},
        cwd=ROOT.parent,
        capture_output=True,
        text=True,
        check=False,
    )


def saved(folder: Path, document: object, name: str = "input.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(document))
    return path


def valid(document: object, name: str) -> bool:
    schema = json.loads((ROOT / "docs" / "schemas" / f"{name}.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    return bool(Draft202012Validator(schema).is_valid(document))


# ---------------------------------------------------------------------------------------- no server
def test_lots__as_a_process_without_servers__the_tutorials_answer(tmp_path: Path) -> None:
    target = tmp_path / "lots.json"
    source = saved(tmp_path, EVENTS)
    done = process("lots", "--method", "fifo", "--input", source, "--output", target)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert json.loads(target.read_text()) == DISPOSALS
    assert sorted(path.name for path in tmp_path.iterdir()) == ["input.json", "lots.json"]


def test_decide__as_a_process_without_servers__decision_with_digest(tmp_path: Path) -> None:
    done = process("decide", "--input", saved(tmp_path, OWN))
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert done.stdout.encode() == canonical_bytes(found) + b"\n"
    assert valid(found, "decide.output")
    digest = found.pop("digest")
    value = parse_inputs(OWN)
    decision = decide(value)
    assert revive(Decision, found) == decision
    assert digest == decision_digest(inputs=value, decision=decision)
    assert found["outcome"] == "TRADES"
    assert round(Decimal(found["weights"][0]["after_bps"]), -1) == 6250
    assert found["trades"][0]["lots"][0]["lot_ref"] == "buy-1"


@pytest.mark.parametrize("command", ["decide", "lots"])
def test_bad_input__as_a_process__exit_code_2_with_its_place(command: str, tmp_path: Path) -> None:
    bad = json.loads(json.dumps({"decide": OWN, "lots": EVENTS}[command]))
    item = bad["events"][1] if command == "lots" else bad["holdings"][1]
    item["unit_price" if command == "lots" else "price_usd"] = 0.5
    method = ["--method", "hifo"] if command == "lots" else []
    target = saved(tmp_path, "as it was", "output.json")
    source = saved(tmp_path, bad)
    done = process(command, *method, "--input", source, "--output", target)
    assert (done.returncode, done.stdout) == (2, "")
    place = "/events/1/unit_price" if command == "lots" else "/holdings/1/price_usd"
    assert f"{source}: {place}: expected a decimal number as text" in done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads(target.read_text()) == "as it was"


def test_lots__endless_nesting__refused(tmp_path: Path) -> None:
    """As a process: a library that tests load lifts Python's limit on recursion."""
    source = tmp_path / "input.json"
    source.write_text("[" * 100_000)
    done = process("lots", "--method", "fifo", "--input", source, "--output", "-")
    assert (done.returncode, done.stdout) == (2, "")
    assert "recursion" in done.stderr


# ---------------------------------------------------------------------------------------- documents
def test_schemas__examples__are_valid() -> None:
    assert valid(EVENTS, "lots.input")
    assert valid(DISPOSALS, "lots.output")
    assert valid(OWN, "decide.input")
    stored = json.loads(canonical_bytes(inputs(forced_reason="asked")))
    assert valid(stored, "decide.input")
    assert valid({**plain(decide(inputs())), "digest": "0" * 64}, "decide.output")


def test_schemas__bad_documents__are_not() -> None:
    assert not valid({"events": [{**EVENTS["events"][0], "fee": 0.5}]}, "lots.input")
    assert not valid({"events": [{**EVENTS["events"][0], "kind": "buy"}]}, "lots.input")
    assert not valid({**OWN, "pairs": None}, "decide.input")
    assert not valid({**OWN, "note": ""}, "decide.input")
    assert not valid(OWN["policy"], "decide.input")


def test_decide__stored_inputs__the_recorded_digest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    value = inputs(policy_hash=policy_hash(policy()))
    call_command("decide", input=str(saved(tmp_path, plain(value))), output="-")
    shown = capsys.readouterr()
    assert json.loads(shown.out)["digest"] == decision_digest(inputs=value, decision=decide(value))
    assert shown.err == ""


def test_decide__hash_of_another_policy__decided_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("decide", input=str(saved(tmp_path, plain(inputs()))), output="-")
    shown = capsys.readouterr()
    assert json.loads(shown.out)["outcome"] == "TRADES"
    assert "/policy_hash: is not the hash of /policy" in shown.err


def test_decide__numbers_beyond_exact_arithmetic__refused(tmp_path: Path) -> None:
    weth, usdc = OWN["holdings"]
    document = {**OWN, "holdings": [{**weth, "price_usd": "0." + 95 * "0" + "1"}, usdc]}
    with pytest.raises(CommandError, match="too far apart") as caught:
        call_command("decide", input=str(saved(tmp_path, document)))
    assert caught.value.returncode == 2


def test_lots__too_few__written_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "lots.json"
    source = saved(tmp_path, {"events": EVENTS["events"][1:]})
    call_command("lots", method="min_tax", input=str(source), output=str(target))
    found = json.loads(target.read_text())
    assert found["incomplete"] == ["sell-1"]
    assert valid(found, "lots.output")
    assert "too few lots" in capsys.readouterr().err


FILES: dict[str, tuple[bytes | None, str]] = {
    "not there": (None, "cannot be read"),
    "no JSON": (b"{", "no JSON at line 1, column 2"),
    "empty": (b"", "no JSON at line 1, column 1"),
    "no UTF-8": (b'"\xff"', "no UTF-8 text"),
    "half a character": (b'{"events": ["\\ud800"]}', "no UTF-8 text"),
    "field twice": (b'{"events": [], "events": []}', "'events' twice"),
    "endless number": (b'{"events": ' + b"1" * 5000 + b"}", "mend it"),
    "NaN": (b'{"events": NaN}', "/events: expected an array"),
}


@pytest.mark.parametrize("name", FILES)
def test_lots__unreadable_file__refused_and_nothing_written(name: str, tmp_path: Path) -> None:
    content, message = FILES[name]
    source, target = tmp_path / "input.json", tmp_path / "output.json"
    if content is not None:
        source.write_bytes(content)
    with pytest.raises(CommandError, match=re.escape(message)) as caught:
        call_command("lots", method="fifo", input=str(source), output=str(target))
    assert caught.value.returncode == 2
    assert not target.exists()


@pytest.mark.parametrize("target", [".", "no/such/folder/lots.json"])
def test_lots__unwritable_file__refused(target: str, tmp_path: Path) -> None:
    source = saved(tmp_path, EVENTS)
    with pytest.raises(CommandError, match="cannot be written") as caught:
        call_command("lots", method="fifo", input=str(source), output=str(tmp_path / target))
    assert caught.value.returncode == 2
    assert list(tmp_path.iterdir()) == [source]


def test_lots__output_through_a_link__the_link_stays(tmp_path: Path) -> None:
    link, target = tmp_path / "link.json", tmp_path / "target.json"
    link.symlink_to(target)
    call_command("lots", method="fifo", input=str(saved(tmp_path, EVENTS)), output=str(link))
    assert link.is_symlink()
    assert json.loads(target.read_text()) == DISPOSALS


@pytest.mark.parametrize(
    ("option", "value"),
    [("--short-rate", "37"), ("--long-rate", "-0.1"), ("--long-term-days", "1.5")],
)
def test_lots__bad_option__refused(option: str, value: str, tmp_path: Path) -> None:
    source = str(saved(tmp_path, EVENTS))
    with pytest.raises(CommandError, match=option):
        call_command(
            "lots", "--method", "fifo", "--input", source, "--output", "-", f"{option}={value}"
        )


# ---------------------------------------------------------------------------------------- Beancount
BOOKED = """
import json, sys
from beancount import loader
from beancount.core import data
from decimal import Decimal
entries, errors, _ = loader.load_file(sys.argv[1])
costs, gains = {}, {}
for entry in entries:
    if isinstance(entry, data.Transaction):
        taken = [p for p in entry.postings if p.account == "Assets:Eth" and p.units.number < 0]
        if taken:
            cost = -sum(p.units.number * p.cost.number for p in taken)
            (cash,) = [p for p in entry.postings if p.account == "Assets:Cash"]
            (gain,) = [p for p in entry.postings if p.account == "Income:Gains"]
            assert abs(cash.units.number - cost + gain.units.number) < Decimal("0.000001")
            costs[entry.narration] = str(cost)
            gains[entry.narration] = str(cash.units.number - cost)  # it rounds its own posting
print(json.dumps({"errors": [str(error) for error in errors], "costs": costs, "gains": gains}))
"""


def random_events(count: int, seed: int) -> list[dict[str, Any]]:
    """One event per day, since Beancount orders by day; never more sold than held."""
    chance, held = random.Random(seed), Decimal(0)  # noqa: S311  the same events in each run
    events = []
    for index in range(count):
        amount = Decimal(chance.randrange(1, 10**9)).scaleb(-8)
        kind = "out" if amount <= held and chance.random() < 0.5 else "in"
        held += amount if kind == "in" else -amount
        events.append(
            {
                "id": f"e{index}",
                "kind": kind,
                "timestamp": f"{date(2020, 1, 1) + timedelta(days=index)}T12:00:00Z",
                "asset": "ETH",
                "amount": str(amount),
                "unit_price": f"{chance.randrange(100, 500_000)}e-2",
                "fee": f"0.{chance.randrange(100)}",
            }
        )
    return events


def beancount_text(events: list[dict[str, Any]], method: str) -> str:
    lines = ['option "inferred_tolerance_default" "USD:0.000001"']
    lines.append(f'2019-12-31 open Assets:Eth ETH "{method.upper()}"')
    lines += ["2019-12-31 open Assets:Cash USD", "2019-12-31 open Income:Gains USD"]
    for event in events:
        amount, price, fee = (Decimal(event[name]) for name in ("amount", "unit_price", "fee"))
        lines.append(f'{event["timestamp"][:10]} * "{event["id"]}"')
        if event["kind"] == "in":
            cost = amount * price + fee
            lines.append(f"  Assets:Eth  {amount} ETH {{{{{cost:f} USD}}}}")
            lines.append(f"  Assets:Cash  {-cost:f} USD")
        else:
            lines.append(f"  Assets:Eth  -{amount} ETH {{}} @ {price:f} USD")
            lines.append(f"  Assets:Cash  {amount * price - fee:f} USD")
            lines.append("  Income:Gains")
    return "\n".join(lines) + "\n"


WITHIN_USD = Decimal("0.000001")


@pytest.mark.parametrize("method", ["fifo", "lifo", "hifo"])
@pytest.mark.parametrize("seed", [7, 20_240_101])
def test_lots__random_events__cost_and_gain_as_beancount_books_them(
    method: str, seed: int, tmp_path: Path
) -> None:
    events = random_events(400, seed)
    source, target = saved(tmp_path, {"events": events}), tmp_path / "lots.json"
    call_command("lots", method=method, input=str(source), output=str(target))
    found = json.loads(target.read_text())
    assert found.keys() == {"disposals"}
    costs: dict[str, Decimal] = defaultdict(Decimal)
    gains: dict[str, Decimal] = defaultdict(Decimal)
    for item in found["disposals"]:
        costs[item["event"]] += Decimal(item["cost"])
        gains[item["event"]] += Decimal(item["gain"])
    books = tmp_path / "books.beancount"
    books.write_text(beancount_text(events, method))
    done = subprocess.run(
        [sys.executable, "-c", BOOKED, books], capture_output=True, text=True, check=True
    )
    booked = json.loads(done.stdout)
    assert booked["errors"] == []
    assert booked["costs"].keys() == booked["gains"].keys() == costs.keys()
    assert len(costs) > 100
    for name, cost in booked["costs"].items():
        assert abs(Decimal(cost) - costs[name]) < WITHIN_USD, name
        assert abs(Decimal(booked["gains"][name]) - gains[name]) < WITHIN_USD, name
    total = sum(map(Decimal, booked["gains"].values()), Decimal(0))
    assert abs(total - sum(gains.values())) < WITHIN_USD
