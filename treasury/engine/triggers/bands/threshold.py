"""An asset, or a group of them, outside its band (T2; DE-1..4, DE-7..9)."""

from __future__ import annotations

from treasury.core.amounts import exact
from treasury.core.decisions import RuleRecord, TriggerOutcome
from treasury.core.policies import TriggerKind, TriggerRule
from treasury.core.triggering.observed import INSIDE, OVER, UNDER
from treasury.engine.explanation import Rule, fraction_text, record, seconds_text
from treasury.engine.triggers.base import Look, Sight, Standing
from treasury.engine.triggers.restraints import restraint_records

SIDES = {OVER: "over", UNDER: "under", INSIDE: "inside"}
KINDS = (TriggerKind.THRESHOLD, TriggerKind.HYBRID)


class Threshold:
    """Fires when any band is broken, confirmed and free to trade; reports the most severe one that
    is, else the one nearest to firing."""

    def is_on(self, rule: TriggerRule) -> bool:
        return rule.kind in KINDS

    @exact
    def look(self, sight: Sight) -> Look:
        records = [_record(standing) for standing in sight.standings]
        for standing in sight.standings:
            records += _damping_records(sight, standing)
        worst = max(
            sight.standings,
            key=lambda item: (item.counts, item.armed, item.drift.breached, item.drift.severity),
        )
        outcome = TriggerOutcome(
            fired=worst.counts,
            kind="THRESHOLD",
            reason=_reason(worst),
            value=fraction_text(abs(worst.drift.absolute)),
            limit=fraction_text(worst.drift.half_width),
        )
        return Look(outcome, tuple(records))


def _reason(worst: Standing) -> str:
    name = worst.drift.name
    side = "over" if worst.drift.absolute > 0 else "under"
    if not worst.armed:
        return f"all assets inside their bands, {name} is nearest to its edge"
    if worst.held:
        return f"{name} is {side} its band and waits: {worst.held}"
    if not worst.confirmed:
        return f"{name} is {side} its band, not yet confirmed"
    if not worst.drift.breached:
        return f"{name} was {side} its band and is not back inside far enough"
    return f"{name} is {side} its band"


def _record(standing: Standing) -> RuleRecord:
    drift = standing.drift
    return record(
        Rule.THRESHOLD,
        drift.asset,
        "breached" if drift.breached else "inside",
        weight=fraction_text(drift.weight),
        target=fraction_text(drift.target),
        drift=fraction_text(drift.absolute),
        relative_drift="none" if drift.relative is None else fraction_text(drift.relative),
        band=fraction_text(drift.half_width),
    )


def _damping_records(sight: Sight, standing: Standing) -> tuple[RuleRecord, ...]:
    found = restraint_records(sight, standing)
    damping = sight.rule.damping
    if not damping.remembers:
        return found
    drift = standing.drift
    before = sight.state.memory.signal(drift.asset)
    seen = ", ".join(SIDES[letter] for letter in before.recent) if before is not None else ""
    entry = record(
        Rule.SIGNAL,
        drift.asset,
        _signal_outcome(standing),
        before="unknown" if before is None else SIDES[before.side],
        arm_beyond=fraction_text(drift.half_width),
        disarm_below=fraction_text(drift.half_width * damping.hysteresis_bps / 10_000),
        earlier=seen or "none",
        needed=f"{damping.confirm_count} of {damping.confirm_of}",
        for_at_least=seconds_text(damping.confirm_seconds),
    )
    return (entry, *found)


def _signal_outcome(standing: Standing) -> str:
    if standing.confirmed:
        return "confirmed"
    return "armed" if standing.armed else "not armed"
