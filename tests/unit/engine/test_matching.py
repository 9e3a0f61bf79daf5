from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from tests.unit.engine.tiers import GAS, USD, A, B, C, pair, pairs
from treasury.core.types import Address, PairCost
from treasury.engine.matching import Market, Matching, best_option, match_flows

FREE: dict[str, Any] = {"fee_bps": Decimal(0), "depth_usd": None, "gas_units": 0}


def market(options: Iterable[PairCost], max_trade: int = 10**9, cap: int = 100) -> Market:
    grouped: dict[tuple[Address, Address], tuple[PairCost, ...]] = {}
    for option in options:
        key = (option.sell, option.buy)
        grouped[key] = (*grouped.get(key, ()), option)
    return Market(
        options=grouped,
        settlement=USD,
        gas=GAS,
        cost_cap_bps=cap,
        max_trade_usd=Decimal(max_trade),
    )


def match(
    sells: dict[Address, int],
    buys: dict[Address, int],
    on: Market,
    room: dict[Address, int] | None = None,
) -> Matching:
    return match_flows(
        sells={asset: Decimal(value) for asset, value in sells.items()},
        buys={asset: Decimal(value) for asset, value in buys.items()},
        market=on,
        room={asset: Decimal(value) for asset, value in (room or {}).items()},
    )


def flows(matching: Matching) -> dict[tuple[Address, Address], Decimal]:
    return {(flow.sell, flow.buy): flow.value_usd for flow in matching.flows}


def test_match__all_pairs__largest_against_largest() -> None:
    result = match({A: 100, B: 60}, {C: 120, USD: 40}, market(pairs(**FREE)))
    assert flows(result) == {(A, C): 100, (B, USD): 40, (B, C): 20}
    assert result.stuck == ()


def test_match__no_direct_pair__two_legs_over_settlement() -> None:
    result = match({A: 100}, {B: 100}, market(pairs(through=USD, **FREE)))
    assert list(flows(result)) == [(A, USD), (USD, B)]
    assert flows(result) == {(A, USD): 100, (USD, B): 100}


def test_match__second_leg__passes_on_what_the_first_brings() -> None:
    options = pairs(through=USD, fee_bps=Decimal(50), depth_usd=None, gas_units=0)
    assert flows(match({A: 100}, {B: 100}, market(options)))[USD, B] == Decimal("99.5")


def test_match__settlement_wanted_too__one_trade_per_pair() -> None:
    """A is sold for settlement for its own sake and on the way to B: one flow, not two."""
    result = match({A: 100}, {B: 70, USD: 30}, market(pairs(through=USD, **FREE)))
    assert flows(result) == {(A, USD): 100, (USD, B): 70}


def test_match__direct_pair_at_its_largest__rest_takes_no_detour() -> None:
    """DE-20: a maximum per trade that two legs could walk around would be none."""
    result = match({A: 100}, {B: 100}, market(pairs(**FREE), max_trade=30))
    assert flows(result) == {(A, B): 30}
    assert result.capped == (((A, B), Decimal(100), Decimal(30)),)
    assert result.stuck == ()


def test_match__legs_shared_by_two_routes__maximum_counts_once() -> None:
    result = match({A: 50, B: 50}, {C: 100}, market(pairs(through=USD, **FREE), max_trade=60))
    assert flows(result) == {(A, USD): 50, (B, USD): 10, (USD, C): 60}


def test_match__allowance_of_the_sold_asset__limits_all_its_flows() -> None:
    result = match({A: 100}, {B: 60, C: 40}, market(pairs(**FREE)), room={A: 70})
    assert flows(result) == {(A, B): 60, (A, C): 10}


def test_match__allowance_of_the_settlement_asset__limits_passing_through() -> None:
    options = market(pairs(through=USD, **FREE))
    assert flows(match({A: 100}, {B: 100}, options, room={USD: 25})) == {(A, USD): 25, (USD, B): 25}


def test_match__two_routes_over_settlement__share_its_allowance() -> None:
    options = market(pairs(through=USD, **FREE))
    result = match({A: 20, B: 20}, {C: 40}, options, room={USD: 25})
    assert flows(result) == {(A, USD): 20, (B, USD): 5, (USD, C): 25}


def test_match__sold_asset_without_any_route__is_the_one_stuck() -> None:
    options = [option for option in pairs(**FREE) if option.sell != A]
    result = match({A: 50, B: 30}, {C: 80}, market(options))
    assert flows(result) == {(B, C): 30}
    [stuck] = result.stuck
    assert (stuck.asset, stuck.moved_usd, stuck.value_usd) == (A, Decimal(0), Decimal(50))


def test_match__bought_asset_without_any_route__is_the_one_stuck() -> None:
    options = [option for option in pairs(**FREE) if option.buy != C]
    result = match({A: 80}, {B: 30, C: 50}, market(options))
    assert flows(result) == {(A, B): 30}
    assert [item.asset for item in result.stuck] == [C]


def test_best_option__two_venues__largest_size_then_cheapest() -> None:
    shallow = pair(
        A, B, venue="shallow", fee_bps=Decimal(1), depth_usd=Decimal(10_000), gas_units=0
    )
    deep = pair(A, B, venue="deep", fee_bps=Decimal(30), depth_usd=None, gas_units=0)
    both = market([shallow, deep])
    small, _ = best_option(market=both, pair=(A, B), value_usd=Decimal(20))
    large, size = best_option(market=both, pair=(A, B), value_usd=Decimal(10_000))
    assert (small.venue, large.venue) == ("shallow", "deep")
    assert size == 10_000


def test_best_option__equal_venues__by_name() -> None:
    twins = market([pair(A, B, venue="z"), pair(A, B, venue="a")])
    chosen, _ = best_option(market=twins, pair=(A, B), value_usd=Decimal(1000))
    assert chosen.venue == "a"
