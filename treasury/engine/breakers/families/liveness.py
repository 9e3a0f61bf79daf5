"""The dead man's breaker: nobody has evaluated the tier for too long."""

from __future__ import annotations

from decimal import Decimal

from treasury.engine.breakers.facts import TierFacts
from treasury.engine.breakers.families.base import BreakerReading, measured, seconds_words
from treasury.engine.breakers.ladder import Level

NO_EVALUATION = "NO_EVALUATION"


def read_no_evaluation(facts: TierFacts) -> tuple[BreakerReading, ...]:
    """Time since the latest evaluation before this look; before the first one, since the policy
    came into force. Read by whoever sends, which is another worker than the one that evaluates; the
    web server's health check reads the same from outside both."""
    limit = facts.rules.max_silence_seconds
    if limit == 0:
        return ()
    since = facts.policy_since if facts.evaluated_at is None else facts.evaluated_at
    found = measured(
        key=NO_EVALUATION,
        level=Level.MONITOR,
        scope=facts.scope,
        value=Decimal(max(0, facts.now - since)),
        limit=Decimal(limit),
        reset_bps=facts.rules.reset_bps,
        show=seconds_words,
        reason="the tier was not evaluated for too long",
    )
    return (found,)
