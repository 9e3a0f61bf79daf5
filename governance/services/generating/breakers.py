"""Read the tier's breakers at a snapshot, and turn the readings into halts.

What merely forbids acting while it is true (no price, disagreeing sources, gas) clears by itself; a
failure streak and a jump of NAV need two people.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from execution.selectors.transactions import failed_streak
from governance.core.routing import Level
from governance.selectors.halts import latest_value
from governance.services.halts import Trip, clear_self_clearing, trip
from treasury.core.decisions import PriceGap
from treasury.core.policies import TierPolicy
from treasury.core.prices import PriceVerdict
from treasury.core.types import Actor, BlockRef, Portfolio
from treasury.engine.breakers import (
    Breaker,
    BreakerReading,
    failure_streak,
    gas_price,
    nav_jump,
    no_price,
    source_disagreement,
)

SELF_CLEARING = frozenset({Breaker.NO_PRICE, Breaker.SOURCE_DISAGREEMENT, Breaker.GAS})


@dataclass(frozen=True, slots=True)
class BreakerInputs:
    """Everything the breakers look at, read at one block. `earlier` is the tier at its latest
    evaluation, None before the first. `answers` are the fresh sources' prices by asset."""

    tier_id: int
    treasury_id: int
    scope: str
    policy: TierPolicy
    portfolio: Portfolio
    earlier: Portfolio | None
    gaps: tuple[PriceGap, ...]
    answers: tuple[tuple[str, tuple[Decimal, ...]], ...]
    base_fee_wei: int


def read_breakers(inputs: BreakerInputs) -> tuple[BreakerReading, ...]:
    scope, rules = inputs.scope, inputs.policy.halts
    readings = [gas_price(scope=scope, rules=rules, base_fee_wei=inputs.base_fee_wei)]
    for gap in inputs.gaps:
        verdict = PriceVerdict(gap.asset, None, (), (), 0, gap.reason)
        readings.append(no_price(scope=scope, verdict=verdict))
    for asset, prices in inputs.answers:
        readings.append(
            source_disagreement(
                scope=scope,
                asset=asset,
                prices_usd=prices,
                max_deviation_bps=inputs.policy.prices.max_deviation_bps,
            )
        )
    streak = failed_streak(tier_id=inputs.tier_id)
    reading = failure_streak(scope=scope, rules=rules, succeeded=(False,) * streak)
    if latest_value(tier_id=inputs.tier_id, breaker=Breaker.FAILURE_STREAK) != reading.value:
        readings.append(reading)  # the same streak that two people already looked at trips nothing
    if not inputs.gaps:
        readings.append(_nav_jump(inputs))
    return tuple(readings)


def apply_readings(
    readings: Sequence[BreakerReading],
    *,
    treasury_id: int,
    tier_id: int,
    actor: Actor,
    block: BlockRef,
) -> None:
    """Trip what is over its limit, clear what merely forbade and is clean now. The worst reading
    of a breaker counts."""
    tripped = {reading.breaker: reading for reading in readings if reading.tripped}
    for reading in tripped.values():
        trip(
            treasury_id=treasury_id,
            tier_id=tier_id,
            found=_as_trip(reading),
            actor=actor,
            block=block,
        )
    clear_self_clearing(
        treasury_id=treasury_id,
        tier_id=tier_id,
        clean=_clean(tripped),
        actor=actor,
        block=block,
    )


def _clean(tripped: Iterable[str]) -> list[str]:
    return sorted(SELF_CLEARING - set(tripped))


def _as_trip(reading: BreakerReading) -> Trip:
    return Trip(
        breaker=reading.breaker,
        level=Level(reading.level),
        value=reading.value,
        limit=reading.limit,
        reason=reading.reason,
        is_self_clearing=reading.breaker in SELF_CLEARING,
    )


def _nav_jump(inputs: BreakerInputs) -> BreakerReading:
    """Explained is what prices did to the holdings of the earlier look; flows that nobody booked
    are not."""
    earlier = inputs.earlier
    explained = Decimal(0)
    if earlier is not None:
        now = {holding.asset: holding for holding in inputs.portfolio.holdings}
        for old in earlier.holdings:
            new = now.get(old.asset)
            if new is not None:
                scale = Decimal(10) ** old.decimals
                explained += Decimal(old.units) * (new.price_usd - old.price_usd) / scale
    return nav_jump(
        scope=inputs.scope,
        rules=inputs.policy.halts,
        before_usd=None if earlier is None else earlier.nav_usd,
        after_usd=inputs.portfolio.nav_usd,
        explained_usd=explained,
    )
