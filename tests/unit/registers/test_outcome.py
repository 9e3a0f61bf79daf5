"""Estimate against actual, and what each state says."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.core.lifecycle import MOVES, TERMINAL, TransactionState
from execution.core.outcome.comparison import Happened, Intended, compare
from execution.core.outcome.next_steps import NEXT, next_steps
from governance.core.following.progress import NAMES, REACHED, Mark, Times, confirmations, steps

UNITS = st.integers(min_value=1, max_value=2**128)
USD = st.decimals(min_value=-(10**9), max_value=10**9, places=8)


@given(sold=UNITS, expected=UNITS, minimum=UNITS, bought=UNITS, estimated=USD, actual=USD)
def test_compare__any_amounts__differences_are_exact_and_signed(
    sold: int, expected: int, minimum: int, bought: int, estimated: Decimal, actual: Decimal
) -> None:
    found = compare(Intended(sold, expected, minimum, estimated), Happened(sold, bought, actual))
    assert found.sold_more_units == 0
    assert expected - found.shortfall_units == bought
    assert (found.shortfall_bps > 0) == (bought < expected)
    assert found.keeps_the_minimum == (bought >= minimum)
    assert estimated + found.cost_over_usd == actual


def test_compare__one_percent_less__is_a_hundred_basis_points() -> None:
    found = compare(Intended(1, 10_000, 9_900, Decimal(5)), Happened(1, 9_900, Decimal("7.5")))
    assert (found.shortfall_bps, found.cost_over_usd) == (Decimal(100), Decimal("2.5"))
    assert found.keeps_the_minimum


def test_next_steps__every_state__has_words_and_waits_only_while_it_can_move() -> None:
    assert set(NEXT) == set(TransactionState)
    for state in TransactionState:
        words = next_steps(state)
        assert words.meaning
        assert words.service
        assert words.person
        assert (words.waits_for == "") == (state in TERMINAL)


@pytest.mark.parametrize("state", list(TransactionState))
def test_steps__every_state__one_under_way_or_one_failed_or_all_done(
    state: TransactionState,
) -> None:
    marks = [step.mark for step in steps(state, Times())]
    assert len(marks) == len(NAMES)
    if state is TransactionState.RECONCILED:
        assert set(marks) == {Mark.DONE}
    elif state in TERMINAL:
        assert marks.count(Mark.FAILED) == 1
    else:
        assert marks.count(Mark.NOW) == 1
    for later in MOVES[state] - {TransactionState.BROADCAST, TransactionState.CANCELLED}:
        assert REACHED[later] >= REACHED[state]


def test_confirmations__own_block_counts() -> None:
    assert confirmations(Times(mined_block=10, head=10)) == 1
    assert confirmations(Times(mined_block=10, head=12)) == 3
    assert confirmations(Times(mined_block=10, head=None)) is None
    final = steps(TransactionState.MINED, Times(mined_block=10, head=11, finality_depth=2))[4]
    assert final.note == "2 of 3 blocks"
