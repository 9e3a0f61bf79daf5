"""Breakers of markets: how wildly prices move, and whether anybody takes the tier's trades
(DE-34)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from treasury.core.amounts import BPS, exact, value_usd
from treasury.engine.breakers.facts import PriceSeries, TierFacts
from treasury.engine.breakers.families.base import (
    BreakerReading,
    Standing,
    bps_words,
    measured,
    unknown,
    unpriced,
)
from treasury.engine.breakers.ladder import Level
from treasury.engine.explanation import bps_text, usd_text

VOLATILITY = "VOLATILITY"
BASKET_VOLATILITY = "BASKET_VOLATILITY"
LIQUIDITY = "LIQUIDITY"
YEAR_SECONDS: Final = 365 * 86_400
DECAY: Final = Decimal("0.94")


@exact
def log_returns(prices: Sequence[tuple[int, Decimal]]) -> tuple[Decimal, ...]:
    """Between neighbouring steps only: a step that is missing gives no return."""
    return tuple(
        (after / before).ln()
        for (place, before), (following, after) in itertools.pairwise(prices)
        if following - place == 1
    )


@exact
def sample_variance(returns: Sequence[Decimal]) -> Decimal:
    """n - 1 in the denominator; needs two."""
    mean = sum(returns, Decimal(0)) / len(returns)
    return sum(((item - mean) ** 2 for item in returns), Decimal(0)) / (len(returns) - 1)


@exact
def decayed_variance(*, start: Decimal, returns: Sequence[Decimal]) -> Decimal:
    """DE-34, EWMA: s2 = .94 s2 + .06 r^2, one step per return, oldest first."""
    found = start
    for item in returns:
        found = DECAY * found + (1 - DECAY) * item * item
    return found


@exact
def per_year_bps(*, variance: Decimal, step_seconds: int) -> Decimal:
    """Of one step -> of a year: sqrt(steps of a year x variance), in bps."""
    return (variance * YEAR_SECONDS / step_seconds).sqrt() * BPS


@exact
def volatility_bps(returns: Sequence[Decimal], *, step_seconds: int) -> Decimal:
    """The larger of the window's realised volatility and the decayed one that starts from it: a
    sudden move counts before it has a window's weight."""
    whole = sample_variance(returns)
    recent = decayed_variance(start=whole, returns=returns)
    return per_year_bps(variance=max(whole, recent), step_seconds=step_seconds)


def read_volatility(facts: TierFacts) -> tuple[BreakerReading, ...]:
    """Of each asset that the tier holds or wants."""
    limit = facts.rules.max_volatility_bps
    if limit == 0:
        return ()
    return tuple(
        _volatility(facts, VOLATILITY, limit, item.prices_usd, item.symbol) for item in facts.series
    )


def read_basket_volatility(facts: TierFacts) -> tuple[BreakerReading, ...]:
    """Of what the tier holds now, at the prices of the window: flows do not enter it."""
    limit = facts.rules.max_basket_volatility_bps
    if limit == 0:
        return ()
    prices = basket(facts.series)
    return (_volatility(facts, BASKET_VOLATILITY, limit, prices, "the basket"),)


@exact
def basket(series: Sequence[PriceSeries]) -> tuple[tuple[int, Decimal], ...]:
    """What is held now, valued at each step at which everything that is held has a price."""
    held = [item for item in series if item.units > 0]
    by_step = [dict(item.prices_usd) for item in held]
    steps = sorted(set.intersection(*(set(prices) for prices in by_step))) if held else []
    values = (
        (
            step,
            sum(
                (
                    value_usd(units=item.units, decimals=item.decimals, price_usd=prices[step])
                    for item, prices in zip(held, by_step, strict=True)
                ),
                Decimal(0),
            ),
        )
        for step in steps
    )
    return tuple((step, value) for step, value in values if value > 0)


def _volatility(
    facts: TierFacts,
    key: str,
    limit: int,
    prices: Sequence[tuple[int, Decimal]],
    subject: str,
) -> BreakerReading:
    rules = facts.rules
    returns = log_returns(prices)
    if len(returns) < rules.history_steps:
        return unknown(
            key=key,
            level=Level.SEMI,
            scope=facts.scope,
            limit=f"{bps_text(limit)} a year",
            reason=f"{subject}: {len(returns)} of {rules.history_steps} returns of "
            f"{rules.history_step_seconds} s",
        )
    return measured(
        key=key,
        level=Level.SEMI,
        scope=facts.scope,
        value=volatility_bps(returns, step_seconds=rules.history_step_seconds),
        limit=Decimal(limit),
        reset_bps=rules.reset_bps,
        show=lambda value: f"{bps_words(value)} a year",
        reason=f"{subject} moves more than the policy allows ({len(returns)} returns)",
    )


def read_liquidity(facts: TierFacts) -> tuple[BreakerReading, ...]:
    """What the best market takes from the largest trade that the tier may make now. No market at
    all is over any limit; with nothing to sell there is no reading."""
    limit = facts.rules.max_depth_loss_bps
    if limit == 0:
        return ()
    if facts.gaps:
        return (unpriced(facts, LIQUIDITY, Level.SEMI, bps_text(limit)),)
    readings = []
    for probe in facts.depth:
        size = f"{probe.pair}, {usd_text(probe.value_usd)}"
        if probe.loss_bps is None:
            found = BreakerReading(
                breaker=LIQUIDITY,
                scope=facts.scope,
                standing=Standing.OVER,
                value="no market takes it",
                limit=bps_text(limit),
                reset=bps_text(Decimal(limit) * facts.rules.reset_bps / BPS),
                level=Level.SEMI,
                reason=f"{size}: no market takes it",
                severity=BPS,
            )
        else:
            found = measured(
                key=LIQUIDITY,
                level=Level.SEMI,
                scope=facts.scope,
                value=max(probe.loss_bps, Decimal(0)),
                limit=Decimal(limit),
                reset_bps=facts.rules.reset_bps,
                show=bps_words,
                reason=f"{size}: the market is too thin",
            )
        readings.append(found)
    return tuple(readings)
