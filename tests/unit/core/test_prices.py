from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treasury.core.policies import PriceRules
from treasury.core.prices import PriceReading, PriceVerdict, consensus
from treasury.core.types import Address

ETH = Address("0x" + "e" * 40)
NOW = 1_700_000_000
RULES = PriceRules(min_sources=2, min_on_chain=1, max_deviation_bps=1000)


def reading(name: str, price: str | None, *, on_chain: bool = True, age: int = 0) -> PriceReading:
    return PriceReading(
        source=name,
        kind="test",
        upstream=name,
        on_chain=on_chain,
        price_usd=None if price is None else Decimal(price),
        observed_at=NOW - age,
        heartbeat_seconds=100,
    )


def agree(*readings: PriceReading, rules: PriceRules = RULES) -> PriceVerdict:
    return consensus(asset=ETH, readings=readings, rules=rules, now=NOW)


def test_consensus__odd_number__middle_price() -> None:
    verdict = agree(reading("a", "2000"), reading("b", "2010"), reading("c", "2040"))
    assert verdict.price_usd == 2010
    assert verdict.accepted == ("a", "b", "c")
    assert (verdict.refused, verdict.reason) == ((), "")


def test_consensus__even_number__mean_of_the_middle_two() -> None:
    assert agree(reading("a", "1"), reading("b", "1.01")).price_usd == Decimal("1.005")


def test_consensus__observed_at__is_the_oldest_accepted() -> None:
    assert agree(reading("a", "1", age=50), reading("b", "1", age=9)).observed_at == NOW - 50


@pytest.mark.parametrize(("age", "usable"), [(119, True), (120, True), (121, False)])
def test_consensus__age_around_1_2_heartbeats__stale_beyond(age: int, usable: bool) -> None:
    """DE-38."""
    verdict = agree(reading("a", "1", age=age), reading("b", "1"))
    assert (verdict.price_usd is not None) is usable
    assert [item.source for item in verdict.refused] == ([] if usable else ["a"])


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (reading("x", "0"), "not above 0"),
        (reading("x", "-5"), "not above 0"),
        (reading("x", "NaN"), "not above 0"),
        (reading("x", None), "no answer"),
        (reading("x", "2000", age=-1), "after the block"),
        (replace(reading("x", "2000"), at_bound=True), "minimum or maximum"),
        (reading("x", "2000", age=1000), "stale"),
        (replace(reading("x", "2000"), upstream="a"), "same upstream as a"),
        (reading("x", "2300"), "bps from the median"),
    ],
)
def test_consensus__unsound_reading__refused_with_reason(bad: PriceReading, why: str) -> None:
    """DE-38..40: the price comes from the others, and the refusal says why."""
    verdict = agree(reading("a", "2000"), reading("b", "2000"), bad)
    assert verdict.price_usd == 2000
    assert verdict.accepted == ("a", "b")
    assert [item.source for item in verdict.refused] == ["x"]
    assert why in verdict.refused[0].reason


@pytest.mark.parametrize(("second", "usable"), [("1.2", True), ("1.25", False), ("3000", False)])
def test_consensus__two_sources__disagreement_means_no_price(second: str, usable: bool) -> None:
    """DE-39: 1 and 1.2 are 909 bps from their median, 1 and 1.25 are 1111."""
    verdict = agree(reading("a", "1"), reading("b", second))
    assert (verdict.price_usd is not None) is usable
    assert ("two sources disagree" in verdict.reason) is not usable


def test_consensus__exactly_at_the_deviation__accepted() -> None:
    verdict = agree(reading("a", "1"), reading("b", "1"), reading("c", "1.1"))
    assert verdict.accepted == ("a", "b", "c")


def test_consensus__usdc_11_march_2023__passes_a_10_percent_rule() -> None:
    """DE-36: .9707 is 3 % off, so this rule alone does not see a depeg."""
    assert agree(reading("a", "0.9707"), reading("b", "1")).price_usd is not None


def test_consensus__fewer_than_min_sources__no_price() -> None:
    verdict = agree(reading("a", "1"))
    assert verdict.price_usd is None
    assert verdict.reason == "1 usable sources, 2 needed"


