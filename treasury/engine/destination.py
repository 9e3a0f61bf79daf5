"""Where to go: which assets are in scope, their destination, and the residual (DE-10..DE-12).

Weights are exact fractions of the tier's V without reserves. The weights given sum to 1; so do the
wanted ones, unless bounds leave some of the residual without a place (`unplaced`), which then is
not traded. Not done: self-financing sizes with cash (DE-13): trades here sell exactly, and the buy
side bears the cost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from treasury.core.amounts import BPS, exact
from treasury.core.drift import AssetDrift
from treasury.core.policies import Scope
from treasury.core.types import Address

NO_BOUNDS: Mapping[Address, Bounds] = {}
NOISE = Decimal("1E-60")
"""Quotients are rounded at 100 digits: below this a residual is rounding, not an amount."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far an earlier drop lets a weight move: not below `low`, not above `high`."""

    low: Decimal = Decimal(0)
    high: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Destination:
    """Wanted weights by asset; `residual` = R of DE-11 (above 0 must be bought), and what of it
    found no place."""

    scoped: tuple[Address, ...]
    weights: dict[Address, Decimal]
    residual: Decimal
    unplaced: Decimal


@exact
def assets_in_scope(
    *, drifts: tuple[AssetDrift, ...], scope: Scope, worst_count: int, destination_bps: int
) -> tuple[Address, ...]:
    """DE-12. ALL: every asset. BREACHED: those outside their band, or armed by hysteresis. WORST:
    the `worst_count` most severe of these; when none is outside (a calendar or forced evaluation),
    of those further out than the destination, since moving the others would raise their drift."""
    if scope is Scope.ALL:
        return tuple(drift.asset for drift in drifts)
    chosen = [drift for drift in drifts if drift.breached or drift.armed]
    if scope is Scope.WORST:
        depth = Decimal(destination_bps) / BPS
        if not chosen:
            chosen = [item for item in drifts if abs(item.absolute) > depth * item.half_width]
        # Severity first, then the address, so that equal severities have one order everywhere.
        ranked = sorted(chosen, key=lambda drift: drift.asset)
        chosen = sorted(ranked, key=lambda drift: drift.severity, reverse=True)[:worst_count]
    names = {drift.asset for drift in chosen}
    return tuple(drift.asset for drift in drifts if drift.asset in names)


@exact
def solve_destination(
    *,
    drifts: tuple[AssetDrift, ...],
    scope: Scope,
    worst_count: int,
    destination_bps: int,
    bounds: Mapping[Address, Bounds] = NO_BOUNDS,
) -> Destination:
    """Wanted weights: scoped assets to t + sgn(a) d b (DE-10; scope ALL: to t), the residual over
    the others in three stages (DE-11): closing their own drift, up to t +- d b, up to t +- b."""
    scoped = assets_in_scope(
        drifts=drifts, scope=scope, worst_count=worst_count, destination_bps=destination_bps
    )
    depth = Decimal(destination_bps) / BPS
    wanted: dict[Address, Decimal] = {}
    for drift in drifts:
        aim = drift.weight
        if drift.asset in scoped:
            aim = drift.target if scope is Scope.ALL else _edge(drift, depth, drift.absolute)
        limits = bounds.get(drift.asset, Bounds())
        wanted[drift.asset] = min(max(aim, limits.low), limits.high)
    residual = sum((drift.weight - wanted[drift.asset] for drift in drifts), Decimal(0))
    left = residual
    stages: tuple[Callable[[AssetDrift], Decimal], ...] = (
        lambda drift: drift.target if drift.asset not in scoped else wanted[drift.asset],
        lambda drift: _edge(drift, depth, left),
        lambda drift: _edge(drift, Decimal(1), left),
    )
    for stage in stages:
        left = _place(drifts, wanted, left, stage, bounds)
    return Destination(scoped=scoped, weights=wanted, residual=residual, unplaced=left)


def _place(
    drifts: tuple[AssetDrift, ...],
    wanted: dict[Address, Decimal],
    residual: Decimal,
    limit_of: Callable[[AssetDrift], Decimal],
    bounds: Mapping[Address, Bounds],
) -> Decimal:
    """Spreads the residual pro rata to the room of each asset up to its limit. Returns the rest."""
    if abs(residual) < NOISE:
        return Decimal(0)
    ends: dict[Address, Decimal] = {}
    for drift in drifts:
        limits = bounds.get(drift.asset, Bounds())
        end = min(max(limit_of(drift), limits.low), limits.high)
        if (end - wanted[drift.asset]) * residual > 0:
            ends[drift.asset] = end
    total = sum((end - wanted[asset] for asset, end in ends.items()), Decimal(0))
    if abs(total) <= abs(residual):
        # All the room is used: go to the limits themselves, not to a rounded quotient beside them.
        wanted.update(ends)
        return residual - total
    for asset, end in ends.items():
        wanted[asset] += residual * (end - wanted[asset]) / total
    return Decimal(0)


def _edge(drift: AssetDrift, depth: Decimal, side: Decimal) -> Decimal:
    """t + sgn(side) x depth x b, never below 0."""
    offset = depth * drift.half_width
    return max(Decimal(0), drift.target + (offset if side > 0 else -offset))
