from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treasury.core.lots import (
    LotBookError,
    LotMatch,
    StaleLotsError,
    apply_slices,
    at_cost,
    carry_lots,
    match_lots,
    total_usd,
)
from treasury.core.policies import LotMethod, LotRules
from treasury.core.types import Address, LotState

ETH = Address("0x" + "e" * 40)
SAFE = Address("0x" + "5" * 40)
DAY = 86_400
NOW = 1_000 * DAY
QUANTUM = Decimal("1E-8")


def lot(ref: str, units: int, cost: str, *, day: int = 0, sequence: int = 0) -> LotState:
    return LotState(
        lot_ref=ref,
        asset=ETH,
        units=units,
        cost_usd=Decimal(cost),
        acquired_at=day * DAY,
        sequence=sequence,
    )


def match(
    *lots: LotState,
    units: int,
    proceeds: str = "0",
    method: LotMethod = LotMethod.FIFO,
    at: int = NOW,
    rules: LotRules | None = None,
) -> LotMatch:
    """SPECIFIC names all lots, the last first."""
    named = tuple(sorted((item.lot_ref for item in lots), reverse=True))
    return match_lots(
        lots=lots,
        units=units,
        proceeds_usd=Decimal(proceeds),
        method=method,
        at=at,
        long_term_days=365,
        rules=rules or LotRules(3_700, 2_000, named if method is LotMethod.SPECIFIC else ()),
    )


def refs(result: LotMatch) -> list[tuple[str, int]]:
    return [(item.lot_ref, item.units) for item in result.slices]


def test_match__fifo__vector_of_ac_32() -> None:
    """6 of 5 @ 2000 + 5 @ 2500: all of the first, 1 of the second; gain 8500 on 21,000."""
    result = match(
        lot("b", 5, "12500", day=2), lot("a", 5, "10000", day=1), units=6, proceeds="21000"
    )
    assert refs(result) == [("a", 5), ("b", 1)]
    assert [item.cost_usd for item in result.slices] == [10_000, 2500]
    assert [item.proceeds_usd for item in result.slices] == [17_500, 3500]
    assert sum(item.gain_usd for item in result.slices) == 8500
    assert not result.incomplete


def test_match__hifo__highest_unit_cost_first() -> None:
    """AC-2: by cost with fee / units, not by total cost."""
    lots = (
        lot("big", 10, "1000", day=1),
        lot("dear", 1, "300", day=2),
        lot("mid", 2, "400", day=3),
    )
    assert refs(match(*lots, units=4, method=LotMethod.HIFO)) == [
        ("dear", 1),
        ("mid", 2),
        ("big", 1),
    ]


@pytest.mark.parametrize("method", [*LotMethod])
def test_match__ties__earlier_first_then_sequence(method: LotMethod) -> None:
    """LIFO the reverse; SPECIFIC has no ties, its list is the order."""
    order = ["early", "late", "z"]
    if method in (LotMethod.LIFO, LotMethod.SPECIFIC):
        order.reverse()
    lots = (
        lot("z", 1, "5", day=2, sequence=1),
        lot("late", 1, "5", day=1, sequence=2),
        lot("early", 1, "5", day=1, sequence=1),
    )
    assert [ref for ref, _ in refs(match(*lots, units=3, method=method))] == order


def test_match__lot_younger_than_the_event__no_candidate() -> None:
    """AC-2, AC-4; at the same instant the acquisition comes first."""
    lots = (lot("same", 1, "1", day=10), lot("young", 5, "1", day=11))
    result = match(*lots, units=2, at=10 * DAY)
    assert refs(result) == [("same", 1)]
    assert result.missing_units == 1


def test_match__cost_split__rounded_half_even_and_last_slice_takes_the_rest() -> None:
    """AC-3: thirds of 1 USD are .33333333, .33333334 (of .66666667 half: half even), the rest."""
    pool: tuple[LotState, ...] = (lot("a", 3, "1"),)
    costs = []
    for _ in range(3):
        result = match(*pool, units=1)
        pool = apply_slices(lots=pool, slices=result.slices)
        costs.append(result.cost_usd)
    assert costs == [Decimal("0.33333333"), Decimal("0.33333334"), Decimal("0.33333333")]
    assert pool == ()


