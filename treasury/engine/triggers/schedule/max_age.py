"""The calendar maximum of a hybrid trigger (T4, DE-5)."""

from __future__ import annotations

from treasury.core.decisions import TriggerOutcome
from treasury.core.policies import TriggerKind, TriggerRule
from treasury.engine.explanation import TIER, Rule, record, seconds_text
from treasury.engine.triggers.base import Look, Sight, age, age_text


class MaximumAge:
    """Fires once the latest executed rebalance is `max_age_seconds` old. A tier that never
    rebalanced has no age: give the time its policy came into force as `latest_rebalance_at`."""

    def is_on(self, rule: TriggerRule) -> bool:
        return rule.kind is TriggerKind.HYBRID

    def look(self, sight: Sight) -> Look:
        passed = age(sight.state.latest_rebalance_at, sight.now)
        due = passed is not None and passed >= sight.rule.max_age_seconds
        limit = seconds_text(sight.rule.max_age_seconds)
        reason = (
            "calendar_max: the latest rebalance is too old" if due else "the age is within limits"
        )
        return Look(
            TriggerOutcome(due, "CALENDAR_MAX", reason, age_text(passed), limit),
            (
                record(
                    Rule.MAX_AGE,
                    TIER,
                    "fired" if due else "not due",
                    since_latest_rebalance=age_text(passed),
                    max_age=limit,
                ),
            ),
        )
