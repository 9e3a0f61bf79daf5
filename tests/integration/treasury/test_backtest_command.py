"""`manage.py backtest` on files: as a process that can reach no server, and every way to be
refused."""

from __future__ import annotations

import hashlib
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.architecture.source import ROOT
from tests.integration.treasury.test_commands_on_files import process, valid
from tests.price_paths import ASSETS, YEAR_DAYS, job, plain_policy, relative
from treasury.core.backtests.price_tables import time_text
from treasury.core.canonical import canonical_bytes
from treasury.core.policy_documents import policy_document, policy_hash

PATH = job(rows=60, per_year=YEAR_DAYS, seed=11)
POLICY = plain_policy(relative(500)).policy
TUTORIAL = (ROOT / "docs" / "tutorials" / "own-data.md").read_text()


def csv_lines(assets: tuple[str, ...] = ASSETS) -> list[str]:
    table = PATH.table()
    rows = zip(table.times_at, table.rows, strict=True)
    lines = [",".join([time_text(at), *map(str, row)]) for at, row in rows]
    return [",".join(["time", *assets]), *lines]


class Files:
    def __init__(self, folder: Path) -> None:
        self.policy, self.prices = folder / "policy.json", folder / "prices.csv"
        self.folder, self.output = folder, folder / "result.json"
        self.save(policy_document(POLICY), csv_lines())

    def save(self, document: object, lines: list[str]) -> None:
        self.policy.write_text(json.dumps(document))
        self.prices.write_text("\n".join(lines) + "\n")

    @property
    def arguments(self) -> list[str]:
        return ["--policy", str(self.policy), "--prices", str(self.prices)]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def run(files: Files, *more: str) -> None:
    call_command("backtest", *files.arguments, *more)


def result(files: Files, *more: str) -> Any:
    run(files, "--json", "--output", str(files.output), *more)
    return json.loads(files.output.read_text())


def refusal(files: Files, *more: str) -> str:
    """Exit code 2, and nothing written."""
    with pytest.raises(CommandError) as caught:
        run(files, "--json", "--output", str(files.output), *more)
    assert caught.value.returncode == 2
    assert not files.output.exists()
    return str(caught.value)


# ------------------------------------------------------------------------------------ what it gives
def test_backtest__as_a_process_without_servers__the_result_on_standard_output(
    files: Files,
) -> None:
    done = process("backtest", *files.arguments, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert done.stdout.encode() == canonical_bytes(found) + b"\n"
    assert valid(found, "backtest.output")
    assert found["inputs"]["policy_hash"] == policy_hash(POLICY)
    assert found["inputs"]["prices_sha256"] == hashlib.sha256(files.prices.read_bytes()).hexdigest()
    assert len(found["equity"]) == found["inputs"]["rows"] == 60
    assert found["equity"][0] == {
        "time": "2021-01-01T00:00:00Z",
        "equity_usd": "999000.999001",
        "never_rebalanced_usd": "999000.999001",
    }
    assert found["engine"]["name"] == "kernel"
    assert sorted(path.name for path in files.folder.iterdir()) == ["policy.json", "prices.csv"]


def test_backtest__by_both_engines__the_same_but_for_the_last_digits(files: Files) -> None:
    rules, kernel = result(files, "--engine", "rules"), result(files, "--engine", "kernel")
    assert valid(rules, "backtest.output")
    for one, two in zip(rules["equity"], kernel["equity"], strict=True):
        assert one["time"] == two["time"]
        assert abs(Decimal(one["equity_usd"]) - Decimal(two["equity_usd"])) < Decimal("1E-6")
    assert rules["totals"]["rebalances"] == kernel["totals"]["rebalances"] > 5
    assert rules["outcomes"] == kernel["outcomes"]


def test_backtest__twice__the_same_bytes(files: Files) -> None:
    result(files, "--engine", "rules", "--gas-usd", "5", "--latency-rows", "1")
    first = files.output.read_bytes()
    result(files, "--engine", "rules", "--gas-usd", "5", "--latency-rows", "1")
    assert files.output.read_bytes() == first


def test_backtest__settings__are_in_the_result(files: Files) -> None:
    found = result(
        files, "--initial-usd", "5000.5", "--cost-bps", "2.5", "--gas-usd", "1", "--latency-rows=2"
    )
    assert found["settings"] == {
        "initial_usd": "5000.5",
        "cost_bps": "2.5",
        "gas_usd": "1",
        "latency_rows": 2,
    }
    totals = found["totals"]
    assert Decimal(totals["cost_usd"]) == Decimal(totals["fee_usd"]) + Decimal(totals["gas_usd"])


def test_backtest__without_json__a_summary(
    files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    run(files)
    shown = capsys.readouterr().out
    assert "never rebalanced" in shown
    assert "kernel (the policy is within what kernel and rules do alike)" in shown
    assert re.search(r"final value +[0-9,]+\.[0-9]{2} USD \([+-][0-9.]+%\)", shown)


def test_backtest__columns_by_symbol__the_same_curve(files: Files) -> None:
    by_address = result(files)
    symbols = tuple(f"T{place}" for place in range(10))
    named = [
        {"asset": asset, "symbol": symbol} for asset, symbol in zip(ASSETS, symbols, strict=True)
    ]
    files.save({"policy": policy_document(POLICY), "assets": named}, csv_lines(symbols))
    found = result(files)
    assert found["equity"] == by_address["equity"]
    assert re.fullmatch(
        r"T\d is (over|under) its band", found["rebalances"][1]["trigger"]["reason"]
    )


def test_backtest__missing_rows_allowed__listed_and_not_filled(
    files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = csv_lines()
    files.save(policy_document(POLICY), lines[:20] + lines[23:])
    found = result(files, "--allow-gaps")
    assert found["inputs"]["gaps"] == [
        {"after": "2021-01-19T00:00:00Z", "before": "2021-01-23T00:00:00Z", "missing_rows": 3}
    ]
    assert found["inputs"]["rows"] == 57
    assert "goes on over missing rows: 3 between" in capsys.readouterr().err
    assert valid(found, "backtest.output")


def test_tutorial__its_prices_and_policy__its_answer(files: Files) -> None:
    prices = re.search(r"```csv\n(.*?)```", TUTORIAL, re.DOTALL)
    own = re.search(r'```json\n(\{\n  "timestamp".*?)```', TUTORIAL, re.DOTALL)
    assert prices is not None
    assert own is not None
    files.policy.write_text(own[1])
    files.prices.write_text(prices[1])
    found = result(files)
    assert valid(found, "backtest.output")
    assert f"`final_usd` is `{found['totals']['final_usd']}`" in TUTORIAL
    assert f"`{found['rebalances'][1]['trigger']['reason']}`" in TUTORIAL


# ---------------------------------------------------------------------------------- what it refuses
@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda lines: [], "line 1: no header"),
        (lambda lines: lines[:1], "line 1: 0 rows of prices"),
        (lambda lines: [lines[0].replace("time", "date"), *lines[1:]], "line 1, column time"),
        (lambda lines: [lines[0].replace(ASSETS[3], "WETH"), *lines[1:]], "line 1, column WETH"),
        (lambda lines: [line.rpartition(",")[0] for line in lines], f"column {ASSETS[9]}: no col"),
        (lambda lines: [*lines[:4], lines[4].rpartition(",")[0] + ",", *lines[5:]], "line 5, colu"),
        (lambda lines: [*lines[:4], lines[4].rpartition(",")[0] + ",nan"], "line 5, column"),
        (lambda lines: [*lines[:4], lines[4].rpartition(",")[0] + ",0"], "line 5, column"),
        (lambda lines: [*lines[:4], lines[4].rpartition(",")[0] + ",-2"], "line 5, column"),
        (lambda lines: [*lines[:4], lines[4].replace("Z,", ",")], "line 5, column time"),
        (lambda lines: [*lines[:5], lines[4]], "line 6, column time"),
        (lambda lines: [*lines[:4], lines[6], lines[5]], "line 6, column time"),
        (lambda lines: lines[:20] + lines[23:], "rows are missing: 3 between 2021-01-19T00"),
        (lambda lines: [*lines[:4], 'a"b"'], "line 5"),
    ],
)
def test_prices__a_defect__exit_code_2_with_its_place(
    change: Any, place: str, files: Files
) -> None:
    files.save(policy_document(POLICY), change(csv_lines()))
    said = refusal(files)
    assert said.startswith(f"{files.prices}: ")
    assert place in said


