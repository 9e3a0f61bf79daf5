"""Trades put together and taken apart: sums are exactly the whole."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.core.pools.parts import divide_trade, merge_trades
from treasury.core.decisions import Trade
from treasury.core.types import Address, CostEstimate

USDC, WETH, DAI = (Address(f"0x{digit * 40}") for digit in "123")
USD = st.integers(0, 10**16).map(lambda cents: Decimal(cents) / 10**8)


def trade(units: int, value: Decimal, cost: Decimal, sell: Address = USDC) -> Trade:
    terms = CostEstimate(gas_usd=cost, fee_usd=cost / 3, tax_usd=-cost)
    return Trade(sell, WETH, "uniswap_v3", units, units // 2, value, terms, ())


@given(shares=st.lists(st.integers(1, 10**24), min_size=1, max_size=4), value=USD, cost=USD)
def test_divide_trade__any_parts__sum_to_the_whole(
    shares: list[int], value: Decimal, cost: Decimal
) -> None:
    whole = trade(sum(shares), value, cost)
    parts = divide_trade(whole, shares)
    assert [part.sell_units for part in parts] == shares
    assert sum(part.expected_buy_units for part in parts) == whole.expected_buy_units
    assert sum(part.value_usd for part in parts) == whole.value_usd
    for term in fields(CostEstimate):
        named = [getattr(part.cost, term.name) for part in parts]
        assert sum(named) == getattr(whole.cost, term.name)
    assert merge_trades(parts)[0].value_usd == whole.value_usd
    assert merge_trades(parts)[0].sell_units == whole.sell_units


def test_divide_trade__one_part__is_the_trade_itself() -> None:
    whole = trade(7, Decimal(1), Decimal(1))
    assert divide_trade(whole, [7])[0] is whole


@pytest.mark.parametrize("shares", [[3], [4, 4], [8, -1], [7, 0], []])
def test_divide_trade__parts_that_are_not_the_whole__are_refused(shares: list[int]) -> None:
    with pytest.raises(ValueError, match="of a sale of 7"):
        divide_trade(trade(7, Decimal(1), Decimal(1)), shares)


def test_merge_trades__one_pair_twice__at_the_place_of_the_first() -> None:
    first, other, again = (
        trade(5, Decimal(5), Decimal(1)),
        trade(9, Decimal(9), Decimal(1), sell=DAI),
        trade(2, Decimal(2), Decimal(1)),
    )
    merged = merge_trades([first, other, again])
    assert [(item.sell, item.sell_units, item.value_usd) for item in merged] == [
        (USDC, 7, Decimal(7)),
        (DAI, 9, Decimal(9)),
    ]
    assert merge_trades([first, other]) == (first, other)
