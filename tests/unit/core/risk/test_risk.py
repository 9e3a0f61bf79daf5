"""Risk numbers against vectors, against NumPy, and against what must hold for any series."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treasury.core.risk import (
    DAY,
    Drawdown,
    Exposure,
    NavPoint,
    NotEnough,
    against_holding,
    concentration,
    daily,
    daily_returns,
    issuer_exposure,
    max_drawdown,
    net_apy,
    protocol_exposure,
    quarter_start,
    runway_months,
    stablecoin_share,
    volatility,
    with_flows,
)

NAVS = st.lists(
    st.decimals(min_value=1, max_value=10**9, places=8, allow_nan=False), min_size=2, max_size=90
)


def series(*navs: object, first_day: int = 20_000) -> tuple[NavPoint, ...]:
    return tuple(
        NavPoint((first_day + number) * DAY + 60, Decimal(str(nav)))
        for number, nav in enumerate(navs)
    )


def close(found: object, expected: object, digits: float = 1e-12) -> bool:
    return abs(float(str(found)) - float(str(expected))) <= digits * max(
        1.0, abs(float(str(expected)))
    )


# ------------------------------------------------------------------------------------ series
def test_drawdown__vector_of_de_56__a_tenth() -> None:
    points = series(100, 110, 99, "108.9")
    assert max_drawdown(points) == Drawdown(Decimal("-0.1"), points[1].at, points[2].at)


def test_daily__several_points_of_one_day__the_last_with_all_flows() -> None:
    points = [
        NavPoint(DAY + 5, Decimal(100), Decimal(7)),
        NavPoint(DAY + 90, Decimal(110), Decimal(3)),
        NavPoint(2 * DAY, Decimal(120)),
    ]
    assert daily(reversed(points)) == (
        NavPoint(DAY + 90, Decimal(110), Decimal(10)),
        NavPoint(2 * DAY, Decimal(120)),
    )


def test_returns__money_that_came_in__is_no_gain() -> None:
    points = (NavPoint(DAY, Decimal(100)), NavPoint(2 * DAY, Decimal(150), Decimal(50)))
    assert daily_returns(points) == (Decimal(0),)
    assert max_drawdown(points) == Drawdown(Decimal(0), DAY, DAY)


def test_returns__a_day_is_missing_or_began_with_nothing__give_none() -> None:
    gap = (NavPoint(DAY, Decimal(100)), NavPoint(3 * DAY, Decimal(50)))
    nothing = (NavPoint(DAY, Decimal(0)), NavPoint(2 * DAY, Decimal(50), Decimal(50)))
    assert daily_returns(gap) == daily_returns(nothing) == ()


def test_with_flows__a_flow_of_a_day_without_a_value__belongs_to_the_next_one() -> None:
    points = [NavPoint(day * DAY + 9, Decimal(100)) for day in (1, 2, 4)]
    flows = [NavPoint(day * DAY, Decimal(0), Decimal(day)) for day in (4, 3, 2, 1, 0)]
    assert [item.flow_usd for item in with_flows(points, flows)] == [0, 2, 7]


@given(NAVS)
def test_series__any_values__agree_with_numpy(navs: list[Decimal]) -> None:
    points = series(*navs)
    values = np.array([float(nav) for nav in navs])
    expected = values[1:] / values[:-1] - 1
    returns = daily_returns(points)
    assert np.allclose([float(item) for item in returns], expected, rtol=1e-9, atol=1e-12)
    measured = volatility(returns)
    if len(returns) < 30:
        assert measured == NotEnough(len(returns), 30, "daily returns")
    else:
        assert not isinstance(measured, NotEnough)
        assert close(measured, expected.std(ddof=1) * np.sqrt(365), 1e-9)
    fallen = max_drawdown(points)
    assert isinstance(fallen, Drawdown)
    assert close(fallen.depth, (values / np.maximum.accumulate(values) - 1).min(), 1e-9)
    assert -1 <= fallen.depth <= 0
    assert fallen.peak_at <= fallen.trough_at


@given(NAVS, st.decimals(min_value=-50, max_value=10**6, places=2, allow_nan=False))
def test_series__a_flow__changes_neither_returns_nor_drawdown(
    navs: list[Decimal], flow: Decimal
) -> None:
    """What came in on the last day is in the last value and in its flow, so nothing is earned."""
    points = series(*navs)
    last = points[-1]
    moved = (*points[:-1], NavPoint(last.at, last.nav_usd + flow, flow))
    if last.nav_usd + flow >= 0:
        assert daily_returns(moved) == daily_returns(points)
        assert max_drawdown(moved) == max_drawdown(points)


def test_volatility__constant_growth__is_nothing() -> None:
    assert volatility([Decimal("0.01")] * 30) == 0


def test_not_enough__says_what_is_missing() -> None:
    assert str(volatility([Decimal(0)] * 3)) == "not enough data yet: 3 of 30 daily returns"
    assert max_drawdown(series(5)) == NotEnough(1, 2, "days with a value")


# ------------------------------------------------------------------------------------ exposure
HELD = (
    Exposure("USDC", Decimal(500), issuer="Circle", peg="USD"),
    Exposure("USDC", Decimal(100), issuer="Circle", protocol="vUSDC", peg="USD"),
    Exposure("WETH", Decimal(400)),
)


def test_exposure__a_vault_share__counts_as_its_underlying_and_as_its_protocol() -> None:
    assert concentration(HELD) == Decimal("0.52")
    assert stablecoin_share(HELD) == Decimal("0.6")
    assert issuer_exposure(HELD) == (("Circle", Decimal("0.6")),)
    assert protocol_exposure(HELD) == (("vUSDC", Decimal("0.1")),)


def test_exposure__no_value__no_number() -> None:
    assert concentration(()) is None
    assert stablecoin_share((Exposure("A", Decimal(0)),)) is None
    assert issuer_exposure(()) == ()


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=40))
def test_concentration__any_values__between_equal_and_single(values: list[int]) -> None:
    found = concentration([Exposure(str(n), Decimal(v)) for n, v in enumerate(values)])
    assert found is not None
    shares = np.array(values) / sum(values)
    assert close(found, (shares**2).sum(), 1e-9)
    assert Decimal(1) / len(values) - Decimal("1e-50") <= found <= 1


# ------------------------------------------------------------------------------------ flows
def test_net_apy__vector_of_de_62() -> None:
    found = net_apy(rate_then=Decimal(1), rate_now=Decimal("1.01"), seconds=73 * DAY)
    assert close(found, Decimal("0.0510100501"), 1e-10)


def test_net_apy__too_short__no_number() -> None:
    found = net_apy(rate_then=Decimal(1), rate_now=Decimal(2), seconds=7 * DAY - 1)
    assert found == NotEnough(6, 7, "days of share rates")


def test_net_apy__no_rate__refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        net_apy(rate_then=Decimal(0), rate_now=Decimal(1), seconds=8 * DAY)


def test_runway__a_twelfth_of_the_value_per_month__a_year() -> None:
    found = runway_months(
        value_usd=Decimal(1200), outflows_usd=Decimal(1200), window_seconds=365 * DAY
    )
    assert close(found, 12)


def test_runway__nothing_booked__no_number_rather_than_infinity() -> None:
    assert runway_months(
        value_usd=Decimal(5), outflows_usd=Decimal(0), window_seconds=DAY * 40
    ) is (None)
    young = runway_months(value_usd=Decimal(5), outflows_usd=Decimal(1), window_seconds=DAY)
    assert young == NotEnough(1, 30, "days of books")


@given(
    st.lists(st.tuples(st.integers(0, 10**9), st.integers(1, 10**6)), min_size=1, max_size=9),
    st.integers(-(10**6), 10**6),
)
def test_against_holding__nobody_traded__is_nothing(held: list[tuple[int, int]], flow: int) -> None:
    """Value now = what was held then at prices of now, and what came in."""
    pairs = [(Decimal(tokens), Decimal(price)) for tokens, price in held]
    nav = sum((tokens * price for tokens, price in pairs), Decimal(flow))
    assert against_holding(nav_usd=nav, held=pairs, flows_usd=Decimal(flow)) == 0
    costs = nav - 25
    assert against_holding(nav_usd=costs, held=pairs, flows_usd=Decimal(flow)) == -25


def test_against_holding__an_asset_without_a_price__no_number() -> None:
    held = [(Decimal(1), None), (Decimal(0), None)]
    assert against_holding(nav_usd=Decimal(9), held=held, flows_usd=Decimal(0)) is None
    assert against_holding(nav_usd=Decimal(9), held=held[1:], flows_usd=Decimal(0)) == 9


@pytest.mark.parametrize(
    ("at", "start"),
    [
        (0, 0),
        (1_700_000_000, 1_696_118_400),
        (1_719_791_999, 1_711_929_600),
        (1_719_792_000, 1_719_792_000),
    ],
)
def test_quarter_start__any_time__its_first_second(at: int, start: int) -> None:
    assert quarter_start(at) == start
