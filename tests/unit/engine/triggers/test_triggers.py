from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.engine.tiers import NOW, RELATIVE_20, A, B
from treasury.core.decisions import TriggerOutcome, TriggerState
from treasury.core.drift import AssetDrift, asset_drift
from treasury.core.policies import Band, BandKind, Target, TriggerKind, TriggerRule
from treasury.engine.triggers import Sight, evaluate_trigger

HOUR, DAY = 3600, 86_400
RULE = TriggerRule(
    TriggerKind.THRESHOLD, interval_seconds=DAY, max_age_seconds=90 * DAY, cooldown_seconds=HOUR
)
ABSOLUTE_5 = Band(BandKind.ABSOLUTE, 500, 0)


def drifts(weight: str, band: Band = ABSOLUTE_5) -> tuple[AssetDrift, ...]:
    return (
        asset_drift(target=Target(A, 5000, band), weight=Decimal(weight)),
        asset_drift(target=Target(B, 5000, band), weight=1 - Decimal(weight)),
    )


def evaluate(
    weight: str = "0.5",
    kind: TriggerKind = TriggerKind.THRESHOLD,
    state: TriggerState | None = None,
    forced: str | None = None,
    band: Band = ABSOLUTE_5,
) -> tuple[TriggerOutcome, list[str]]:
    sight = Sight(
        rule=replace(RULE, kind=kind),
        drifts=drifts(weight, band),
        state=state or TriggerState(),
        now=NOW,
    )
    found = evaluate_trigger(sight, forced_reason=forced)
    return found.outcome, [f"{record.rule} {record.outcome}" for record in found.records]


@pytest.mark.parametrize(
    ("weight", "band", "fired"),
    [
        ("0.55", ABSOLUTE_5, False),
        ("0.5501", ABSOLUTE_5, True),
        ("0.4499", ABSOLUTE_5, True),
        ("0.6", RELATIVE_20, False),
        ("0.6001", RELATIVE_20, True),
    ],
)
def test_threshold__around_the_band__fires_strictly_beyond(
    weight: str, band: Band, fired: bool
) -> None:
    """DE-3, T2."""
    assert evaluate(weight, band=band)[0].fired is fired


def test_threshold__fired__names_asset_value_and_limit() -> None:
    outcome, records = evaluate("0.56")
    assert outcome == TriggerOutcome(
        True, "THRESHOLD", f"{A} is over its band", "600 bps", "500 bps"
    )
    assert records == ["cooldown clear", "threshold breached", "threshold breached"]


def test_threshold__not_fired__still_gives_the_numbers() -> None:
    """T6."""
    outcome, records = evaluate("0.53")
    assert not outcome.fired
    assert (outcome.value, outcome.limit) == ("300 bps", "500 bps")
    assert records == ["cooldown clear", "threshold inside", "threshold inside"]


@pytest.mark.parametrize(("ago", "fired"), [(HOUR - 1, False), (HOUR, True)])
def test_cooldown__since_the_latest_proposal__nothing_fires_within(ago: int, fired: bool) -> None:
    """DE-9, T5."""
    outcome, records = evaluate("0.9", state=TriggerState(latest_proposal_at=NOW - ago))
    assert outcome.fired is fired
    assert records[0] == ("cooldown clear" if fired else "cooldown waiting")
    assert (outcome.kind == "COOLDOWN") is not fired
    assert "threshold breached" in records


@pytest.mark.parametrize(
    ("state", "fired"),
    [
        (TriggerState(), True),
        (TriggerState(latest_rebalance_at=NOW - DAY + 1), False),
        (TriggerState(latest_rebalance_at=NOW - DAY), True),
        (TriggerState(latest_rebalance_at=NOW - DAY, latest_proposal_at=NOW - 2 * HOUR), False),
        (TriggerState(latest_evaluation_at=NOW - 1, latest_proposal_at=NOW - DAY), True),
    ],
)
def test_calendar__since_proposal_or_rebalance__fires_after_the_interval(
    state: TriggerState, fired: bool
) -> None:
    """DE-5, T1."""
    outcome, records = evaluate("0.5", TriggerKind.CALENDAR, state)
    assert (outcome.fired, outcome.kind) == (fired, "CALENDAR")
    assert records[1] == ("calendar fired" if fired else "calendar not due")


def test_calendar__breach_within_the_interval__does_not_fire() -> None:
    state = TriggerState(latest_rebalance_at=NOW - 2 * HOUR)
    assert not evaluate("0.9", TriggerKind.CALENDAR, state)[0].fired


@pytest.mark.parametrize(
    ("weight", "rebalanced_ago", "kind"),
    [
        ("0.9", 1, "THRESHOLD"),
        ("0.5", 90 * DAY, "CALENDAR_MAX"),
        ("0.9", 90 * DAY, "THRESHOLD"),
        ("0.5", 90 * DAY - 1, None),
    ],
)
def test_hybrid__breach_or_maximum_age__first_reason_wins(
    weight: str, rebalanced_ago: int, kind: str | None
) -> None:
    """DE-5, T4."""
    state = TriggerState(latest_rebalance_at=NOW - rebalanced_ago)
    outcome, records = evaluate(weight, TriggerKind.HYBRID, state)
    assert outcome.fired is (kind is not None)
    if kind:
        assert outcome.kind == kind
    assert any(record.startswith("max_age") for record in records)


def test_hybrid__never_rebalanced__has_no_age() -> None:
    outcome, records = evaluate("0.5", TriggerKind.HYBRID)
    assert not outcome.fired
    assert records[-1] == "max_age not due"


def test_forced__inside_bands_and_cooling__fires_with_the_reason() -> None:
    state = TriggerState(latest_proposal_at=NOW)
    outcome, records = evaluate("0.5", state=state, forced="asked by finance")
    assert (outcome.fired, outcome.kind, outcome.reason) == (True, "FORCED", "asked by finance")
    assert records == ["forced fired"]


@given(
    weight=st.decimals(min_value=0, max_value=1, places=4),
    kind=st.sampled_from(TriggerKind),
    proposal=st.none() | st.integers(NOW - 200 * DAY, NOW),
    rebalance=st.none() | st.integers(NOW - 200 * DAY, NOW),
)
@settings(max_examples=80)
def test_trigger__any_state__fires_only_with_cause_and_always_explains(
    weight: Decimal, kind: TriggerKind, proposal: int | None, rebalance: int | None
) -> None:
    state = TriggerState(latest_proposal_at=proposal, latest_rebalance_at=rebalance)
    outcome, records = evaluate(str(weight), kind, state)
    assert outcome.reason
    assert records
    if outcome.fired:
        assert proposal is None or NOW - proposal >= HOUR
    breached = any(drift.breached for drift in drifts(str(weight)))
    cooling = proposal is not None and NOW - proposal < HOUR
    if kind is TriggerKind.THRESHOLD:
        assert outcome.fired is (breached and not cooling)
