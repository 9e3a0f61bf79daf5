from __future__ import annotations

from decimal import Decimal

import pytest

from treasury.core.drift import AssetDrift, asset_drift, band_half_width, portfolio_drift
from treasury.core.policies import Band, BandKind, Target
from treasury.core.types import Address, BlockRef, Holding, Portfolio
from treasury.engine.valuation import available_units, weights

A, B, C = (Address("0x" + letter * 40) for letter in "abc")


def band(kind: BandKind, absolute: int = 0, relative: int = 0) -> Band:
    return Band(kind=kind, absolute_bps=absolute, relative_bps=relative)


def drift(weight: str, target_bps: int, allowed: Band) -> AssetDrift:
    return asset_drift(target=Target(A, target_bps, allowed), weight=Decimal(weight))


def test_drift__vector_of_de_1__weights_drifts_and_turnover() -> None:
    """DE-1: v = 6000, 3000, 1000, t = .5, .3, .2."""
    shares = weights({A: Decimal(6000), B: Decimal(3000), C: Decimal(1000)})
    assert list(shares.values()) == [Decimal("0.6"), Decimal("0.3"), Decimal("0.1")]
    allowed = band(BandKind.RELATIVE, relative=2000)
    targets = {A: 5000, B: 3000, C: 2000}
    drifts = [
        asset_drift(target=Target(asset, targets[asset], allowed), weight=shares[asset])
        for asset in targets
    ]
    assert [item.absolute for item in drifts] == [Decimal("0.1"), Decimal(0), Decimal("-0.1")]
    assert [item.relative for item in drifts] == [Decimal("0.2"), Decimal(0), Decimal("-0.5")]
    assert portfolio_drift(drifts) == Decimal("0.1")


@pytest.mark.parametrize(("target_bps", "half_width"), [(5000, "0.05"), (1000, "0.025")])
def test_band_half_width__5_25_rule__vector_of_de_2(target_bps: int, half_width: str) -> None:
    allowed = band(BandKind.NARROWER, absolute=500, relative=2500)
    assert band_half_width(band=allowed, weight_bps=target_bps) == Decimal(half_width)


@pytest.mark.parametrize(
    ("kind", "half_width"),
    [
        (BandKind.ABSOLUTE, "0.05"),
        (BandKind.RELATIVE, "0.08"),
        (BandKind.NARROWER, "0.05"),
        (BandKind.WIDER, "0.08"),
    ],
)
def test_band_half_width__each_kind__de_2(kind: BandKind, half_width: str) -> None:
    allowed = band(kind, absolute=500, relative=2000)
    assert band_half_width(band=allowed, weight_bps=4000) == Decimal(half_width)


@pytest.mark.parametrize(
    ("weight", "breached"), [("0.55", False), ("0.5500000001", True), ("0.45", False)]
)
def test_breached__at_the_band__strictly_beyond(weight: str, breached: bool) -> None:
    """DE-3."""
    assert drift(weight, 5000, band(BandKind.ABSOLUTE, absolute=500)).breached is breached


def test_breached__target_of_0__any_holding() -> None:
    """DE-1: t = 0, any holding is out of bounds; it has no relative drift and comes first."""
    unwanted = drift("0.0001", 0, band(BandKind.RELATIVE, relative=2000))
    far = drift("0.9", 3000, band(BandKind.RELATIVE, relative=2000))
    assert unwanted.breached
    assert unwanted.relative is None
    assert unwanted.severity > far.severity
    assert not drift("0", 0, band(BandKind.RELATIVE, relative=2000)).breached


def test_severity__two_bands__counts_band_widths() -> None:
    """DE-12: |a| / b, not the size of a."""
    narrow = drift("0.12", 1000, band(BandKind.RELATIVE, relative=1000))
    wide = drift("0.60", 5000, band(BandKind.RELATIVE, relative=2000))
    assert narrow.severity > wide.severity


def test_weights__nothing_held__all_0() -> None:
    assert weights({A: Decimal(0), B: Decimal(0)}) == {A: 0, B: 0}


def test_valuation__two_holdings__exact_sum() -> None:
    holdings = (
        Holding(A, "AAA", 18, 10**18, Decimal("2000.000000000000000001")),
        Holding(B, "BBB", 6, 1_500_000, Decimal("0.9999")),
    )
    portfolio = Portfolio(BlockRef(1, "0x", 1), holdings)
    assert holdings[1].value_usd == Decimal("1.49985")
    assert portfolio.nav_usd == Decimal("2001.499850000000000001")


@pytest.mark.parametrize(("units", "reserve", "free"), [(10, 3, 7), (3, 10, 0), (3, 3, 0)])
def test_available_units__with_reserve__never_below_0(units: int, reserve: int, free: int) -> None:
    assert available_units(units=units, reserve_units=reserve) == free
