"""DE-26 and DE-27: the formulas' own vectors, and what holds for every trade."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import isqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.core.pools.ticks import (
    MAX_SQRT_PRICE,
    MAX_TICK,
    MIN_SQRT_PRICE,
    MIN_TICK,
    sqrt_price_at,
    tick_at,
    word_end,
)
from execution.core.pools.uniswap_v3 import (
    BeyondKnownError,
    Step,
    largest_for_move,
    marginal,
    quoter_ticks,
    step,
    swap,
)
from tests.unit.execution.pools.samples import HIGH, LOW, TWO_THOUSAND, pool

L = 10**22
DEEP = pool(LOW, HIGH, (L, None))
RANGED = pool(LOW, HIGH, (L, None), (3 * L, 1_200), (5 * L, 300))
TICKS = st.integers(MIN_TICK, MAX_TICK - 1)
UNITS = st.integers(1, 10**21)


# ------------------------------------------------------------------------------------ DE-26
@pytest.mark.parametrize(
    ("target", "units", "expected"),
    [
        (
            MIN_SQRT_PRICE + 1,
            10 * 10**18,
            Step(
                3391953450747719696977052612425,
                9970000000000000000,
                19088880360057004423284,
                30000000000000000,
            ),
        ),
        (
            MAX_SQRT_PRICE - 1,
            20_000 * 10**18,
            Step(
                3701172098339357295083560960183,
                19940000000000000000000,
                9544440180028502211,
                60000000000000000000,
            ),
        ),
        (
            isqrt(1990 << 192),
            1000 * 10**18,
            Step(
                3534322064189891385064952333962,
                561122081131198013,
                1119435036048705651889,
                1688431538007617,
            ),
        ),
    ],
    ids=["token0 in", "token1 in", "stops at a tick"],
)
def test_step__vectors_of_the_formula__to_the_unit(target: int, units: int, expected: Step) -> None:
    assert TWO_THOUSAND == 3543191142285914205922034323214
    assert step(TWO_THOUSAND, target, L, units, 3000) == expected


def test_largest_for_move__vector__one_per_cent_of_token0() -> None:
    units = largest_for_move(DEEP, LOW, 100)
    assert abs(Fraction(units, 10**18) - Fraction("1.12988")) < Fraction("0.00001")
    after = swap(DEEP, LOW, units).sqrt_price_after
    move = 1 - Fraction(after**2, TWO_THOUSAND**2)
    assert Fraction("0.00999999") < move <= Fraction("0.01")


@given(move=st.integers(1, 9_999), sells0=st.booleans())
def test_largest_for_move__any_move__one_unit_in_a_million_more_is_too_much(
    move: int, sells0: bool
) -> None:
    """Inside one range; the price never moves further than asked."""
    sell = LOW if sells0 else HIGH
    units = largest_for_move(DEEP, sell, move)
    for sold, within in ((units, True), (units + units // 10**6 + 10, False)):
        ratio = Fraction(swap(DEEP, sell, sold).sqrt_price_after ** 2, TWO_THOUSAND**2)
        moved = 1 - ratio if sells0 else ratio - 1
        assert (moved <= Fraction(move, 10_000)) is within


# ------------------------------------------------------------------------------------ ticks
def test_sqrt_price_at__ends_of_the_protocol__are_its_constants() -> None:
    assert sqrt_price_at(MIN_TICK) == MIN_SQRT_PRICE
    assert sqrt_price_at(MAX_TICK) == MAX_SQRT_PRICE
    assert sqrt_price_at(0) == 2**96
    for tick in (MIN_TICK - 1, MAX_TICK + 1):
        with pytest.raises(ValueError, match="beyond"):
            sqrt_price_at(tick)


@given(tick=TICKS)
def test_tick_at__price_of_a_tick_and_one_below__finds_it(tick: int) -> None:
    assert tick_at(sqrt_price_at(tick)) == tick
    if tick > MIN_TICK:
        assert tick_at(sqrt_price_at(tick) - 1) == tick - 1


@given(tick=TICKS, spacing=st.sampled_from([1, 10, 60, 200]))
def test_word_end__any_tick__is_the_edge_of_its_word(tick: int, spacing: int) -> None:
    down = word_end(tick, spacing, falling=True)
    up = word_end(tick, spacing, falling=False)
    assert down <= tick < up
    assert down // spacing % 256 == 0
    assert up // spacing % 256 == 255


# ------------------------------------------------------------------------------------ whole trades
@given(units=UNITS, sells0=st.booleans())
def test_swap__any_trade__keeps_the_pool_whole(units: int, sells0: bool) -> None:
    """All is sold, the price moves the right way, and nobody gets more than the price before."""
    sell = LOW if sells0 else HIGH
    found = swap(RANGED, sell, units)
    assert found.sell_units == units
    assert found.fee_units * 1_000_000 >= units * RANGED.fee
    assert (found.sqrt_price_after <= RANGED.sqrt_price) is sells0 or found.buy_units == 0
    assert found.buy_units <= units * marginal(RANGED, sell, RANGED.sqrt_price)


@given(units=UNITS, more=UNITS, sells0=st.booleans())
def test_swap__more_sold__brings_more_at_a_worse_price(units: int, more: int, sells0: bool) -> None:
    sell = LOW if sells0 else HIGH
    small, large = swap(RANGED, sell, units), swap(RANGED, sell, units + more)
    assert small.buy_units <= large.buy_units
    slack = 8 * 2_001  # roundings: a few units of what is sold, at the price
    assert large.buy_units * units <= (small.buy_units + slack) * (units + more)


def test_swap__over_ticks__takes_each_range_as_far_as_it_goes() -> None:
    found = swap(RANGED, HIGH, 100_000 * 10**18)
    assert found.ticks_crossed == 1
    assert found.buy_units > swap(DEEP, HIGH, 100_000 * 10**18).buy_units
    far = swap(RANGED, HIGH, 3 * 10**23)
    assert far.ticks_crossed == 2
    assert quoter_ticks(RANGED, far.tick_after) == 2


def test_swap__price_below_tick_zero__quoter_counts_its_own_way() -> None:
    """The quoter rounds ticks towards zero: one tick more or less at an end."""
    below = pool(LOW, HIGH, (L, None), (L, 5), fee=500, sqrt_price=sqrt_price_at(-2_005))
    found = swap(below, LOW, 10**20)
    assert found.ticks_crossed == 1
    assert quoter_ticks(below, found.tick_after) in (0, 1, 2)


def test_swap__beyond_what_was_read__is_refused_not_guessed() -> None:
    known = replace(RANGED, known_from=RANGED.tick - 2_000, known_to=RANGED.tick + 2_000)
    assert swap(known, LOW, 10**18) == swap(RANGED, LOW, 10**18)
    for sell in (LOW, HIGH):
        with pytest.raises(BeyondKnownError, match="was read"):
            swap(known, sell, 10**24)
    bounded = pool(LOW, HIGH, (L, 600))
    with pytest.raises(BeyondKnownError, match="no liquidity"):
        swap(bounded, LOW, 10**24)


@pytest.mark.parametrize("units", [0, -1])
def test_swap__nothing_or_less__is_refused(units: int) -> None:
    with pytest.raises(ValueError, match="a sale of"):
        swap(DEEP, LOW, units)
    with pytest.raises(ValueError, match="not in the pool"):
        swap(DEEP, DEEP.address, 1)
