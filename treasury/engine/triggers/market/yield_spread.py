"""Another vault of the tier that yields more than a held one (T7, DE-62)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from treasury.core.amounts import exact
from treasury.core.decisions import RuleRecord, TriggerOutcome
from treasury.core.policies import TriggerRule
from treasury.core.triggering.observed import Point, Series
from treasury.core.types import Address, Holding
from treasury.engine.costs import estimate_cost
from treasury.engine.explanation import (
    TIER,
    Rule,
    bps_text,
    fraction_text,
    pair_subject,
    record,
    usd_text,
)
from treasury.engine.triggers.base import YEAR_SECONDS, Look, Sight

KIND = "YIELD_SPREAD"
DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class _Case:
    """A held vault against another one of the tier."""

    held: Holding
    other: Address
    spread: Decimal | None
    """The latest one."""
    count: int
    gain_usd: Decimal
    cost_usd: Decimal | None

    def fires(self, rule: TriggerRule) -> bool:
        return (
            self.count >= rule.yields.confirm_count
            and self.cost_usd is not None
            and self.gain_usd > self.cost_usd
        )


class YieldSpread:
    """Spread = APY of the other - APY held, after protocol fees (a share's rate is net of them).
    Says when to look; the policy's targets say where to go."""

    def is_on(self, rule: TriggerRule) -> bool:
        return rule.yields.spread_bps > 0

    @exact
    def look(self, sight: Sight) -> Look:
        rule = sight.rule
        cases = list(_cases(sight))
        records = tuple(_record(case, rule) for case in cases)
        limit = bps_text(rule.yields.spread_bps)
        best = max(
            cases,
            key=lambda case: (case.fires(rule), case.spread is not None, case.spread or Decimal(0)),
            default=None,
        )
        if best is None:
            outcome = TriggerOutcome(False, KIND, "no two vaults to compare", "none", limit)
            return Look(outcome, (record(Rule.YIELD_SPREAD, TIER, "no observation"),))
        fired = best.fires(rule)
        name = sight.name(best.other)
        reason = f"{name} yields more than {best.held.symbol}" if fired else "no yield is worth it"
        value = "unknown" if best.spread is None else fraction_text(best.spread)
        return Look(TriggerOutcome(fired, KIND, reason, value, limit), records)


def _cases(sight: Sight) -> Iterator[_Case]:
    rates = {series.asset: series for series in sight.observed.rates}
    held = [item for item in sight.holdings if item.asset in rates and item.units > 0]
    for holding in held:
        for other in sorted(rates):
            if other != holding.asset:
                yield _case(sight, holding, rates[holding.asset], rates[other])


def _case(sight: Sight, holding: Holding, mine: Series, theirs: Series) -> _Case:
    rule = sight.rule.yields
    spreads = recent_spreads(mine, theirs, window=rule.window_seconds, count=rule.confirm_of)
    limit = Decimal(rule.spread_bps) / 10_000
    latest = spreads[-1] if spreads else None
    years = Decimal(rule.horizon_days * DAY_SECONDS) / YEAR_SECONDS
    return _Case(
        held=holding,
        other=theirs.asset,
        spread=latest,
        count=sum(spread > limit for spread in spreads if spread is not None),
        gain_usd=(latest or Decimal(0)) * holding.value_usd * years,
        cost_usd=_cost_of_move(sight, holding, theirs.asset),
    )


def recent_spreads(
    mine: Series, theirs: Series, *, window: int, count: int
) -> tuple[Decimal | None, ...]:
    """The latest `count` observations that both have, oldest first; None where the window before
    it is not covered by both."""
    others = {point.at: point for point in theirs.points}
    common = [point.at for point in mine.points if point.at in others][-count:]
    found: list[Decimal | None] = []
    for at in common:
        here, there = (
            apy(mine.points, at=at, window=window),
            apy(theirs.points, at=at, window=window),
        )
        found.append(None if here is None or there is None else there - here)
    return tuple(found)


@exact
def apy(points: tuple[Point, ...], *, at: int, window: int) -> Decimal | None:
    """(rate_t / rate_s)^(365 d / (t - s)) - 1, s the latest observation at least a window before t;
    None without one."""
    now = next((point for point in points if point.at == at), None)
    before = [point for point in points if point.at <= at - window]
    if now is None or not before or before[-1].value <= 0:
        return None
    exponent = Decimal(YEAR_SECONDS) / (at - before[-1].at)
    return Decimal((now.value / before[-1].value) ** exponent - 1)


def _cost_of_move(sight: Sight, holding: Holding, to: Address) -> Decimal | None:
    """DE-21 of the cheapest way, direct or over one asset between; None where there is none."""
    value = holding.value_usd
    cost: dict[tuple[Address, Address], Decimal] = {}
    for pair in sight.pairs:
        total = estimate_cost(pair=pair, value_usd=value, gas=sight.gas).total_usd
        key = (pair.sell, pair.buy)
        cost[key] = min(total, cost.get(key, total))
    ways = [cost[holding.asset, to]] if (holding.asset, to) in cost else []
    ways += [
        first + cost[between, to]
        for (sell, between), first in cost.items()
        if sell == holding.asset and (between, to) in cost
    ]
    return min(ways, default=None)


def _record(case: _Case, rule: TriggerRule) -> RuleRecord:
    yields = rule.yields
    return record(
        Rule.YIELD_SPREAD,
        pair_subject(case.held.asset, case.other),
        "fired" if case.fires(rule) else "not worth it",
        spread="unknown" if case.spread is None else fraction_text(case.spread),
        limit=bps_text(yields.spread_bps),
        above=f"{case.count} of {yields.confirm_of}",
        needed=f"{yields.confirm_count} of {yields.confirm_of}",
        gain=usd_text(case.gain_usd),
        cost="no way" if case.cost_usd is None else usd_text(case.cost_usd),
        horizon=f"{yields.horizon_days} days",
    )