def test_match__proceeds_split__last_slice_takes_the_rest() -> None:
    result = match(
        lot("a", 1, "0"), lot("b", 1, "0", day=1), lot("c", 1, "0", day=2), units=3, proceeds="1"
    )
    shares = [item.proceeds_usd for item in result.slices]
    assert shares == [Decimal("0.33333333"), Decimal("0.33333333"), Decimal("0.33333334")]


@pytest.mark.parametrize(("days", "long_term"), [(365, False), (366, True)])
def test_match__held_exactly_the_limit__not_yet_long(days: int, long_term: bool) -> None:
    """AC-4: long when held more than `long_term_days`."""
    result = match(lot("a", 1, "1", day=1000 - days), units=1)
    assert result.slices[0].long_term is long_term


def test_match__too_few_lots__missing_units_at_cost_0() -> None:
    """AC-6: it does not fail, and the missing part has its share of the proceeds."""
    result = match(lot("a", 1, "10"), units=4, proceeds="100")
    assert (refs(result), result.missing_units) == ([("a", 1)], 3)
    assert result.slices[0].proceeds_usd == 25
    assert result.missing_proceeds_usd == 75
    assert (result.cost_usd, result.proceeds_usd) == (Decimal(10), Decimal(100))
    assert result.units == 4
    assert result.incomplete


def test_match__nothing_disposed__no_slices() -> None:
    assert match(lot("a", 1, "10"), units=0) == LotMatch(slices=(), missing_units=0)


@pytest.mark.parametrize(
    "lots",
    [
        (lot("a", 1, "1"), replace(lot("b", 1, "1"), asset=SAFE)),
        (lot("a", 1, "1"), lot("a", 1, "1")),
    ],
)
def test_match__mixed_or_repeated_pool__refused(lots: tuple[LotState, ...]) -> None:
    with pytest.raises(LotBookError):
        match(*lots, units=1)


def test_match__negative_units__refused() -> None:
    with pytest.raises(LotBookError):
        match(lot("a", 1, "1"), units=-1)


def test_apply_slices__more_than_a_lot_has__stale() -> None:
    chosen = match(lot("a", 5, "5"), units=4)
    with pytest.raises(StaleLotsError):
        apply_slices(lots=(lot("a", 3, "5"),), slices=chosen.slices)


