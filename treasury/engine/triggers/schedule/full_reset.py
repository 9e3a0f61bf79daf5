"""A full rebalance from time to time, that takes back small accumulated drift (T4, DE-5)."""

from __future__ import annotations

from treasury.core.decisions import TriggerOutcome
from treasury.core.policies import TriggerRule
from treasury.engine.explanation import TIER, Rule, record, seconds_text
from treasury.engine.triggers.base import Look, Sight, age, age_text

KIND = "FULL_RESET"
DAY_SECONDS = 86_400


class FullReset:
    """Fires `full_reset_days` after the latest executed full reset; before the first one the age of
    the policy counts. The decision then brings every asset to its target."""

    def is_on(self, rule: TriggerRule) -> bool:
        return rule.calendar.full_reset_days > 0

    def look(self, sight: Sight) -> Look:
        state = sight.state
        passed = age(state.latest_full_reset_at or state.policy_since, sight.now)
        limit = sight.rule.calendar.full_reset_days * DAY_SECONDS
        due = passed is not None and passed >= limit
        reason = "the latest full reset is too old" if due else "no full reset is due"
        return Look(
            TriggerOutcome(due, KIND, reason, age_text(passed), seconds_text(limit)),
            (
                record(
                    Rule.FULL_RESET,
                    TIER,
                    "fired" if due else "not due",
                    since_latest_reset=age_text(passed),
                    every=seconds_text(limit),
                ),
            ),
        )
