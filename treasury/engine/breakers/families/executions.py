"""Breakers of our own executions: failures in a row, and what trading has cost (DE-41, DE-42)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from treasury.core.amounts import bps_of, exact
from treasury.core.policies import HaltRules
from treasury.engine.breakers.facts import Spend, TierFacts
from treasury.engine.breakers.families.base import BreakerReading, Standing, measured, unpriced
from treasury.engine.breakers.ladder import Level
from treasury.engine.explanation import bps_text, usd_text

FAILURE_STREAK = "FAILURE_STREAK"
SLIPPAGE_BUDGET = "SLIPPAGE_BUDGET"


def failure_streak(*, scope: str, rules: HaltRules, succeeded: tuple[bool, ...]) -> BreakerReading:
    """DE-41: the latest n transactions all failed. `succeeded`: oldest first, one per transaction
    that came to an end."""
    streak = 0
    for success in reversed(succeeded):
        if success:
            break
        streak += 1
    tripped = streak >= rules.failure_streak
    return BreakerReading(
        breaker=FAILURE_STREAK,
        scope=scope,
        standing=Standing.OVER if tripped else Standing.CLEAN,
        value=f"{streak} failures in a row",
        limit=f"{rules.failure_streak} failures in a row",
        reset="a look by two people",
        level=Level.MONITOR,
        reason="transactions fail in a row" if tripped else "",
        severity=Decimal(streak) / rules.failure_streak,
    )


def read_failure_streak(facts: TierFacts) -> tuple[BreakerReading, ...]:
    """The same streak that two people already looked at trips nothing."""
    streak = facts.failed_streak if facts.failed_streak != facts.streak_seen else 0
    return (
        failure_streak(scope=facts.scope, rules=facts.rules, succeeded=(False,) * max(streak, 0)),
    )


@exact
def bucket_usd(
    spends: Sequence[Spend], *, budget_usd: Decimal, window_seconds: int, now: int
) -> Decimal:
    """DE-24: B = max(0, B - budget dt / window) + C, what is in the leaky bucket at `now`."""
    level, at = Decimal(0), None
    for spend in (*sorted(spends, key=lambda item: item.at), Spend(now, Decimal(0))):
        if spend.at <= now:
            leaked = budget_usd * (spend.at - at) / window_seconds if at is not None else 0
            level, at = max(Decimal(0), level - leaked) + spend.usd, spend.at
    return level


@exact
def read_slippage_budget(facts: TierFacts) -> tuple[BreakerReading, ...]:
    """DE-42: what executed trades lost against the consensus price fills a bucket that leaks the
    whole budget in a window. The budget is a share of the tier's NAV now."""
    rules = facts.rules
    if rules.slippage_budget_bps == 0:
        return ()
    if facts.gaps:
        limit = bps_text(rules.slippage_budget_bps)
        return (unpriced(facts, SLIPPAGE_BUDGET, Level.SEMI, limit),)
    budget = bps_of(value=facts.portfolio.nav_usd, bps=rules.slippage_budget_bps)
    filled = bucket_usd(
        facts.spent,
        budget_usd=budget,
        window_seconds=rules.slippage_window_seconds,
        now=facts.now,
    )
    found = measured(
        key=SLIPPAGE_BUDGET,
        level=Level.SEMI,
        scope=facts.scope,
        value=filled,
        limit=budget,
        reset_bps=rules.reset_bps,
        show=usd_text,
        reason=f"trading has cost more than {rules.slippage_budget_bps} bps of the tier in "
        f"{rules.slippage_window_seconds} s",
    )
    return (found,)
