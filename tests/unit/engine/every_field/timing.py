"""When a tier acts, how long a proposal lives, and which past counts."""

from __future__ import annotations

from dataclasses import replace

from governance.core.telling.silence import period_at
from tests.unit.engine.every_field.case import Case, See, decided, outcome, trigger
from tests.unit.engine.tiers import NOW, policy
from treasury.core.decisions import TriggerState
from treasury.core.policies import OnSilence, TriggerKind, TriggerRule

AT_TARGET = (400_000, 300_000, 200_000, 100_000)
HOUR = 3600
TWO_HOURS_AGO = TriggerState(latest_proposal_at=NOW - 2 * HOUR, latest_rebalance_at=NOW - 2 * HOUR)
CALENDAR = TriggerRule(TriggerKind.CALENDAR, HOUR, 0, HOUR)
HYBRID = TriggerRule(TriggerKind.HYBRID, 0, HOUR, HOUR)


def timed(values: tuple[int, ...] = AT_TARGET) -> See:
    return decided(trigger, values=values, trigger_state=TWO_HOURS_AGO)


CASES = (
    Case(  # nothing is outside its band, but the interval of none has passed
        "TriggerRule.kind",
        policy(trigger=TriggerRule(TriggerKind.CALENDAR, 0, 0, HOUR)),
        timed(),
        (False, "THRESHOLD"),
        (True, "CALENDAR"),
    ),
    Case(
        "TriggerRule.interval_seconds",
        policy(trigger=replace(CALENDAR, interval_seconds=3 * HOUR)),
        timed(),
        (True, "CALENDAR"),
        (False, "CALENDAR"),
        base=policy(trigger=CALENDAR),
    ),
    Case(
        "TriggerRule.max_age_seconds",
        policy(trigger=replace(HYBRID, max_age_seconds=3 * HOUR)),
        timed(),
        (True, "CALENDAR_MAX"),
        (False, "THRESHOLD"),
        base=policy(trigger=HYBRID),
    ),
    Case(
        "TriggerRule.cooldown_seconds",
        policy(trigger=replace(policy().trigger, cooldown_seconds=3 * HOUR)),
        decided(outcome, trigger_state=TWO_HOURS_AGO),
        "TRADES",
        "NOT_FIRED",
    ),
    Case(
        "TierPolicy.turnover_window_seconds",
        policy(turnover_window_seconds=HOUR),
        lambda rules: rules.turnover_since(NOW),
        NOW - 24 * HOUR,
        NOW - HOUR,
    ),
    Case(
        "Escalation.turnover_window_seconds",
        policy(escalation=replace(policy().escalation, turnover_window_seconds=HOUR)),
        lambda rules: rules.escalation.turnover_since(NOW),
        NOW - 24 * HOUR,
        NOW - HOUR,
    ),
    Case(
        "TierPolicy.proposal_ttl_seconds",
        policy(proposal_ttl_seconds=2 * HOUR),
        lambda rules: rules.expires_at(NOW),
        NOW + HOUR,
        NOW + 2 * HOUR,
    ),
    Case(
        "ReviewRules.min_review_seconds",
        policy(review=replace(policy().review, min_review_seconds=60)),
        lambda rules: rules.review.review_ends_at(NOW),
        NOW,
        NOW + 60,
    ),
    Case(  # after an hour the second period has begun: people are reminded
        "ReviewRules.silence_seconds",
        policy(review=replace(policy().review, silence_seconds=2 * HOUR)),
        lambda rules: period_at(
            asked_at=NOW, now=NOW + HOUR, silence_seconds=rules.review.silence_seconds
        ),
        1,
        0,
    ),
    Case(
        "ReviewRules.on_silence",
        policy(review=replace(policy().review, on_silence=OnSilence.DEGRADE)),
        lambda rules: (rules.review.on_silence.asks_owners, rules.review.on_silence.lowers_tier),
        (False, False),
        (True, True),
    ),
)
