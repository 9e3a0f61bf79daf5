"""How far weights are from their targets, and what counts as a breach (DE-1..DE-3).

Weights, targets, drifts and half-widths are exact fractions of the values given (0.05 = 500 bps).
Hysteresis and persistence (DE-7, DE-8) are the triggers'. Groups (DE-4) are
`treasury.engine.sizing.groups`. Not done: risk weighting.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from treasury.core.amounts import BPS, exact
from treasury.core.policies import Band, BandKind, Target
from treasury.core.types import Address


@dataclass(frozen=True, slots=True)
class AssetDrift:
    """One asset against its target. `weight`, `target`, `half_width`: fractions of the total.
    `symbol` is what people call it, empty where nobody said."""

    asset: Address
    weight: Decimal
    target: Decimal
    half_width: Decimal
    symbol: str = ""
    armed: bool = False
    """Still counted as outside: it was, and has not come back inside far enough (DE-7)."""

    @property
    def name(self) -> str:
        return self.symbol or self.asset

    @property
    @exact
    def absolute(self) -> Decimal:
        """a = w - t: above 0 is overweight."""
        return self.weight - self.target

    @property
    @exact
    def relative(self) -> Decimal | None:
        """r = a / t; None for a target of 0, where any holding is out of bounds."""
        return None if self.target == 0 else self.absolute / self.target

    @property
    @exact
    def breached(self) -> bool:
        """DE-3: |a| > b, strictly. With a target and a half-width of 0 any holding is a breach."""
        return abs(self.absolute) > self.half_width

    @property
    @exact
    def severity(self) -> tuple[bool, Decimal]:
        """Orders by |a| / b (DE-12); a breached band of width 0 is worse than any other."""
        if self.half_width == 0:
            return (self.absolute != 0, abs(self.absolute))
        return (False, abs(self.absolute) / self.half_width)


@exact
def band_half_width(*, band: Band, weight_bps: int) -> Decimal:
    """DE-2: absolute b = p, relative b = rho t, NARROWER the smaller, WIDER the larger of both."""
    absolute = Decimal(band.absolute_bps) / BPS
    relative = Decimal(band.relative_bps) * weight_bps / (BPS * BPS)
    match band.kind:
        case BandKind.ABSOLUTE:
            return absolute
        case BandKind.RELATIVE:
            return relative
        case BandKind.NARROWER:
            return min(absolute, relative)
        case BandKind.WIDER:
            return max(absolute, relative)


@exact
def asset_drift(*, target: Target, weight: Decimal, symbol: str = "") -> AssetDrift:
    return AssetDrift(
        asset=target.asset,
        weight=weight,
        target=Decimal(target.weight_bps) / BPS,
        half_width=band_half_width(band=target.band, weight_bps=target.weight_bps),
        symbol=symbol,
    )


@exact
def portfolio_drift(drifts: Iterable[AssetDrift]) -> Decimal:
    """D = half the sum of |a| (DE-1): the one-way turnover to target, as a fraction."""
    return sum((abs(drift.absolute) for drift in drifts), Decimal(0)) / 2
