"""Measures of a series of values: daily returns without flows, volatility, drawdown (DE-51, 55,
56)."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from treasury.core.amounts import exact

DAY: Final = 86_400
DAYS_PER_YEAR: Final = 365
RETURNS_NEEDED: Final = 30
"""The relative standard error of a volatility from n returns is about 1/sqrt(2n): 13 % at 30."""


@dataclass(frozen=True, slots=True)
class NavPoint:
    """NAV at a block. `flow_usd` came in from outside (went out: negative) since the point
    before."""

    at: int
    nav_usd: Decimal
    flow_usd: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class NotEnough:
    """There is no number yet: `have` of the `need`ed `unit`."""

    have: int
    need: int
    unit: str

    def __str__(self) -> str:
        return f"not enough data yet: {self.have} of {self.need} {self.unit}"


@dataclass(frozen=True, slots=True)
class Drawdown:
    """`depth` <= 0: how far the value, flows taken out, fell below its highest before."""

    depth: Decimal
    peak_at: int
    trough_at: int


@exact
def daily(points: Iterable[NavPoint]) -> tuple[NavPoint, ...]:
    """The last point of each UTC day, oldest first; flows of the day's earlier points are added to
    it."""
    found: dict[int, NavPoint] = {}
    for point in sorted(points, key=lambda item: item.at):
        day = point.at // DAY
        before = found[day].flow_usd if day in found else Decimal(0)
        found[day] = NavPoint(point.at, point.nav_usd, before + point.flow_usd)
    return tuple(found.values())


@exact
def with_flows(points: Iterable[NavPoint], flows: Iterable[NavPoint]) -> tuple[NavPoint, ...]:
    """Daily points that carry the flows of their days, given as points whose `flow_usd` alone
    counts. A flow of a day without a point belongs to the next one; what flowed up to the day of
    the first point is in its value already."""
    ordered = daily(points)
    waiting = sorted(flows, key=lambda item: item.at)
    found, place = [], 0
    for number, point in enumerate(ordered):
        flow = Decimal(0)
        while place < len(waiting) and waiting[place].at // DAY <= point.at // DAY:
            flow += waiting[place].flow_usd
            place += 1
        found.append(NavPoint(point.at, point.nav_usd, flow if number else Decimal(0)))
    return tuple(found)


@exact
def daily_returns(points: Sequence[NavPoint]) -> tuple[Decimal, ...]:
    """r_k = (V_k - F_k) / V_(k-1) - 1 of points that `daily` gave. A pair of days with one missing
    between them gives none, nor does a day that began with nothing."""
    return tuple(
        growth - 1
        for before, after in itertools.pairwise(points)
        if after.at // DAY - before.at // DAY == 1
        and (growth := _growth(before, after)) is not None
    )


@exact
def volatility(returns: Sequence[Decimal]) -> Decimal | NotEnough:
    """DE-56: std(r) sqrt(365), ddof 1, per year."""
    if len(returns) < RETURNS_NEEDED:
        return NotEnough(len(returns), RETURNS_NEEDED, "daily returns")
    mean = sum(returns, Decimal(0)) / len(returns)
    variance = sum(((item - mean) ** 2 for item in returns), Decimal(0)) / (len(returns) - 1)
    return (variance * DAYS_PER_YEAR).sqrt()


@exact
def max_drawdown(points: Sequence[NavPoint]) -> Drawdown | NotEnough:
    """DE-55: min(W / running max of W - 1), W the product of growths without flows. A point after
    nothing starts W anew where it was."""
    if len(points) < 2:
        return NotEnough(len(points), 2, "days with a value")
    wealth, peak, peak_at = Decimal(1), Decimal(1), points[0].at
    worst = Drawdown(Decimal(0), peak_at, peak_at)
    for before, after in itertools.pairwise(points):
        growth = _growth(before, after)
        wealth *= Decimal(1) if growth is None else growth
        if wealth >= peak:
            peak, peak_at = wealth, after.at
        elif wealth / peak - 1 < worst.depth:
            worst = Drawdown(wealth / peak - 1, peak_at, after.at)
    return worst


def _growth(before: NavPoint, after: NavPoint) -> Decimal | None:
    if before.nav_usd <= 0:
        return None
    return max(Decimal(0), (after.nav_usd - after.flow_usd) / before.nav_usd)
