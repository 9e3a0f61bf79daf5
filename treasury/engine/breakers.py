"""When to stop by itself: pure rules of the circuit breakers (X7, R5, D5; DE-35, 37..41).

A breaker is a rule, a Halt its tripped row: the caller stores and closes Halts (closing takes two
people), the rule only reads. `value` and `limit` are texts with their unit. The levels are the
ladder of degradation; each breaker names the one it sets. Not done: volatility, depeg, drawdown,
slippage bucket (DE-34, 36, 42).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from treasury.core.amounts import bps_of, exact, share_bps
from treasury.core.canonical import decimal_text
from treasury.core.policies import HaltRules
from treasury.core.prices import PriceVerdict
from treasury.engine.explanation import bps_text


class Level(StrEnum):
    """L0 to L4: what a scope may still do. Automatic moves only go down this list."""

    AUTOMATIC = "AUTOMATIC"
    SEMI = "SEMI"
    MANUAL_PRICES = "MANUAL_PRICES"
    MONITOR = "MONITOR"
    FROZEN = "FROZEN"


_LADDER = tuple(Level)


class Breaker(StrEnum):
    NO_PRICE = "NO_PRICE"
    SOURCE_DISAGREEMENT = "SOURCE_DISAGREEMENT"
    GAS = "GAS"
    FAILURE_STREAK = "FAILURE_STREAK"
    NAV_JUMP = "NAV_JUMP"


@dataclass(frozen=True, slots=True)
class BreakerReading:
    """One look at one breaker. `level` is what it sets when tripped."""

    breaker: str
    scope: str
    tripped: bool
    value: str
    limit: str
    level: str
    reason: str


def level_named(name: str) -> Level:
    """The level of that name; an unknown one counts as MONITOR (unknown state = L3)."""
    return Level(name) if name in set(Level) else Level.MONITOR


def lowest_level(names: Iterable[str]) -> Level:
    """The most degraded of several levels; AUTOMATIC of none."""
    return max((level_named(name) for name in names), key=_LADDER.index, default=Level.AUTOMATIC)


def forbids_proposals(name: str) -> bool:
    """MONITOR and FROZEN stop proposals; the levels above still propose and differ in the route."""
    return _LADDER.index(level_named(name)) >= _LADDER.index(Level.MONITOR)


def no_price(*, scope: str, verdict: PriceVerdict) -> BreakerReading:
    """DE-38..40: no usable price, whatever the reason (stale, too few sources, disagreement)."""
    tripped = verdict.price_usd is None
    return BreakerReading(
        breaker=Breaker.NO_PRICE,
        scope=scope,
        tripped=tripped,
        value=f"{len(verdict.accepted)} usable sources",
        limit="a price",
        level=Level.MANUAL_PRICES,
        reason=f"{verdict.asset}: {verdict.reason or 'no price'}" if tripped else "",
    )


@exact
def source_disagreement(
    *, scope: str, asset: str, prices_usd: tuple[Decimal, ...], max_deviation_bps: int
) -> BreakerReading:
    """DE-39: the widest distance of a fresh source from the median of all. It trips also while the
    majority still gives a price: a liar among the sources is worth a look. At the limit is
    inside."""
    ordered = sorted(prices_usd)
    count = len(ordered)
    widest = Decimal(0)
    if ordered:
        middle = (ordered[(count - 1) // 2] + ordered[count // 2]) / 2
        widest = max(share_bps(part=abs(price - middle), whole=middle) for price in ordered)
    tripped = widest > max_deviation_bps
    return BreakerReading(
        breaker=Breaker.SOURCE_DISAGREEMENT,
        scope=scope,
        tripped=tripped,
        value=_rounded_bps(widest),
        limit=bps_text(max_deviation_bps),
        level=Level.MANUAL_PRICES,
        reason=f"{asset}: sources disagree" if tripped else "",
    )


def gas_price(*, scope: str, rules: HaltRules, base_fee_wei: int) -> BreakerReading:
    """DE-35, absolute cap: base fee above `max_base_fee_wei`. People may still decide to pay it."""
    tripped = base_fee_wei > rules.max_base_fee_wei
    return BreakerReading(
        breaker=Breaker.GAS,
        scope=scope,
        tripped=tripped,
        value=f"{base_fee_wei} wei",
        limit=f"{rules.max_base_fee_wei} wei",
        level=Level.SEMI,
        reason="the base fee is above its ceiling" if tripped else "",
    )


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
        breaker=Breaker.FAILURE_STREAK,
        scope=scope,
        tripped=tripped,
        value=f"{streak} failures in a row",
        limit=f"{rules.failure_streak} failures in a row",
        level=Level.MONITOR,
        reason="transactions fail in a row" if tripped else "",
    )


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

    `explained_usd` = price moves of what was held + flows and costs that were booked. Without an
    earlier NAV (None) nothing jumps; from a NAV of 0 any unexplained amount does.
    """
    jump = Decimal(0) if before_usd is None else abs(after_usd - before_usd - explained_usd)
    base = abs(before_usd or Decimal(0))
    tripped = jump > bps_of(value=base, bps=rules.max_nav_jump_bps)
    return BreakerReading(
        breaker=Breaker.NAV_JUMP,
        scope=scope,
        tripped=tripped,
        value=_rounded_bps(share_bps(part=jump, whole=base)) if base else "no earlier NAV",
        limit=bps_text(rules.max_nav_jump_bps),
        level=Level.MONITOR,
        reason="NAV moved without an explanation" if tripped else "",
    )


def _rounded_bps(value: Decimal) -> str:
    return f"{decimal_text(value.quantize(Decimal('0.01')))} bps"
