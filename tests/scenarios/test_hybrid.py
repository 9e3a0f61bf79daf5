"""The shipped scenario as a user runs it: the command, its output, its exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from config.local.scenarios.sabotage import SABOTAGES

ROOT = Path(__file__).parents[2]
FLAGS = {
    "journal_balanced",
    "books_equal_chain",
    "audit_verified",
    "nothing_executed_twice",
    "policy_limits_kept",
}
SECONDS = 300


def run(*arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """Exit status and the JSON lines of `manage.py scenario hybrid`."""
    done = subprocess.run(  # noqa: S603  our own command
        [sys.executable, "manage.py", "scenario", "hybrid", "--json", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines, done.stderr[-3000:]
    return done.returncode, lines


@lru_cache
def first_run() -> tuple[int, list[dict[str, Any]]]:
    return run("--seed", "7")


def test_hybrid__one_seed__every_invariant_holds_and_all_routes_were_taken() -> None:
    status, lines = first_run()
    summary = lines[-1]
    assert status == 0, summary
    assert summary["ok"] is True
    assert {summary[flag] for flag in FLAGS} == {True}
    executed = [row for row in summary["proposals"] if row["status"] == "EXECUTED"]
    assert {row["route"] for row in executed} == {"AUTOMATIC", "OPERATOR", "MULTISIG"}
    assert all(row["tx_hash"] and row["actual_cost_usd"] is not None for row in executed)
    assert summary["rpc_round_trips_per_snapshot"] <= 2


def test_hybrid__each_step__is_one_json_object() -> None:
    _, lines = first_run()
    steps = [line["step"] for line in lines[:-1]]
    assert steps == list(range(1, len(steps) + 1))


def test_hybrid__same_seed_twice__same_digest() -> None:
    _, once = first_run()
    _, again = run("--seed", "7")
    assert once[-1]["digest"] == again[-1]["digest"]


@pytest.mark.parametrize("sabotage", sorted(SABOTAGES))
def test_hybrid__sabotage__exactly_its_invariant_turns_red(sabotage: str) -> None:
    status, lines = run("--seed", "7", "--sabotage", sabotage)
    summary = lines[-1]
    assert status == 1
    assert summary["ok"] is False
    assert {flag for flag in FLAGS if not summary[flag]} == {SABOTAGES[sabotage][1]}
    assert summary["digest"] == first_run()[1][-1]["digest"]
