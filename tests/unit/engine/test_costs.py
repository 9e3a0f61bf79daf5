from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.engine.tiers import A, B, pair, policy
from treasury.core.types import CostEstimate, GasPrice, PairCost
from treasury.engine.costs import (
    estimate_cost,
    gate_quoted_cost,
    gate_quoted_price,
    largest_affordable_usd,
    received_usd,
)

GAS = GasPrice(base_fee_wei=19 * 10**9, tip_wei=10**9, native_price_usd=Decimal(2500))
"""20 gwei at 2500 USD: 200,000 gas cost 10 USD."""


def test_estimate__terms_of_de_21__gas_fee_and_impact() -> None:
    cost = estimate_cost(
        pair=pair(A, B, fee_bps=Decimal(30), depth_usd=Decimal(2_000_000)),
        value_usd=Decimal(10_000),
        gas=GAS,
    )
    assert [cost.gas_usd, cost.fee_usd, cost.impact_usd] == [10, 30, 50]
    assert cost.total_usd == 90
    assert received_usd(value_usd=Decimal(10_000), cost=cost) == 9920


def test_estimate__no_depth__no_impact() -> None:
    cost = estimate_cost(pair=pair(A, B, depth_usd=None), value_usd=Decimal(10**6), gas=GAS)
    assert cost.impact_usd == 0


@pytest.mark.parametrize(("total", "passed"), [("100", True), ("100.00000001", False)])
def test_gate__at_the_cap__passes_and_beyond_it_does_not(total: str, passed: bool) -> None:
    """DE-22: C/|x| <= cap, here 100 bps of 10,000."""
    gate = gate_quoted_cost(
        policy=policy(cost_cap_bps=100),
        value_usd=Decimal(10_000),
        cost=CostEstimate(fee_usd=Decimal(total)),
    )
    assert gate.passed is passed
    assert (gate.record.outcome == "passed") is passed
    assert gate.limit == "100 bps"
    assert dict(gate.record.inputs)["total"] == f"{total} USD"


def test_gate__every_term_counts__de_21() -> None:
    one = Decimal(1)
    gate = gate_quoted_cost(
        policy=policy(),
        value_usd=Decimal(10_000),
        cost=CostEstimate(one, one, one, one, one, one),
    )
    assert gate.value == "6 bps"


def test_gate__no_value__never_passes() -> None:
    gate = gate_quoted_cost(policy=policy(), value_usd=Decimal(0), cost=CostEstimate())
    assert not gate.passed


@pytest.mark.parametrize(
    ("option", "cap", "largest"),
    [
        (pair(A, B, fee_bps=Decimal(5), depth_usd=None), 50, None),
        (pair(A, B, fee_bps=Decimal(60)), 50, Decimal(0)),
        (pair(A, B, fee_bps=Decimal(50), depth_usd=None), 50, Decimal(0)),
        (pair(A, B, fee_bps=Decimal(50), depth_usd=None, gas_units=0), 50, None),
        (pair(A, B, fee_bps=Decimal(40), depth_usd=Decimal(10_000)), 50, Decimal(0)),
    ],
)
def test_largest_affordable__edge_cases__none_or_0(
    option: PairCost, cap: int, largest: Decimal | None
) -> None:
    assert largest_affordable_usd(pair=option, gas=GAS, cost_cap_bps=cap) == largest


@given(
    fee=st.integers(0, 60),
    depth=st.integers(10**4, 10**10),
    gas_units=st.integers(0, 10**6),
    cap=st.integers(0, 200),
)
@settings(max_examples=100)
def test_largest_affordable__any_pair__passes_the_gate_and_twice_as_much_does_not(
    fee: int, depth: int, gas_units: int, cap: int
) -> None:
    option = pair(A, B, fee_bps=Decimal(fee), depth_usd=Decimal(depth), gas_units=gas_units)
    largest = largest_affordable_usd(pair=option, gas=GAS, cost_cap_bps=cap)
    assert largest is not None
    rules = policy(cost_cap_bps=cap)

    def passes(value: Decimal) -> bool:
        cost = estimate_cost(pair=option, value_usd=value, gas=GAS)
        return gate_quoted_cost(policy=rules, value_usd=value, cost=cost).passed

    if largest > 1 and gas_units == 0:
        assert passes(largest)
    if largest > 1:
        assert not passes(2 * largest)
    else:
        assert not passes(Decimal(depth))


def test_gate_quoted_price__surplus_within_the_slippage__passes() -> None:
    rules = policy(max_slippage_bps=100)
    gate = gate_quoted_price(policy=rules, given_usd=Decimal(10_000), got_usd=Decimal(10_100))
    assert gate.passed


def test_gate_quoted_price__market_gives_far_more_than_the_price__refused() -> None:
    rules = policy(max_slippage_bps=100)
    gate = gate_quoted_price(
        policy=rules, given_usd=Decimal(10_000), got_usd=Decimal("10100.00000001")
    )
    assert not gate.passed
    assert gate.record.outcome == "the market has left the price"


def test_gate_quoted_price__a_poor_quote__is_not_this_gates_matter() -> None:
    gate = gate_quoted_price(policy=policy(), given_usd=Decimal(10_000), got_usd=Decimal(1))
    assert gate.passed
