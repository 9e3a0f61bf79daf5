from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.engine.tiers import ASSETS, RELATIVE_20, A, B, C
from treasury.core.amounts import exact
from treasury.core.drift import AssetDrift, asset_drift, portfolio_drift
from treasury.core.policies import Band, BandKind, Scope, Target
from treasury.core.types import Address
from treasury.engine.destination import (
    Bounds,
    Destination,
    assets_in_scope,
    solve_destination,
)

TINY = Decimal("1E-90")


def drifts(
    weights: list[str], targets: list[int], band: Band = RELATIVE_20
) -> tuple[AssetDrift, ...]:
    return tuple(
        asset_drift(target=Target(asset, target, band), weight=Decimal(weight))
        for asset, weight, target in zip(ASSETS, weights, targets, strict=False)
    )


VECTOR = drifts(["0.50", "0.28", "0.15", "0.07"], [4000, 3000, 2000, 1000])


def solve(
    of: tuple[AssetDrift, ...],
    scope: Scope = Scope.BREACHED,
    depth: int = 5000,
    worst: int = 3,
    bounds: dict[Address, Bounds] | None = None,
) -> Destination:
    return solve_destination(
        drifts=of, scope=scope, worst_count=worst, destination_bps=depth, bounds=bounds or {}
    )


def shares(destination: Destination) -> list[Decimal]:
    return list(destination.weights.values())


def test_destination__vector_of_de_11__residual_goes_to_the_unbreached() -> None:
    result = solve(VECTOR)
    assert shares(result) == [Decimal(text) for text in ("0.44", "0.29", "0.18", "0.09")]
    assert result.residual == Decimal("0.01")
    assert result.unplaced == 0


def test_destination__vector_of_de_10__half_a_band() -> None:
    """t = .60, b = .12, w = .73, d = .5 -> .66; the others, inside wide bands, share the rest."""
    wide = drifts(["0.73", "0.17", "0.10"], [6000, 2000, 2000], Band(BandKind.ABSOLUTE, 1200, 0))
    result = solve(wide)
    assert result.weights[A] == Decimal("0.66")
    # Stage 1: .07 to two assets that lack .03 and .10, pro rata to what they lack.
    assert round(result.weights[B], 6) == Decimal("0.186154")
    assert round(result.weights[C], 6) == Decimal("0.153846")


@pytest.mark.parametrize(("depth", "weight"), [(0, "0.4"), (8750, "0.47"), (10_000, "0.48")])
def test_destination__depth__between_target_and_edge(depth: int, weight: str) -> None:
    """DE-10: 0 = target, .875 = the 200/175 style, 1 = the edge."""
    assert solve(VECTOR, depth=depth).weights[A] == Decimal(weight)


def test_destination__scope_all__every_asset_to_target() -> None:
    """DE-12: the destination does not matter then."""
    assert shares(solve(VECTOR, Scope.ALL)) == [
        Decimal("0.4"),
        Decimal("0.3"),
        Decimal("0.2"),
        Decimal("0.1"),
    ]


def test_scope__worst__by_severity_not_by_size() -> None:
    """DE-12: |a|/b is 1.25, .33, 1.25, 1.5; equal severities in the order of addresses."""

    def chosen(count: int) -> tuple[Address, ...]:
        return assets_in_scope(
            drifts=VECTOR, scope=Scope.WORST, worst_count=count, destination_bps=5000
        )

    assert chosen(1) == (ASSETS[3],)
    assert chosen(2) == (A, ASSETS[3])
    assert chosen(9) == (A, C, ASSETS[3])


def test_scope__worst_without_a_breach__only_what_lies_beyond_the_destination() -> None:
    inside = drifts(["0.46", "0.29", "0.165", "0.085"], [4000, 3000, 2000, 1000])

    def chosen(scope: Scope) -> tuple[Address, ...]:
        return assets_in_scope(drifts=inside, scope=scope, worst_count=2, destination_bps=5000)

    assert chosen(Scope.WORST) == (A, C)
    assert chosen(Scope.BREACHED) == ()


def test_destination__breaches_on_both_sides__residual_stays_in_the_box() -> None:
    """No unbreached asset is left to take the residual: stage 2 uses the room inside the bands."""
    result = solve(drifts(["0.7", "0.3"], [9000, 1000]))
    assert shares(result) == [Decimal("0.89"), Decimal("0.11")]


