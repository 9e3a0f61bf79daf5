from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.core.slippage import SlippageError, is_below_bound, minimum_out, worse_by_bps

quotes = st.integers(min_value=1, max_value=2**200)
tolerances = st.integers(min_value=0, max_value=9_999)


@given(quotes, tolerances)
def test_a_fresh_minimum_is_within_the_bound_and_never_above_the_quote(
    quoted: int, bps: int
) -> None:
    least = minimum_out(quoted_units=quoted, max_slippage_bps=bps)
    assert 0 < least <= quoted
    assert not is_below_bound(min_units=least, fresh_units=quoted, max_slippage_bps=bps)
    assert (quoted - least) * 20_000 <= quoted * bps


@given(quotes, st.integers(min_value=2, max_value=5_000))
def test_the_market_may_improve_by_half_of_the_tolerance(quoted: int, bps: int) -> None:
    least = minimum_out(quoted_units=quoted, max_slippage_bps=bps)
    improved = quoted * (20_000 + bps) // 20_000
    assert not is_below_bound(min_units=least, fresh_units=improved, max_slippage_bps=bps)


def test_vectors() -> None:
    assert minimum_out(quoted_units=1_000_000, max_slippage_bps=100) == 995_000
    assert minimum_out(quoted_units=3, max_slippage_bps=100) == 3
    assert is_below_bound(min_units=989_999, fresh_units=1_000_000, max_slippage_bps=100)
    assert not is_below_bound(min_units=990_000, fresh_units=1_000_000, max_slippage_bps=100)
    assert worse_by_bps(expected_units=10_000, fresh_units=9_999) == 1
    assert worse_by_bps(expected_units=30_000, fresh_units=29_999) == 1
    assert worse_by_bps(expected_units=10_000, fresh_units=10_001) == 0


@pytest.mark.parametrize("bps", [-1, 10_000])
def test_impossible_tolerances_are_refused(bps: int) -> None:
    with pytest.raises(SlippageError):
        minimum_out(quoted_units=1, max_slippage_bps=bps)


def test_impossible_quotes_are_refused() -> None:
    with pytest.raises(SlippageError):
        minimum_out(quoted_units=0, max_slippage_bps=1)
    with pytest.raises(SlippageError):
        worse_by_bps(expected_units=0, fresh_units=1)