def test_prices__as_a_process__exit_code_2_and_the_output_as_it_was(files: Files) -> None:
    files.save(policy_document(POLICY), [*csv_lines()[:5], "tomorrow"])
    files.output.write_text("as it was")
    done = process("backtest", *files.arguments, "--json", "--output", files.output)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{files.prices}: line 6: 1 cells under 11 columns" in done.stderr
    assert "Traceback" not in done.stderr
    assert files.output.read_text() == "as it was"


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b'{"policy": 1'])
def test_files__not_readable__exit_code_2(content: bytes, files: Files) -> None:
    files.policy.write_bytes(content)
    assert str(files.policy) in refusal(files)
    files.policy.unlink()
    assert "name a readable file" in refusal(files)


def test_prices__not_text__exit_code_2(files: Files) -> None:
    files.prices.write_bytes(b"time,\xff\n")
    assert "save it as UTF-8" in refusal(files)
    files.prices.unlink()
    assert "name a readable file" in refusal(files)


def test_policy__a_defect__exit_code_2_with_its_pointer(files: Files) -> None:
    files.save({**policy_document(POLICY), "scope": "SOME"}, csv_lines())
    assert f"{files.policy}: /scope: 'SOME' is not one of" in refusal(files)


def test_policy__needs_more_than_prices__exit_code_2(files: Files) -> None:
    document = policy_document(POLICY)
    document["trigger"]["events"] = {"gas_below_wei": 10}
    files.save(document, csv_lines())
    said = refusal(files)
    assert f"{files.policy}: /trigger/events/gas_below_wei: needs more than a table" in said


def test_engine__kernel_for_a_policy_beyond_it__exit_code_2(files: Files) -> None:
    assert "--engine kernel: gas is not 0" in refusal(files, "--engine", "kernel", "--gas-usd=1")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--initial-usd", "0"),
        ("--initial-usd", "many"),
        ("--cost-bps", "1000.1"),
        ("--cost-bps", "-1"),
        ("--gas-usd", "1e3"),
        ("--latency-rows", "1.5"),
        ("--engine", "fast"),
    ],
)
def test_option__out_of_range__refused(option: str, value: str, files: Files) -> None:
    with pytest.raises(CommandError, match=option):
        run(files, f"{option}={value}")
