"""Every method of the registry keeps the contract; each one's own order; what is optimal and what
is the mean."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.core.lots.test_matching import NOW, POOLS, lot
from treasury.core.amounts import quantize_usd
from treasury.core.lots import (
    LotMatch,
    apply_slices,
    at_cost,
    book_frozen,
    match_lots,
    total_usd,
)
from treasury.core.lots.methods.base import SECONDS_PER_DAY, Sale
from treasury.core.lots.methods.registry import METHODS
from treasury.core.policies import LotMethod, LotRules
from treasury.core.types import LotState

QUANTUM = Decimal("1E-8")
RATES = LotRules(short_rate_bps=3_700, long_rate_bps=2_000)
METHOD = st.sampled_from(list(METHODS))
POOL = (
    lot("old", 10, "100", day=100, sequence=1),
    lot("cheap", 10, "50", day=200, sequence=2),
    lot("dear", 10, "300", day=300, sequence=3),
    lot("new", 10, "200", day=900, sequence=4),
)


def rules_for(method: LotMethod, pool: tuple[LotState, ...]) -> LotRules:
    named = tuple(item.lot_ref for item in pool) if method is LotMethod.SPECIFIC else ()
    return LotRules(3_700, 2_000, named)


def matched(
    method: LotMethod,
    units: int,
    *,
    pool: tuple[LotState, ...] = POOL,
    price: str = "25",
    rules: LotRules | None = None,
    at: int = NOW,
) -> LotMatch:
    return match_lots(
        lots=pool,
        units=units,
        proceeds_usd=Decimal(price) * units,
        method=method,
        at=at,
        long_term_days=365,
        rules=rules_for(method, pool) if rules is None else rules,
    )


def taken(match: LotMatch) -> list[tuple[str, int]]:
    return [(item.lot_ref, item.units) for item in match.slices]


def test_registry__every_method_of_a_policy__has_its_rule() -> None:
    assert set(METHODS) == set(LotMethod)


@pytest.mark.parametrize(
    ("method", "order"),
    [
        (LotMethod.FIFO, ["old", "cheap", "dear", "new"]),
        (LotMethod.LIFO, ["new", "dear", "cheap", "old"]),
        (LotMethod.HIFO, ["dear", "new", "old", "cheap"]),
        (LotMethod.LOFO, ["cheap", "old", "new", "dear"]),
        # 25 per unit: dear loses 5 (long), new gains 5 (short), old gains 15, cheap 20 (long)
        (LotMethod.MIN_TAX, ["dear", "new", "old", "cheap"]),
    ],
)
def test_method__its_order__units_of_the_first_before_the_next(
    method: LotMethod, order: list[str]
) -> None:
    assert taken(matched(method, 40)) == [(ref, 10) for ref in order]
    assert taken(matched(method, 14)) == [(order[0], 10), (order[1], 4)]


def test_min_tax__long_term_rate__may_beat_the_higher_cost() -> None:
    """At 40: new gains 20 x .37 = 7.4, old 30 x .2 = 6: the long-term one first."""
    assert taken(matched(LotMethod.MIN_TAX, 30, price="40")) == [
        ("dear", 10),
        ("old", 10),
        ("cheap", 10),
    ]


@pytest.mark.parametrize(("days", "first"), [(365, "dear"), (366, "old")])
def test_min_tax__held_exactly_the_limit__not_yet_long(days: int, first: str) -> None:
    """`old` gains 12 x .2 = 2.4 when long, 12 x .37 = 4.44 when not; `dear` 10 x .37 = 3.7."""
    pool = (lot("old", 1, "8", day=1000 - days), lot("dear", 1, "10", day=990))
    assert taken(matched(LotMethod.MIN_TAX, 1, pool=pool, price="20")) == [(first, 1)]


def test_specific__named_alone_in_their_order() -> None:
    rules = LotRules(named=("new", "old", "never heard of"))
    match = matched(LotMethod.SPECIFIC, 25, rules=rules)
    assert taken(match) == [("new", 10), ("old", 10)]
    assert (match.missing_units, match.incomplete) == (5, True)


def test_average__a_share_of_each_lot_at_the_mean_cost() -> None:
    match = matched(LotMethod.AVERAGE, 20)
    assert taken(match) == [(ref, 5) for ref in ("old", "cheap", "dear", "new")]
    assert match.cost_usd == Decimal(325)  # 650 for 40 units
    assert [item.long_term for item in match.slices] == [True, True, True, False]


def test_average__units_that_cannot_be_divided__the_largest_lot_gives_them() -> None:
    pool = (lot("a", 1, "1", day=1), lot("b", 1, "3", day=2), lot("c", 5, "10", day=3))
    match = matched(LotMethod.AVERAGE, 3, pool=pool)
    assert taken(match) == [("c", 3)]
    assert match.cost_usd == quantize_usd(Decimal(14) * 3 / 7)


def test_average__dust_lots__units_and_cost_conserved() -> None:
    pool = tuple(lot(str(day), 1, str(day), day=day) for day in range(1, 6))
    match = matched(LotMethod.AVERAGE, 3, pool=pool)
    left = apply_slices(lots=pool, slices=match.slices)
    assert [item.units for item in match.slices] == [1] * 3
    assert [item.units for item in left] == [1] * 2
    assert total_usd([match.cost_usd, *(item.cost_usd for item in left)]) == 15


# ------------------------------------------------------------------------------------ the contract
@given(pool=POOLS, method=METHOD, share=st.integers(1, 110), price=st.integers(0, 10**6))
@settings(max_examples=150)
def test_contract__any_pool__picks_are_what_the_protocol_says(
    pool: tuple[LotState, ...], method: LotMethod, share: int, price: int
) -> None:
    by_age = sorted(pool, key=lambda item: (item.acquired_at, item.sequence))
    held = sum(item.units for item in pool)
    units = max(1, held * share // 100)
    sale = Sale(units, Fraction(price), NOW, 365, rules_for(method, pool))
    picks = METHODS[method].take(by_age, sale)
    assert picks == METHODS[method].take(by_age, sale)
    assert len({pick.lot.lot_ref for pick in picks}) == len(picks)
    assert sum(pick.units for pick in picks) == min(units, held)
    for pick in picks:
        assert pick.lot in pool
        assert 0 < pick.units <= pick.lot.units
        if pick.cost_usd is not None:
            assert 0 <= pick.cost_usd <= pick.lot.cost_usd
            assert quantize_usd(pick.cost_usd) == pick.cost_usd
            assert pick.units < pick.lot.units or pick.cost_usd == pick.lot.cost_usd


@given(
    pool=POOLS,
    method=METHOD,
    sales=st.lists(st.tuples(st.integers(1, 60), st.integers(0, 10**6)), min_size=1, max_size=6),
)
@settings(max_examples=150)
def test_any_sequence_of_sales__no_unit_and_no_cost_is_lost_or_made(
    pool: tuple[LotState, ...], method: LotMethod, sales: list[tuple[int, int]]
) -> None:
    """The slices of a lot add up to its units and its cost, whatever sold them."""
    rules, left = rules_for(method, pool), pool
    units, costs = dict.fromkeys((item.lot_ref for item in pool), 0), list[Decimal]()
    for share, price in sales:
        wanted = sum(item.units for item in left) * share // 100
        match = matched(method, wanted, pool=left, price=str(price), rules=rules)
        assert match.proceeds_usd == price * wanted
        assert match.missing_units == 0
        left = apply_slices(lots=left, slices=match.slices)
        for item in match.slices:
            units[item.lot_ref] += item.units
            costs.append(item.cost_usd)
    held = {item.lot_ref: item.units for item in left}
    assert all(units[lot.lot_ref] + held.get(lot.lot_ref, 0) == lot.units for lot in pool)
    assert total_usd([*costs, *(item.cost_usd for item in left)]) == total_usd(
        item.cost_usd for item in pool
    )


@given(pool=POOLS, method=METHOD, share=st.integers(1, 100))
@settings(max_examples=80)
def test_frozen__any_method__booked_at_exactly_what_was_shown(
    pool: tuple[LotState, ...], method: LotMethod, share: int
) -> None:
    units = max(1, sum(item.units for item in pool) * share // 100)
    chosen = matched(method, units, pool=pool)
    booked = book_frozen(
        lots=pool,
        frozen=chosen.slices,
        units=units,
        proceeds_usd=chosen.proceeds_usd,
        at=NOW,
        long_term_days=365,
    )
    assert (booked.match, booked.gone) == (chosen, ())


# ------------------------------------------------------------------------------------ the mean
@given(pool=POOLS, share=st.integers(1, 99))
@settings(max_examples=150)
def test_average__any_pool__cost_is_the_weighted_mean_rounded_once(
    pool: tuple[LotState, ...], share: int
) -> None:
    pool = tuple(
        LotState(item.lot_ref, item.asset, item.units * 1_000, item.cost_usd, 0, item.sequence)
        for item in pool
    )
    held = sum(item.units for item in pool)
    units = held * share // 100
    match = matched(LotMethod.AVERAGE, units, pool=pool)
    cost = total_usd(item.cost_usd for item in pool)
    assert match.cost_usd == quantize_usd(cost * units / held)
    for item, before in zip(match.slices, pool, strict=True):
        assert abs(Fraction(item.units) - Fraction(before.units * units, held)) < 2


# ------------------------------------------------------------------------------------ the least tax
SMALL = st.lists(
    st.tuples(st.integers(1, 3), st.integers(0, 60), st.sampled_from([0, 634, 635, 999])),
    min_size=1,
    max_size=4,
)


def tax(match: LotMatch, rules: LotRules) -> Fraction:
    return sum(
        (
            Fraction(item.gain_usd)
            * (rules.long_rate_bps if item.long_term else rules.short_rate_bps)
            for item in match.slices
        ),
        Fraction(0),
    )


def least(pool: tuple[LotState, ...], units: int, price: int, rules: LotRules) -> Fraction:
    """Over every way of dividing the units over the lots."""
    if not pool:
        return Fraction(0) if units == 0 else Fraction(10**9)
    head, rest = pool[0], pool[1:]
    is_long = NOW - head.acquired_at > 365 * SECONDS_PER_DAY
    rate = rules.long_rate_bps if is_long else rules.short_rate_bps
    gain = price - Fraction(head.cost_usd) / head.units
    return min(
        part * rate * gain + least(rest, units - part, price, rules)
        for part in range(min(units, head.units) + 1)
    )


@given(
    rows=SMALL,
    share=st.integers(1, 100),
    price=st.integers(0, 60),
    rates=st.sampled_from([(3_700, 2_000), (2_000, 3_700), (3_000, 3_000), (3_700, 0), (0, 2_000)]),
)
@settings(max_examples=200)
def test_min_tax__small_pool__no_other_division_owes_less(
    rows: list[tuple[int, int, int]], share: int, price: int, rates: tuple[int, int]
) -> None:
    pool = tuple(
        lot(str(index), units, str(units * cost), day=day, sequence=index)
        for index, (units, cost, day) in enumerate(rows)
    )
    rules = LotRules(*rates)
    units = max(1, sum(item.units for item in pool) * share // 100)
    match = matched(LotMethod.MIN_TAX, units, pool=pool, price=str(price), rules=rules)
    assert abs(tax(match, rules) - least(pool, units, price, rules)) < Fraction(1, 1_000)


@given(pool=POOLS, share=st.integers(1, 100))
@settings(max_examples=60)
def test_hifo_and_lofo__any_pool__unit_costs_fall_and_rise(
    pool: tuple[LotState, ...], share: int
) -> None:
    units = max(1, sum(item.units for item in pool) * share // 100)
    cost = {item.lot_ref: Fraction(item.cost_usd) / item.units for item in pool}
    for method, sign in ((LotMethod.HIFO, -1), (LotMethod.LOFO, 1)):
        order = [sign * cost[ref] for ref, _ in taken(matched(method, units, pool=pool))]
        assert all(one <= two for one, two in pairwise(order))


@given(pool=POOLS, method=METHOD, share=st.integers(1, 100))
@settings(max_examples=40)
def test_move__any_method__proceeds_are_the_cost(
    pool: tuple[LotState, ...], method: LotMethod, share: int
) -> None:
    units = max(1, sum(item.units for item in pool) * share // 100)
    moving = at_cost(matched(method, units, pool=pool))
    assert all(item.proceeds_usd == item.cost_usd for item in moving.slices)
    assert moving.units == units