def test_destination__breached_buy_forbidden__others_take_it() -> None:
    """After a drop the residual is solved again: C may not be bought, so A keeps more and B gets
    up to its target, then up to half its band."""
    result = solve(VECTOR, bounds={C: Bounds(high=Decimal("0.15"))})
    assert result.weights[C] == Decimal("0.15")
    assert result.weights[B] > Decimal("0.29")
    assert sum(shares(result)) == 1


def test_destination__nobody_may_buy__rest_stays_unplaced() -> None:
    """A gives what its own band lets it take back; what is left is not traded."""
    held = {drift.asset: Bounds(low=drift.weight, high=drift.weight) for drift in VECTOR[1:]}
    result = solve(VECTOR, bounds=held)
    assert result.residual == Decimal("0.06")
    assert result.weights[A] == Decimal("0.48")
    assert result.unplaced == Decimal("0.02")


BANDS = st.builds(
    Band,
    kind=st.sampled_from(BandKind),
    absolute_bps=st.integers(1, 1500),
    relative_bps=st.integers(1, 6000),
)


@st.composite
def tiers(draw: st.DrawFn) -> tuple[AssetDrift, ...]:
    count = draw(st.integers(2, 7))
    names = [Address(f"0x{index:040x}") for index in range(count)]
    parts = draw(st.lists(st.integers(0, 1000), min_size=count, max_size=count).filter(any))
    cuts = sorted(draw(st.lists(st.integers(0, 10_000), min_size=count - 1, max_size=count - 1)))
    targets = [high - low for low, high in zip([0, *cuts], [*cuts, 10_000], strict=True)]
    allowed = draw(st.lists(BANDS, min_size=count, max_size=count))
    return _drifts(names, parts, targets, allowed)


@exact
def _drifts(
    names: list[Address], parts: list[int], targets: list[int], bands: list[Band]
) -> tuple[AssetDrift, ...]:
    total = Decimal(sum(parts))
    return tuple(
        asset_drift(target=Target(name, target, band), weight=part / total)
        for name, part, target, band in zip(names, parts, targets, bands, strict=True)
    )


@exact
def _distance(destination: Destination, of: tuple[AssetDrift, ...]) -> Decimal:
    moved = (destination.weights[drift.asset] - drift.target for drift in of)
    return sum((abs(item) for item in moved), Decimal(0)) / 2


@exact
def _total(destination: Destination) -> Decimal:
    return sum(destination.weights.values(), Decimal(0)) + destination.unplaced


@exact
def _outside(weight: Decimal, drift: AssetDrift) -> Decimal:
    return abs(weight - drift.target) - drift.half_width


@exact
def _beyond(weight: Decimal, limit: Bounds) -> Decimal:
    return max(limit.low - weight, weight - limit.high)


@given(of=tiers(), scope=st.sampled_from(Scope), depth=st.sampled_from([0, 5000, 8750, 10_000]))
@settings(max_examples=200)
def test_destination__any_tier__sums_to_1_inside_bands_and_closer(
    of: tuple[AssetDrift, ...], scope: Scope, depth: int
) -> None:
    """DE-11's measured claim, exactly: no residual left, and nothing leaves its band."""
    result = solve(of, scope, depth, worst=2)
    assert abs(_total(result) - 1) <= TINY
    assert result.unplaced == 0
    assert _distance(result, of) - portfolio_drift(of) <= TINY
    for drift in of:
        weight = result.weights[drift.asset]
        assert weight >= -TINY
        if not drift.breached or scope is not Scope.WORST:
            assert _outside(weight, drift) <= TINY
        else:
            assert _outside(weight, drift) <= max(_outside(drift.weight, drift), TINY)


@given(of=tiers(), depth=st.sampled_from([0, 5000, 10_000]), held=st.sets(st.integers(0, 6)))
@settings(max_examples=100)
def test_destination__with_bounds__never_beyond_them(
    of: tuple[AssetDrift, ...], depth: int, held: set[int]
) -> None:
    bounds = {
        drift.asset: Bounds(low=drift.weight) if index % 2 else Bounds(high=drift.weight)
        for index, drift in enumerate(of)
        if index in held
    }
    result = solve(of, depth=depth, bounds=bounds)
    assert abs(_total(result) - 1) <= TINY
    for drift in of:
        limit = bounds.get(drift.asset, Bounds())
        assert _beyond(result.weights[drift.asset], limit) <= TINY
