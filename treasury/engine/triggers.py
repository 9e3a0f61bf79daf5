"""When to act: calendar, threshold, hybrid, cool-down, forced (T1, T2, T4, T5; DE-3, DE-5, DE-9).

Every rule leaves a record, fired or not. Not done: cron expressions and time zones, pool ratios
(DE-6), hysteresis and persistence (DE-7, DE-8), yield spread (DE-62).
"""

from __future__ import annotations

from treasury.core.amounts import exact
from treasury.core.decisions import RuleRecord, TriggerOutcome, TriggerState
from treasury.core.drift import AssetDrift
from treasury.core.policies import TriggerKind, TriggerRule
from treasury.engine.explanation import TIER, Rule, fraction_text, record, seconds_text

Evaluated = tuple[TriggerOutcome, tuple[RuleRecord, ...]]


def not_evaluated(reason: str) -> TriggerOutcome:
    """A gate or a halt came first, so no trigger was looked at."""
    return TriggerOutcome(fired=False, kind="NONE", reason=reason, value="", limit="")


@exact
def evaluate_trigger(
    *,
    rule: TriggerRule,
    drifts: tuple[AssetDrift, ...],
    state: TriggerState,
    now: int,
    forced_reason: str | None = None,
) -> Evaluated:
    """Whether the tier should act at `now` (block time), why, and one record per rule looked at.

    Order: a forced reason fires at once; then the cool-down forbids; then the kind decides. All
    rules of the kind are recorded, so a reader sees how near the others were.
    """
    if forced_reason is not None:
        outcome = TriggerOutcome(True, "FORCED", forced_reason, value="", limit="")
        return outcome, (record(Rule.FORCED, TIER, "fired", reason=forced_reason),)
    cooling, cooldown_record = _cooldown(rule, state, now)
    checks = [_CHECKS[name](rule, drifts, state, now) for name in _RULES_OF_KIND[rule.kind]]
    records = (cooldown_record, *(item for _, items in checks for item in items))
    if cooling is not None:
        return cooling, records
    fired = next((outcome for outcome, _ in checks if outcome.fired), None)
    return fired or checks[0][0], records


def _cooldown(
    rule: TriggerRule, state: TriggerState, now: int
) -> tuple[TriggerOutcome | None, RuleRecord]:
    """DE-9: nothing fires within `cooldown_seconds` of the tier's latest proposal."""
    age = _age(state.latest_proposal_at, now)
    cooling = age is not None and age < rule.cooldown_seconds
    limit = seconds_text(rule.cooldown_seconds)
    entry = record(
        Rule.COOLDOWN,
        TIER,
        "waiting" if cooling else "clear",
        since_latest_proposal=_age_text(age),
        cooldown=limit,
    )
    if not cooling:
        return None, entry
    return (
        TriggerOutcome(False, "COOLDOWN", "within the cool-down", _age_text(age), limit),
        entry,
    )


def _calendar(
    rule: TriggerRule, drifts: tuple[AssetDrift, ...], state: TriggerState, now: int
) -> Evaluated:
    """DE-5: due `interval_seconds` after the latest proposal or rebalance, at once when there was
    none. An evaluation that led to no proposal does not start the interval anew."""
    times = [at for at in (state.latest_proposal_at, state.latest_rebalance_at) if at is not None]
    age = _age(max(times, default=None), now)
    due = age is None or age >= rule.interval_seconds
    limit = seconds_text(rule.interval_seconds)
    reason = "the interval has passed" if due else "the interval has not passed"
    return (
        TriggerOutcome(due, "CALENDAR", reason, _age_text(age), limit),
        (
            record(
                Rule.CALENDAR,
                TIER,
                "fired" if due else "not due",
                since_latest=_age_text(age),
                interval=limit,
            ),
        ),
    )


def _threshold(
    rule: TriggerRule, drifts: tuple[AssetDrift, ...], state: TriggerState, now: int
) -> Evaluated:
    """DE-1..3: fires when any asset is outside its band; reports the most severe asset."""
    records = tuple(
        record(
            Rule.THRESHOLD,
            drift.asset,
            "breached" if drift.breached else "inside",
            weight=fraction_text(drift.weight),
            target=fraction_text(drift.target),
            drift=fraction_text(drift.absolute),
            relative_drift="none" if drift.relative is None else fraction_text(drift.relative),
            band=fraction_text(drift.half_width),
        )
        for drift in drifts
    )
    worst = max(drifts, key=lambda drift: (drift.breached, drift.severity))
    side = "over" if worst.absolute > 0 else "under"
    reason = (
        f"{worst.name} is {side} its band"
        if worst.breached
        else f"all assets inside their bands, {worst.name} is nearest to its edge"
    )
    outcome = TriggerOutcome(
        fired=worst.breached,
        kind="THRESHOLD",
        reason=reason,
        value=fraction_text(abs(worst.absolute)),
        limit=fraction_text(worst.half_width),
    )
    return outcome, records


def _max_age(
    rule: TriggerRule, drifts: tuple[AssetDrift, ...], state: TriggerState, now: int
) -> Evaluated:
    """DE-5, T4: fires once the latest executed rebalance is `max_age_seconds` old. A tier that
    never rebalanced has no age: give the time its policy came into force as
    `latest_rebalance_at`."""
    age = _age(state.latest_rebalance_at, now)
    due = age is not None and age >= rule.max_age_seconds
    limit = seconds_text(rule.max_age_seconds)
    reason = "calendar_max: the latest rebalance is too old" if due else "the age is within limits"
    return (
        TriggerOutcome(due, "CALENDAR_MAX", reason, _age_text(age), limit),
        (
            record(
                Rule.MAX_AGE,
                TIER,
                "fired" if due else "not due",
                since_latest_rebalance=_age_text(age),
                max_age=limit,
            ),
        ),
    )


_CHECKS = {"calendar": _calendar, "threshold": _threshold, "max_age": _max_age}
_RULES_OF_KIND: dict[TriggerKind, tuple[str, ...]] = {
    TriggerKind.CALENDAR: ("calendar",),
    TriggerKind.THRESHOLD: ("threshold",),
    TriggerKind.HYBRID: ("threshold", "max_age"),
}


def _age(at: int | None, now: int) -> int | None:
    return None if at is None else now - at


def _age_text(age: int | None) -> str:
    return "never" if age is None else seconds_text(age)
