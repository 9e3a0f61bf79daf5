from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_UP, Decimal, getcontext, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treasury.core.amounts import (
    bps_of,
    exact,
    quantize_price,
    quantize_usd,
    share_bps,
    to_decimal,
    to_units,
    value_usd,
)

UNITS = st.integers(min_value=0, max_value=2**256 - 1)
DECIMALS = st.integers(min_value=0, max_value=24)


def test_to_decimal__six_decimals__whole_tokens() -> None:
    assert to_decimal(units=1_500_000, decimals=6) == Decimal("1.5")


@given(units=UNITS, decimals=DECIMALS)
def test_to_units__of_to_decimal__same_units(units: int, decimals: int) -> None:
    amount = to_decimal(units=units, decimals=decimals)
    assert to_units(amount=amount, decimals=decimals, rounding=ROUND_DOWN) == units


@pytest.mark.parametrize(("rounding", "units"), [(ROUND_DOWN, 1), (ROUND_UP, 2)])
def test_to_units__between_two_units__rounds_as_asked(rounding: str, units: int) -> None:
    assert to_units(amount=Decimal("0.0000015"), decimals=6, rounding=rounding) == units


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [
        ("0.000000005", "0"),
        ("0.000000015", "0.00000002"),
        ("0.000000025", "0.00000002"),
        ("-0.000000015", "-0.00000002"),
    ],
)
def test_quantize_usd__half__goes_to_even(amount: str, rounded: str) -> None:
    """AC-3, AC-13: 8 decimals, half even."""
    assert quantize_usd(Decimal(amount)) == Decimal(rounded)


def test_quantize_price__nineteenth_decimal__half_even() -> None:
    assert quantize_price(Decimal("1.0000000000000000005")) == Decimal("1.000000000000000000")


def test_value_usd__largest_amount__no_digit_lost() -> None:
    units = 2**256 - 1
    value = value_usd(units=units, decimals=18, price_usd=Decimal("0.1"))
    assert value == Decimal(f"{units}E-19")


def test_value_usd__poor_ambient_context__same_value() -> None:
    with localcontext() as context:
        context.prec = 3
        value = value_usd(units=123_456_789, decimals=0, price_usd=Decimal("1.5"))
    assert value == Decimal("185185183.5")


def test_exact__after_the_call__ambient_context_is_back() -> None:
    before = getcontext().prec

    @exact
    def precision() -> int:
        return getcontext().prec

    assert (precision(), getcontext().prec) == (100, before)


def test_bps__of_and_share__are_inverse() -> None:
    assert bps_of(value=Decimal(50), bps=100) == Decimal("0.5")
    assert share_bps(part=Decimal("0.5"), whole=Decimal(50)) == 100
    assert share_bps(part=Decimal(0), whole=Decimal(0)) == 0
