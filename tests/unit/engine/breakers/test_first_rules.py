from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.engine.tiers import A
from treasury.core.policies import HaltRules
from treasury.core.prices import PriceVerdict
from treasury.engine.breakers import (
    BreakerReading,
    Level,
    Standing,
    failure_streak,
    forbids_proposals,
    gas_price,
    lowest_level,
    nav_jump,
    no_price,
    source_disagreement,
)

RULES = HaltRules(max_base_fee_wei=100, failure_streak=3, max_nav_jump_bps=1000)


def verdict(price: str | None) -> PriceVerdict:
    return PriceVerdict(
        asset=A,
        price_usd=None if price is None else Decimal(price),
        accepted=("a",),
        refused=(),
        observed_at=1,
        reason="" if price else "1 usable sources, 2 needed",
    )


def test_no_price__verdict_without_price__trips_with_its_reason() -> None:
    """DE-38, DE-39."""
    reading = no_price(scope="core", verdict=verdict(None))
    assert reading.tripped
    assert reading.level == "MANUAL_PRICES"
    assert "2 needed" in reading.reason
    assert not no_price(scope="core", verdict=verdict("1")).tripped


@pytest.mark.parametrize(
    ("prices", "tripped"),
    [
        (("1", "1.1", "1"), False),
        (("1", "1.1001", "1"), True),
        (("1", "1.25"), True),
        (("5",), False),
        ((), False),
    ],
)
def test_source_disagreement__widest_distance__strictly_beyond(
    prices: tuple[str, ...], tripped: bool
) -> None:
    reading = source_disagreement(
        scope="core",
        asset=A,
        prices_usd=tuple(Decimal(price) for price in prices),
        max_deviation_bps=1000,
    )
    assert reading.tripped is tripped
    assert reading.limit == "1000 bps"


@pytest.mark.parametrize(("base_fee", "tripped"), [(100, False), (101, True)])
def test_gas__above_the_ceiling__trips_to_semi(base_fee: int, tripped: bool) -> None:
    """DE-35."""
    reading = gas_price(scope="treasury", rules=RULES, base_fee_wei=base_fee)
    assert reading == BreakerReading(
        breaker="GAS",
        scope="treasury",
        standing=Standing.OVER if tripped else Standing.BETWEEN,
        value=f"{base_fee} wei",
        limit="100 wei",
        reset="80 wei",
        level="SEMI",
        reason="the base fee is above its ceiling" if tripped else "",
        severity=Decimal(base_fee) / 100,
    )


@pytest.mark.parametrize(
    ("succeeded", "tripped"),
    [
        ((), False),
        ((False, False), False),
        ((True, False, False, False), True),
        ((False, False, False, True), False),
        ((False, False, True, False, False), False),
    ],
)
def test_failure_streak__in_a_row_at_the_end__counts(
    succeeded: tuple[bool, ...], tripped: bool
) -> None:
    """DE-41."""
    reading = failure_streak(scope="core", rules=RULES, succeeded=succeeded)
    assert reading.tripped is tripped
    assert reading.level == "MONITOR"


@pytest.mark.parametrize(
    ("before", "after", "explained", "tripped"),
    [
        ("1000", "1100", "0", False),
        ("1000", "1100.01", "0", True),
        ("1000", "899.99", "0", True),
        ("1000", "2000", "1000", False),
        ("1000", "1000", "-200", True),
        (None, "1000", "0", False),
        ("0", "0.01", "0", True),
        ("0", "5", "5", False),
    ],
)
def test_nav_jump__unexplained_part__strictly_beyond(
    before: str | None, after: str, explained: str, tripped: bool
) -> None:
    """DE-37."""
    reading = nav_jump(
        scope="treasury",
        rules=RULES,
        before_usd=None if before is None else Decimal(before),
        after_usd=Decimal(after),
        explained_usd=Decimal(explained),
    )
    assert reading.tripped is tripped


def test_ladder__several_levels__the_lowest_counts() -> None:
    assert lowest_level(["SEMI", "MONITOR", "AUTOMATIC"]) is Level.MONITOR
    assert lowest_level([]) is Level.AUTOMATIC
    assert [forbids_proposals(level) for level in Level] == [False, False, False, True, True]


@given(name=st.text(max_size=8).filter(lambda text: text not in set(Level)))
def test_ladder__unknown_level__counts_as_monitor(name: str) -> None:
    """Unknown state = L3."""
    assert forbids_proposals(name)
    assert lowest_level([name]) is Level.MONITOR
