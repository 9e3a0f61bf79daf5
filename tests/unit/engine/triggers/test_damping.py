"""T5: hysteresis, persistence, cool-downs per asset and direction, the daily number (DE-7..9)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.engine.tiers import NOW, A
from tests.unit.engine.triggers.sights import DAY, HOUR, RULE, drifts, look, told
from treasury.core.decisions import TriggerState
from treasury.core.triggering.observed import Move, Observed
from treasury.core.triggering.rules import DampingRule
from treasury.engine.triggers import Evaluated

HALF = DampingRule(hysteresis_bps=5000)
"""Bands of 500 bps: armed beyond 500, disarmed below 250."""
WEIGHTS = st.integers(3_000, 7_000).map(lambda bps: str(Decimal(bps) / 10_000))


def follow(damping: DampingRule, *weights: str, step: int = 60) -> list[Evaluated]:
    """Evaluations one after the other, each with the memory of the one before."""
    found: list[Evaluated] = []
    for index, weight in enumerate(weights):
        memory = found[-1].memory if found else TriggerState().memory
        found.append(
            look(
                weight,
                rule=replace(RULE, damping=damping),
                state=TriggerState(memory=memory),
                now=NOW + index * step,
            )
        )
    return found


def armed(found: list[Evaluated]) -> list[bool]:
    return [A in item.armed for item in found]


def test_hysteresis__falls_and_rises__arms_at_b_and_disarms_below_h_b() -> None:
    """DE-7. At exactly b it is not armed, at exactly h b not yet disarmed."""
    weights = ("0.54", "0.55", "0.5501", "0.549", "0.525", "0.5249", "0.549", "0.56")
    found = follow(HALF, *weights)
    assert armed(found) == [False, False, True, True, True, False, False, True]
    assert [item.outcome.fired for item in found] == armed(found)


def test_hysteresis__other_side__begins_anew() -> None:
    assert armed(follow(HALF, "0.56", "0.47", "0.53")) == [True, False, False]


def test_hysteresis__off__is_the_band_alone_and_remembers_nothing() -> None:
    found = follow(DampingRule(), "0.56", "0.549")
    assert armed(found) == [True, False]
    assert found[0].memory.signals == ()


@given(weights=st.lists(WEIGHTS, min_size=1, max_size=12), h=st.integers(1, 9_999))
@settings(max_examples=60)
def test_hysteresis__between_h_b_and_b__never_flaps(weights: list[str], h: int) -> None:
    found = follow(DampingRule(hysteresis_bps=h), *weights)
    low = Decimal(500 * h) / 10_000
    before, over_before = False, False
    for weight, item in zip(weights, found, strict=True):
        drift = (Decimal(weight) - Decimal("0.5")) * 10_000
        is_over = drift > 0
        if low <= abs(drift) <= 500:
            assert (A in item.armed) is (before and over_before is is_over)
        if abs(drift) > 500:
            assert A in item.armed
        if abs(drift) < low:
            assert A not in item.armed
        before, over_before = A in item.armed, is_over


def test_confirmation__k_of_n__counts_the_latest_n() -> None:
    """DE-8."""
    damping = DampingRule(confirm_count=2, confirm_of=3)
    found = follow(damping, "0.6", "0.5", "0.5", "0.6", "0.5", "0.6", "0.6")
    assert [item.outcome.fired for item in found] == [False] * 5 + [True, True]
    assert found[3].outcome.reason == "AAA is over its band, not yet confirmed"
    assert told(found[5], "signal")[0]["outcome"] == "confirmed"
    assert told(found[5], "signal")[0]["needed"] == "2 of 3"


def test_confirmation__for_a_time__needs_it_without_a_break() -> None:
    damping = DampingRule(confirm_seconds=120)
    found = follow(damping, "0.6", "0.6", "0.6", "0.5", "0.6", "0.6", "0.6")
    assert [item.outcome.fired for item in found] == [
        False,
        False,
        True,
        False,
        False,
        False,
        True,
    ]


@given(
    weights=st.lists(WEIGHTS, min_size=1, max_size=12),
    of=st.integers(1, 6),
    seconds=st.sampled_from([0, 60, 180]),
)
@settings(max_examples=60)
def test_confirmation__more_needed__never_fires_more(
    weights: list[str], of: int, seconds: int
) -> None:
    """k-of-n is monotone in k."""
    fired = [
        {
            index
            for index, item in enumerate(follow(DampingRule(5_000, count, of, seconds), *weights))
            if item.outcome.fired
        }
        for count in range(1, of + 1)
    ]
    for looser, stricter in pairwise(fired):
        assert stricter <= looser


def moved(is_sale: bool, ago: int) -> Observed:
    return Observed(moves=(Move(A, is_sale, NOW - ago),))


@pytest.mark.parametrize(
    ("weight", "is_sale", "ago", "fired"),
    [
        ("0.6", True, HOUR - 1, False),  # over, sold a moment ago
        ("0.6", True, HOUR, True),
        ("0.6", False, HOUR - 1, True),  # over, bought: another direction
        ("0.4", False, HOUR - 1, False),
        ("0.4", True, HOUR - 1, True),
    ],
)
def test_asset_cooldown__same_direction__waits(
    weight: str, is_sale: bool, ago: int, fired: bool
) -> None:
    """DE-9: per asset and direction. The settlement asset alone does not fire the other way."""
    rule = replace(RULE, damping=DampingRule(asset_cooldown_seconds=HOUR))
    found = evaluate_one(weight, rule=rule, observed=moved(is_sale, ago))
    assert found.outcome.fired is fired
    assert ((A, is_sale) in found.held) is (ago < HOUR)
    if not fired:
        assert "waits" in found.outcome.reason
        assert told(found, "asset_cooldown")[0]["outcome"] == "waiting"


@pytest.mark.parametrize(
    ("weight", "ago", "fired"),
    [
        ("0.59", DAY - 1, False),  # 900 bps, twice the band is 1,000
        ("0.6", DAY - 1, False),  # at twice the band is not beyond it
        ("0.6001", DAY - 1, True),
        ("0.56", DAY, True),
    ],
)
def test_flip__opposite_trade_within_the_window__needs_twice_the_band(
    weight: str, ago: int, fired: bool
) -> None:
    rule = replace(RULE, damping=DampingRule(flip_window_seconds=DAY))
    found = evaluate_one(weight, rule=rule, observed=moved(False, ago))
    assert found.outcome.fired is fired
    assert ((A, True) in found.held) is not fired
    assert told(found, "flip")[0]["outcome"] == ("clear" if fired else "waiting")


def evaluate_one(weight: str, **changes: Any) -> Evaluated:
    """Only A can fire: B, the settlement asset, has a band as wide as the tier."""
    one, other = drifts(weight)
    return look(weight, drifts=(one, replace(other, half_width=Decimal(1))), **changes)


@pytest.mark.parametrize(("made", "fired"), [(2, True), (3, False), (4, False)])
def test_daily_limit__proposals_made__forbids_the_next(made: int, fired: bool) -> None:
    rule = replace(RULE, damping=DampingRule(max_proposals_per_day=3))
    found = look("0.9", rule=rule, observed=Observed(proposals_in_day=made))
    assert found.outcome.fired is fired
    assert told(found, "daily_limit") == [
        {
            "proposals_in_24_hours": str(made),
            "limit": "3",
            "subject": "tier",
            "outcome": "clear" if fired else "reached",
        }
    ]
