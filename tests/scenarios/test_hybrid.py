"""The shipped scenario as a user runs it: the command, its output, its exit status."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable
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


Told = tuple[int, list[dict[str, Any]]]
Spoiled = tuple[int, dict[str, dict[str, Any]]]


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Told]:
    """`run`, each once in the whole test run: what one worker was told is read by the others."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent

    def once(*arguments: str) -> Told:
        place = folder / f"scenario-{len(arguments)}.json"
        with place.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not place.exists():
                place.write_text(json.dumps(run(*arguments)))
        status, lines = json.loads(place.read_text())
        return status, lines

    return once


@pytest.fixture
def first(told: Callable[..., Told]) -> Told:
    return told("--seed=7")


@pytest.fixture
def spoiled(told: Callable[..., Told]) -> Spoiled:
    """The same life again. In its end each sabotage, one by one: its summary by its name."""
    names = sorted(SABOTAGES)
    status, lines = told("--seed=7", *(f"--sabotage={name}" for name in names))
    summaries = {line["sabotage"]: line for line in lines[-len(names) :]}
    assert sorted(summaries) == names
    return status, summaries


def test_hybrid__one_seed__every_invariant_holds_and_all_routes_were_taken(
    first: Told,
) -> None:
    status, lines = first
    summary = lines[-1]
    assert status == 0, summary
    assert summary["ok"] is True
    assert {summary[flag] for flag in FLAGS} == {True}
    executed = [row for row in summary["proposals"] if row["status"] == "EXECUTED"]
    assert {row["route"] for row in executed} == {"AUTOMATIC", "OPERATOR", "MULTISIG"}
    assert all(row["tx_hash"] and row["actual_cost_usd"] is not None for row in executed)
    assert summary["rpc_round_trips_per_snapshot"] <= 2


def test_hybrid__each_step__is_one_json_object(first: Told) -> None:
    _, lines = first
    steps = [line["step"] for line in lines[:-1]]
    assert steps == list(range(1, len(steps) + 1))


def test_hybrid__same_seed_twice__same_digest(first: Told, spoiled: Spoiled) -> None:
    _, once = first
    _, again = spoiled
    assert {line["digest"] for line in again.values()} == {once[-1]["digest"]}


@pytest.mark.parametrize("sabotage", sorted(SABOTAGES))
def test_hybrid__sabotage__exactly_its_invariant_turns_red(sabotage: str, spoiled: Spoiled) -> None:
    status, summaries = spoiled
    summary = summaries[sabotage]
    assert status == 1
    assert summary["ok"] is False
    assert {flag for flag in FLAGS if not summary[flag]} == {SABOTAGES[sabotage][1]}
    assert set(summary["findings"]) == {SABOTAGES[sabotage][1]}
