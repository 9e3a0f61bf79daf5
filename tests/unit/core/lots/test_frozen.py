"""The lots that were chosen before signing: booked as listed, or missing and named."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.core.lots.test_matching import DAY, METHODS, NOW, POOLS, lot, match, refs
from treasury.core.lots import (
    FrozenMatch,
    GoneLot,
    LotMatch,
    apply_slices,
    book_frozen,
    gone_lots,
)
from treasury.core.policies import LotMethod
from treasury.core.types import LotState


def frozen_booking(lots: tuple[LotState, ...], chosen: LotMatch, units: int) -> FrozenMatch:
    return book_frozen(
        lots=lots,
        frozen=chosen.slices,
        units=units,
        proceeds_usd=Decimal(units),
        at=NOW + DAY,
        long_term_days=365,
    )


def booked_all(lots: tuple[LotState, ...], chosen: LotMatch, units: int) -> LotMatch:
    booked = frozen_booking(lots, chosen, units)
    assert booked.gone == ()
    return booked.match


def test_book_frozen__partial_fill__listed_order() -> None:
    """AC-8, DE-33: HIFO order was frozen, so a smaller fill takes its head, not the oldest."""
    lots = (lot("old", 5, "5", day=1), lot("dear", 5, "50", day=2))
    chosen = match(*lots, units=8, method=LotMethod.HIFO)
    booked = booked_all(lots, chosen, 6)
    assert refs(booked) == [("dear", 5), ("old", 1)]
    assert booked.cost_usd == 51


def test_book_frozen__a_newer_better_lot__is_not_taken() -> None:
    lots = (lot("old", 5, "5", day=1),)
    chosen = match(*lots, units=5, method=LotMethod.HIFO)
    later = (*lots, lot("new", 5, "500", day=999))
    assert refs(booked_all(later, chosen, 5)) == [("old", 5)]


def test_book_frozen__more_filled_than_chosen__missing_units() -> None:
    lots = (lot("a", 5, "5"),)
    booked = booked_all(lots, match(*lots, units=3), 5)
    assert (refs(booked), booked.missing_units) == ([("a", 3)], 2)


@pytest.mark.parametrize(("left", "units_left"), [((), 0), ((lot("a", 2, "2"),), 2)])
def test_book_frozen__lots_consumed_in_between__missing_and_named(
    left: tuple[LotState, ...], units_left: int
) -> None:
    """AC-8: never a silent match with another lot, however many there are."""
    chosen = match(lot("a", 5, "5"), units=3)
    booked = frozen_booking((*left, lot("other", 9, "9")), chosen, 3)
    assert booked.gone == (GoneLot("a", 3, units_left),)
    assert refs(booked.match) == [("a", 2)][: bool(left)]
    assert booked.match.missing_units == 3 - units_left
    assert booked.match.proceeds_usd == 3


def test_book_frozen__first_of_two_consumed__the_second_does_not_stand_in_for_it() -> None:
    """A fill of the head of the list, whose lot is gone: it has no cost basis."""
    lots = (lot("a", 5, "5", day=1), lot("b", 5, "50", day=2))
    chosen = match(*lots, units=8)
    booked = frozen_booking(lots[1:], chosen, 6)
    assert refs(booked.match) == [("b", 1)]
    assert booked.match.missing_units == 5
    assert booked.gone == (GoneLot("a", 5, 0),)


def test_book_frozen__lot_younger_than_the_event__is_not_there() -> None:
    booked = book_frozen(
        lots=(lot("a", 5, "5", day=10),),
        frozen=match(lot("a", 5, "5"), units=5).slices,
        units=5,
        proceeds_usd=Decimal(5),
        at=9 * DAY,
        long_term_days=365,
    )
    assert booked.gone == (GoneLot("a", 5, 0),)


def test_gone_lots__listed_twice_and_still_there__counted_together() -> None:
    first, second = match(lot("a", 5, "5"), units=3).slices, match(lot("a", 5, "5"), units=2).slices
    assert gone_lots(frozen=(*first, *second), units_left={"a": 5}) == ()
    assert gone_lots(frozen=(*first, *second), units_left={"a": 4}) == (GoneLot("a", 5, 4),)
    assert gone_lots(frozen=first, units_left={}) == (GoneLot("a", 3, 0),)


def test_book_frozen__one_lot_listed_twice__costs_add_up() -> None:
    pool = (lot("a", 3, "1"),)
    first = match(*pool, units=1)
    second = match(*apply_slices(lots=pool, slices=first.slices), units=2)
    booked = book_frozen(
        lots=pool,
        frozen=(*first.slices, *second.slices),
        units=3,
        proceeds_usd=Decimal(3),
        at=NOW,
        long_term_days=365,
    ).match
    assert booked.cost_usd == 1


@given(pool=POOLS, method=METHODS, share=st.integers(1, 100), fill=st.integers(0, 100))
@settings(max_examples=80)
def test_book_frozen__full_and_partial__only_chosen_lots_in_order(
    pool: tuple[LotState, ...], method: LotMethod, share: int, fill: int
) -> None:
    units = sum(item.units for item in pool) * share // 100
    chosen = match(*pool, units=units, method=method)
    booked = booked_all(pool, chosen, units * fill // 100)
    assert refs(booked) == [
        (item.lot_ref, part.units) for item, part in zip(chosen.slices, booked.slices, strict=False)
    ]
    assert all(
        part.units == item.units
        for item, part in zip(chosen.slices, booked.slices[:-1], strict=False)
    )
    if fill == 100:
        assert [item.cost_usd for item in booked.slices] == [
            item.cost_usd for item in chosen.slices
        ]
