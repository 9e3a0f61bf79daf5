"""Realised volatility of an asset of the tier (T3, DE-34)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from treasury.core.amounts import exact
from treasury.core.decisions import TriggerOutcome
from treasury.core.policies import TriggerRule
from treasury.core.triggering.observed import Point, sample_step, sampled
from treasury.engine.explanation import TIER, Rule, bps_text, fraction_text, record, seconds_text
from treasury.engine.triggers.base import YEAR_SECONDS, Look, Sight, since

KIND = "VOLATILITY"
RETURNS_MIN = 10
"""Fewer returns say nothing: with 10 the error is about a quarter."""


class Volatility:
    """sqrt(A) x standard deviation (n - 1) of the log returns within the window; A is the number of
    observations that a year would have at their mean distance. One observation per step: what is
    there besides, for another trigger's shorter window, does not weigh."""

    def is_on(self, rule: TriggerRule) -> bool:
        return rule.events.volatility_bps > 0

    @exact
    def look(self, sight: Sight) -> Look:
        events = sight.rule.events
        limit = Decimal(events.volatility_bps) / 10_000
        step = sample_step(events.volatility_seconds)
        records, worst = [], (Decimal(0), "")
        for series in sight.observed.prices:
            price = sight.price(series.asset)
            points = sampled(since(series, sight.now - events.volatility_seconds).points, step)
            if price is not None and price > 0:
                points = (*points, Point(sight.now, price))
            sigma = realised_volatility(points)
            if sigma is not None:
                worst = max(worst, (sigma, sight.name(series.asset)))
            records.append(
                record(
                    Rule.VOLATILITY,
                    series.asset,
                    "too few" if sigma is None else "fired" if sigma > limit else "inside",
                    per_year="unknown" if sigma is None else fraction_text(sigma),
                    limit=bps_text(events.volatility_bps),
                    observations=str(len(points)),
                    window=seconds_text(events.volatility_seconds),
                )
            )
        fired = worst[0] > limit
        reason = f"{worst[1]} is too volatile" if fired else "no asset is too volatile"
        if not records:
            records.append(record(Rule.VOLATILITY, TIER, "no observation"))
        return Look(
            TriggerOutcome(
                fired, KIND, reason, fraction_text(worst[0]), bps_text(events.volatility_bps)
            ),
            tuple(records),
        )


@exact
def realised_volatility(points: Sequence[Point]) -> Decimal | None:
    """DE-34, per year as a fraction; None with fewer than `RETURNS_MIN` returns. Points are oldest
    first, their values above 0."""
    if len(points) <= RETURNS_MIN:
        return None
    logs = [point.value.ln() for point in points]
    returns = [after - before for before, after in pairwise(logs)]
    mean = sum(returns, Decimal(0)) / len(returns)
    variance = sum(((item - mean) ** 2 for item in returns), Decimal(0)) / (len(returns) - 1)
    span = points[-1].at - points[0].at
    return (variance * len(returns) * YEAR_SECONDS / span).sqrt()