def test_consensus__two_feeds_of_one_upstream__count_once() -> None:
    twin = replace(reading("b", "1"), upstream="a")
    assert agree(reading("a", "1"), twin).price_usd is None


def test_consensus__upstream_on_and_off_chain__the_on_chain_reading_counts() -> None:
    mirror = replace(reading("a", "1", on_chain=False), upstream="feed")
    feed = replace(reading("z", "1", age=10), upstream="feed")
    verdict = agree(mirror, feed, reading("b", "1", on_chain=False))
    assert verdict.accepted == ("b", "z")
    assert verdict.price_usd == 1


def test_consensus__sources_without_upstream__are_their_own() -> None:
    first, second = (replace(reading(name, "1"), upstream="") for name in "ab")
    assert agree(first, second).price_usd == 1


def test_consensus__none_on_chain__no_price() -> None:
    verdict = agree(reading("a", "1", on_chain=False), reading("b", "1", on_chain=False))
    assert verdict.price_usd is None
    assert verdict.reason == "0 usable on-chain sources, 1 needed"


def test_consensus__median_alone_among_outliers__no_price() -> None:
    rules = PriceRules(min_sources=1, min_on_chain=0, max_deviation_bps=1000)
    verdict = agree(reading("a", "1"), reading("b", "2"), reading("c", "3"), rules=rules)
    assert verdict.price_usd is None
    assert verdict.reason == "3 sources, none agrees with another"


def test_consensus__no_readings__no_price() -> None:
    rules = PriceRules(min_sources=1, min_on_chain=0, max_deviation_bps=1000)
    assert agree(rules=rules).reason == "0 usable sources, 1 needed"


def test_consensus__price_below_18_decimals__no_price() -> None:
    tiny = "0.0000000000000000001"
    assert agree(reading("a", tiny), reading("b", tiny)).price_usd is None


READINGS = st.lists(
    st.builds(
        PriceReading,
        source=st.sampled_from("abcdefg"),
        kind=st.just("test"),
        upstream=st.sampled_from(["", "u", "v", "w", "x"]),
        on_chain=st.booleans(),
        price_usd=st.none() | st.decimals(min_value=-1, max_value=3, places=2),
        observed_at=st.integers(min_value=NOW - 200, max_value=NOW + 5),
        heartbeat_seconds=st.just(100),
        at_bound=st.booleans(),
    ),
    max_size=7,
    unique_by=lambda item: item.source,
).map(tuple)


@given(
    readings=READINGS,
    rules=st.builds(
        PriceRules,
        min_sources=st.integers(min_value=1, max_value=3),
        min_on_chain=st.integers(min_value=0, max_value=2),
        max_deviation_bps=st.integers(min_value=0, max_value=2000),
    ),
)
@settings(max_examples=150)
def test_consensus__any_readings__price_only_from_enough_sound_agreeing_sources(
    readings: tuple[PriceReading, ...], rules: PriceRules
) -> None:
    verdict = consensus(asset=ETH, readings=readings, rules=rules, now=NOW)
    by_name = {item.source: item for item in readings}
    refused = [item.source for item in verdict.refused]
    assert sorted([*verdict.accepted, *refused]) == sorted(by_name)
    accepted = [by_name[name] for name in verdict.accepted]
    for item in accepted:
        assert item.price_usd is not None
        assert item.price_usd > 0
        assert 0 <= NOW - item.observed_at <= 120
        assert not item.at_bound
    upstreams = [item.upstream for item in accepted if item.upstream]
    assert len(set(upstreams)) == len(upstreams)
    if verdict.price_usd is not None:
        prices = [item.price_usd for item in accepted if item.price_usd is not None]
        assert len(accepted) >= rules.min_sources
        assert sum(item.on_chain for item in accepted) >= rules.min_on_chain
        assert min(prices) <= verdict.price_usd <= max(prices)
    else:
        assert verdict.reason
    assert consensus(asset=ETH, readings=readings[::-1], rules=rules, now=NOW) == verdict
