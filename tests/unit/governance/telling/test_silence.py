"""When people are reminded, whom, and whether enough can sign."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.core.quorum import (
    OwnerAvailability,
    Quorum,
    QuorumCase,
    forecast,
    median,
)
from governance.core.telling.silence import is_expiring, period_at, turn

DAY = 86_400


@pytest.mark.parametrize(
    ("passed", "period"), [(-5, 0), (0, 0), (DAY - 1, 0), (DAY, 1), (2 * DAY, 2), (9 * DAY + 1, 9)]
)
def test_period_at__seconds_passed__whole_periods(passed: int, period: int) -> None:
    assert period_at(asked_at=1_000, now=1_000 + passed, silence_seconds=DAY) == period


def test_period_at__no_such_rule__nobody_is_reminded() -> None:
    assert period_at(asked_at=0, now=10 * DAY, silence_seconds=0) == 0


@pytest.mark.parametrize(("now", "expiring"), [(0, False), (74, False), (75, True), (99, True)])
def test_is_expiring__a_quarter_of_the_life_left(now: int, expiring: bool) -> None:
    assert is_expiring(triggered_at=0, expires_at=100, now=now) is expiring


def test_is_expiring__over__is_expired_and_not_expiring() -> None:
    assert not is_expiring(triggered_at=0, expires_at=100, now=100)


def test_turn__one_of_three_needed__each_in_turn() -> None:
    asked = [turn((1, 2, 3), needed=1, period=period) for period in (1, 2, 3, 4)]
    assert asked == [(1,), (2,), (3,), (1,)]


@given(
    missing=st.lists(st.integers(1, 50), unique=True, max_size=8).map(tuple),
    needed=st.integers(0, 9),
)
def test_turn__any_people__never_more_than_needed_and_everybody_comes_round(
    missing: tuple[int, ...], needed: int
) -> None:
    told: set[int] = set()
    for period in range(1, len(missing) + 2):
        asked = turn(missing, needed=needed, period=period)
        assert len(asked) == min(needed, len(missing))
        assert len(set(asked)) == len(asked)
        told |= set(asked)
    assert told == (set(missing) if needed else set())


def owners(*absent: bool, seconds: int | None = None) -> tuple[OwnerAvailability, ...]:
    return tuple(
        OwnerAvailability(f"o{number}", is_absent=gone, median_response_seconds=seconds)
        for number, gone in enumerate(absent)
    )


@pytest.mark.parametrize(
    ("case", "level"),
    [
        (QuorumCase(owners(False, False, False), 2), Quorum.SAFE),
        (QuorumCase(owners(False, False, True), 2), Quorum.AT_RISK),
        (QuorumCase(owners(False, True, True), 2), Quorum.OUT_OF_REACH),
        (QuorumCase(owners(False), 1), Quorum.AT_RISK),
        (QuorumCase((), 1), Quorum.OUT_OF_REACH),
        (QuorumCase(owners(False, False, False, seconds=100), 2, 50), Quorum.AT_RISK),
        (QuorumCase(owners(False, False, False, seconds=50), 2, 50), Quorum.SAFE),
    ],
)
def test_forecast__owners_and_threshold__level(case: QuorumCase, level: Quorum) -> None:
    assert forecast(case).level is level


def test_forecast__words__say_who_and_why() -> None:
    found = forecast(
        QuorumCase(
            (
                OwnerAvailability("sofia", is_absent=True),
                OwnerAvailability("0xabc", is_known=False),
                OwnerAvailability("selma", median_response_seconds=10 * DAY),
                OwnerAvailability("sven"),
            ),
            threshold=2,
            within_seconds=DAY,
        )
    )
    assert found.level is Quorum.AT_RISK
    assert (found.present, found.prompt) == (3, 1)
    assert found.words == (
        "2 signatures are needed and 3 can come, but not all of them in time or from a person we"
        " know. Away: sofia; usually too late: selma; no person known: 0xabc."
    )


@given(
    states=st.lists(st.booleans(), min_size=1, max_size=8),
    threshold=st.integers(1, 8),
)
def test_forecast__one_more_absence__never_better(states: list[bool], threshold: int) -> None:
    order = [Quorum.SAFE, Quorum.AT_RISK, Quorum.OUT_OF_REACH]
    before = forecast(QuorumCase(owners(*states), threshold))
    if False not in states:
        return
    states[states.index(False)] = True
    after = forecast(QuorumCase(owners(*states), threshold))
    assert order.index(after.level) >= order.index(before.level)
    assert (before.level is Quorum.OUT_OF_REACH) == (before.present < threshold)


def test_median__of_two_middle_ones__the_later() -> None:
    assert median(()) is None
    assert median((5, 1, 3)) == 3
    assert median((4, 1, 3, 2)) == 3
