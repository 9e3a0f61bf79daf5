"""Any process may be killed at any line: here it is, at each named one, and nothing is lost or done
twice.

The process that passes the step kills itself with SIGKILL; another one is started and goes on. The
chain is the witness: executions with the intent's evidence, balances, and the judge.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pytest_django.plugin import DjangoDbBlocker

from tests.chain.crash.evidence import ExecutedTwiceError
from tests.chain.crash.play import BLOCK_SECONDS, CARELESS, Play, ProcessDiedError, playing
from tests.chain.crash.world import World, running_world
from treasury.services.crash_points import STEPS

ROOT = Path(__file__).parents[2]
PACKAGES = ("treasury", "execution", "governance", "config")
HOUR = 3600
PASSED_BY_WEB = {"confirmation.after"}


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table of what fences a double execution (reliability 2.1)."""

    tier: str
    route: str
    stage: str
    happens: Callable[[Play], object]
    has_confirmations: bool = True

    @property
    def steps(self) -> tuple[str, ...]:
        return tuple(
            step for step in STEPS if self.has_confirmations or step != "confirmation.after"
        )


def _idle_dollars(play: Play) -> None:
    play.world.market.step(300)


def _weth_rises(play: Play) -> None:
    play.world.market.step(HOUR, {"WETH": 900})
    play.world.market.step(HOUR)


def _finance_shifts(play: Play) -> None:
    play.world.seeded.shift_strategy()
    play.world.market.step(HOUR)


EXECUTOR_KEY = Row("yield", "AUTOMATIC", "seeded", _idle_dollars, has_confirmations=False)
OPERATOR_SAFE = Row("core", "OPERATOR", "opened", _weth_rises)
MULTISIG = Row("strategic", "MULTISIG", "opened", _finance_shifts)

QUICK = [*((EXECUTOR_KEY, step) for step in EXECUTOR_KEY.steps), (MULTISIG, "confirmation.after")]
SLOW = [
    (row, step)
    for row in (OPERATOR_SAFE, MULTISIG)
    for step in row.steps
    if (row, step) not in QUICK
]
CASES = [
    *(pytest.param(*case, id=f"{case[0].tier}-{case[1]}") for case in QUICK),
    *(pytest.param(*case, id=f"{case[0].tier}-{case[1]}", marks=pytest.mark.full) for case in SLOW),
]


@pytest.fixture(scope="module")
def world(django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    with django_db_blocker.unblock(), running_world() as found:
        yield found


def kill_and_restart(play: Play, row: Row, step: str, *, from_the_command_line: bool) -> None:
    """The process dies of SIGKILL at the step; a block later another one goes on to the end."""
    crash_at = f"{step}:1"
    row.happens(play)
    dies = "web" if step in PASSED_BY_WEB else "worker"
    if dies == "web":
        play.start_web(crash_at)
        play.start_worker()
    else:
        play.start_worker(crash_at, from_the_command_line=from_the_command_line)
    with pytest.raises(ProcessDiedError, match=dies):
        play.live()
    assert play.returncodes() == {dies: -signal.SIGKILL}
    play.judge.note_step()
    play.world.market.mine(BLOCK_SECONDS)
    if dies == "web":
        play.start_web()
    else:
        play.start_worker()
    play.live()
    assert play.returncodes() == {}


@pytest.mark.parametrize(("row", "step"), CASES)
def test_killed_at_a_step_and_restarted__the_proposal_ends_reconciled_and_executed_once(
    world: World, row: Row, step: str
) -> None:
    with playing(world, row.stage) as play:
        kill_and_restart(play, row, step, from_the_command_line=False)
        play.require_good_end(tier=row.tier, route=row.route)


def test_killed_as_it_is_started_by_hand__crash_at_in_the_environment(world: World) -> None:
    """The same with a worker that is a program of its own from its first instruction."""
    with playing(world, EXECUTOR_KEY.stage) as play:
        kill_and_restart(play, EXECUTOR_KEY, "broadcast.after", from_the_command_line=True)
        play.require_good_end(tier=EXECUTOR_KEY.tier, route=EXECUTOR_KEY.route)


@pytest.mark.xfail(
    strict=True, raises=ExecutedTwiceError, reason="it sends before it writes down what it sends"
)
def test_a_worker_that_records_after_sending__executes_twice(world: World) -> None:
    """What the tests above are worth: the same kill, another order of two lines."""
    with playing(world, EXECUTOR_KEY.stage, app=CARELESS) as play:
        kill_and_restart(play, EXECUTOR_KEY, "broadcast.after", from_the_command_line=False)
        play.require_good_end(tier=EXECUTOR_KEY.tier, route=EXECUTOR_KEY.route)


def test_every_named_step__is_in_the_code_and_is_killed_at_in_the_quick_run() -> None:
    """That each is reached says -9 in its own case."""
    found = {
        step
        for package in PACKAGES
        for file in (ROOT / package).rglob("*.py")
        for step in re.findall(r'\bpassage\("([^"]+)"\)', file.read_text())
    }
    assert found == set(STEPS)
    assert {step for _, step in QUICK} == set(STEPS)