def carried(moving: LotMatch, to_units: int) -> list[tuple[str, int, Decimal, int]]:
    lots = carry_lots(
        match=moving, to_holder=SAFE, to_asset=ETH, to_units=to_units, lot_ref="ref", at=NOW
    )
    return [(item.lot_ref, item.units, item.cost_usd, item.acquired_at // DAY) for item in lots]


def taken(*lots: LotState, units: int) -> LotMatch:
    return at_cost(match(*lots, units=units))


def test_carry__transfer__units_cost_and_dates_stay() -> None:
    """AC-5, AC-22."""
    moving = taken(lot("a", 5, "10", day=1), lot("b", 5, "20", day=2), units=7)
    assert carried(moving, 7) == [("ref/0", 5, Decimal(10), 1), ("ref/1", 2, Decimal(8), 2)]
    assert moving.proceeds_usd == moving.cost_usd


def test_carry__one_slice__plain_ref() -> None:
    assert carried(taken(lot("a", 5, "10", day=1), units=5), 5) == [("ref", 5, Decimal(10), 1)]


def test_carry__fewer_shares_than_slices__cost_goes_to_the_next_lot() -> None:
    moving = taken(
        lot("a", 1, "1", day=1), lot("b", 1, "2", day=2), lot("c", 8, "4", day=3), units=10
    )
    assert carried(moving, 2) == [("ref", 2, Decimal(7), 3)]


def test_carry__missing_history__arrives_at_cost_0_dated_now() -> None:
    """AC-6."""
    assert carried(taken(lot("a", 5, "10", day=1), units=8), 8)[1] == ("ref/1", 3, Decimal(0), 1000)


def test_carry__into_nothing__refused() -> None:
    with pytest.raises(LotBookError):
        carried(taken(lot("a", 5, "10"), units=5), 0)


COSTS = st.decimals(min_value=0, max_value=10**9, places=8)
POOLS = st.lists(
    st.tuples(st.integers(min_value=1, max_value=10**24), COSTS, st.integers(0, 1000)),
    min_size=1,
    max_size=8,
).map(
    lambda rows: tuple(
        lot(str(index), units, str(cost), day=day, sequence=index)
        for index, (units, cost, day) in enumerate(rows)
    )
)
METHODS = st.sampled_from(LotMethod)


@given(
    pool=POOLS, method=METHODS, share=st.integers(0, 120), proceeds=COSTS, at=st.integers(0, 1000)
)
@settings(max_examples=120)
def test_match__any_pool__ac_3_and_ac_4_hold(
    pool: tuple[LotState, ...], method: LotMethod, share: int, proceeds: Decimal, at: int
) -> None:
    held = sum(item.units for item in pool)
    units = held * share // 100
    result = match(*pool, units=units, proceeds=str(proceeds), method=method, at=at * DAY)
    left = apply_slices(lots=pool, slices=result.slices)
    assert sum(item.units for item in result.slices) + result.missing_units == units
    assert all(item.units > 0 for item in result.slices)
    assert all(item.units > 0 for item in left)
    assert all(item.acquired_at <= at * DAY for item in result.slices)
    assert total_usd([result.cost_usd, *(item.cost_usd for item in left)]) == total_usd(
        item.cost_usd for item in pool
    )
    assert result.proceeds_usd == proceeds
    if result.missing_units:
        assert all(item.acquired_at > at * DAY for item in left)
    assert (
        match(*pool[::-1], units=units, proceeds=str(proceeds), method=method, at=at * DAY)
        == result
    )


@given(pool=POOLS, method=METHODS, cuts=st.lists(st.integers(1, 50), min_size=1, max_size=5))
@settings(max_examples=80)
def test_match__event_divided_over_calls__same_total_cost(
    pool: tuple[LotState, ...], method: LotMethod, cuts: list[int]
) -> None:
    """AC-4: rounding apart (one quantum per call) it does not matter how a disposal is divided;
    emptying the pool takes exactly all cost."""
    held = sum(item.units for item in pool)
    parts = [held * cut // 500 for cut in cuts]
    at_once = match(*pool, units=sum(parts), method=method)
    costs, left = [], pool
    for part in parts:
        step = match(*left, units=part, method=method)
        left = apply_slices(lots=left, slices=step.slices)
        costs.append(step.cost_usd)
    assert abs(total_usd(costs) - at_once.cost_usd) <= QUANTUM * len(cuts) * 2
    rest = match(*left, units=held - sum(parts), method=method)
    assert total_usd([*costs, rest.cost_usd]) == total_usd(item.cost_usd for item in pool)


@given(pool=POOLS, share=st.integers(1, 120), shares_per_mille=st.integers(1, 3000))
@settings(max_examples=80)
def test_carry__any_move__cost_and_units_conserved(
    pool: tuple[LotState, ...], share: int, shares_per_mille: int
) -> None:
    units = max(1, sum(item.units for item in pool) * share // 100)
    moving = taken(*pool, units=units)
    to_units = max(1, units * shares_per_mille // 1000)
    lots = carry_lots(
        match=moving, to_holder=SAFE, to_asset=ETH, to_units=to_units, lot_ref="r", at=NOW
    )
    assert sum(item.units for item in lots) == to_units
    assert all(item.units > 0 for item in lots)
    assert total_usd(item.cost_usd for item in lots) == moving.cost_usd
    assert len({item.lot_ref for item in lots}) == len(lots)
