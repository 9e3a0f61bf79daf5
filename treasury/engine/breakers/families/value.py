"""Breakers of value: a jump that nothing explains, a fall that is too deep (DE-37)."""

from __future__ import annotations

from decimal import Decimal

from treasury.core.amounts import BPS, bps_of, exact, share_bps
from treasury.core.policies import HaltRules
from treasury.core.types import Portfolio
from treasury.engine.breakers.facts import TierFacts
from treasury.engine.breakers.families.base import (
    BreakerReading,
    Standing,
    bps_words,
    measured,
    unknown,
    unpriced,
)
from treasury.engine.breakers.families.market import basket
from treasury.engine.breakers.ladder import Level
from treasury.engine.explanation import bps_text

NAV_JUMP = "NAV_JUMP"
DRAWDOWN = "DRAWDOWN"


@exact
def nav_jump(
    *,
    scope: str,
    rules: HaltRules,
    before_usd: Decimal | None,
    after_usd: Decimal,
    explained_usd: Decimal,
) -> BreakerReading:
    """DE-37: |NAV_t - NAV_(t-1) - explained| as a share of NAV_(t-1) above `max_nav_jump_bps`.

    `explained_usd`: what the caller knows the reason of. Without an earlier NAV (None) nothing
    jumps; from a NAV of 0 any unexplained amount does.
    """
    jump = Decimal(0) if before_usd is None else abs(after_usd - before_usd - explained_usd)
    base = abs(before_usd or Decimal(0))
    tripped = jump > bps_of(value=base, bps=rules.max_nav_jump_bps)
    share = share_bps(part=jump, whole=base)
    reset = bps_of(value=Decimal(rules.max_nav_jump_bps), bps=rules.reset_bps)
    standing = Standing.CLEAN if share <= reset else Standing.BETWEEN
    return BreakerReading(
        breaker=NAV_JUMP,
        scope=scope,
        standing=Standing.OVER if tripped else standing,
        value=bps_words(share) if base else "no earlier NAV",
        limit=bps_text(rules.max_nav_jump_bps),
        reset=bps_text(reset),
        level=Level.MONITOR,
        reason="NAV moved without an explanation" if tripped else "",
        severity=share / rules.max_nav_jump_bps,
    )


def read_nav_jump(facts: TierFacts) -> tuple[BreakerReading, ...]:
    """Explained is what prices did to the holdings of the earlier look; flows are not, booked or
    not. With a price missing there is no NAV to compare."""
    if facts.gaps:
        return (unpriced(facts, NAV_JUMP, Level.MONITOR, bps_text(facts.rules.max_nav_jump_bps)),)
    earlier = facts.earlier
    found = nav_jump(
        scope=facts.scope,
        rules=facts.rules,
        before_usd=None if earlier is None else earlier.nav_usd,
        after_usd=facts.portfolio.nav_usd,
        explained_usd=Decimal(0)
        if earlier is None
        else moved_by_prices(before=earlier, after=facts.portfolio),
    )
    return (found,)


@exact
def moved_by_prices(*, before: Portfolio, after: Portfolio) -> Decimal:
    """What the new prices did to what was held before."""
    now = {holding.asset: holding for holding in after.holdings}
    moved = Decimal(0)
    for old in before.holdings:
        new = now.get(old.asset)
        if new is not None:
            moved += Decimal(old.units) * (new.price_usd - old.price_usd) / 10**old.decimals
    return moved


@exact
def read_drawdown(facts: TierFacts) -> tuple[BreakerReading, ...]:
    """How far what the tier holds now lies below its highest value in the window, at the prices of
    the window: a loss by prices. Inflows and outflows do not enter it; what left without an
    explanation is NAV_JUMP's subject."""
    limit = facts.rules.max_drawdown_bps
    if limit == 0:
        return ()
    rules = facts.rules
    values = [
        value
        for step, value in basket(facts.series)
        if facts.now - (rules.history_steps - step) * rules.history_step_seconds
        >= facts.fall_seen_at
    ]
    if len(values) < 2:
        reason = f"{len(values)} of 2 steps at which everything that is held has a price"
        found = unknown(
            key=DRAWDOWN,
            level=Level.MONITOR,
            scope=facts.scope,
            limit=bps_text(limit),
            reason=reason,
        )
        return (found,)
    found = measured(
        key=DRAWDOWN,
        level=Level.MONITOR,
        scope=facts.scope,
        value=(1 - values[-1] / max(values)) * BPS,
        limit=Decimal(limit),
        reset_bps=facts.rules.reset_bps,
        show=bps_words,
        reason=f"the basket fell too far from its highest value in {len(values)} steps",
    )
    return (found,)
