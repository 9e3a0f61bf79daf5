"""Trades put together and taken apart, so that a sale may go several ways: nothing is lost and
nothing is counted twice. Lots do not come along: they are chosen for the trades as they end up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from decimal import ROUND_DOWN, Decimal

from treasury.core.amounts import exact
from treasury.core.decisions import Trade
from treasury.core.types import Address, CostEstimate

PLACES = Decimal("0.00000001")


@exact
def merge_trades(trades: Sequence[Trade]) -> tuple[Trade, ...]:
    """One trade per pair, at the place of the pair's first. Legs of one pair trade in the same
    pools: quoted one by one they would each be promised the same liquidity."""
    found: dict[tuple[Address, Address], Trade] = {}
    for trade in trades:
        pair = (trade.sell, trade.buy)
        earlier = found.get(pair)
        found[pair] = trade if earlier is None else _sum(earlier, trade)
    return tuple(found.values())


@exact
def divide_trade(trade: Trade, units: Sequence[int]) -> tuple[Trade, ...]:
    """The trade in parts that sell these units. Value, expectation and every cost term are shared
    pro rata, rounded down, and the last part takes what is left: sums are exactly the whole."""
    if sum(units) != trade.sell_units or any(part <= 0 for part in units):
        raise ValueError(f"parts {list(units)} of a sale of {trade.sell_units}")
    if len(units) == 1:
        return (trade,)
    parts: list[Trade] = []
    left = trade
    for sold in units[:-1]:
        part = replace(
            trade,
            sell_units=sold,
            expected_buy_units=trade.expected_buy_units * sold // trade.sell_units,
            value_usd=_share(trade.value_usd, sold, trade.sell_units),
            cost=CostEstimate(
                **{
                    term.name: _share(getattr(trade.cost, term.name), sold, trade.sell_units)
                    for term in fields(CostEstimate)
                }
            ),
            lots=(),
        )
        parts.append(part)
        left = _difference(left, part)
    return (*parts, left)


def _share(amount: Decimal, units: int, whole: int) -> Decimal:
    return (amount * units / whole).quantize(PLACES, ROUND_DOWN)


def _sum(one: Trade, other: Trade) -> Trade:
    return _combined(one, other, 1)


def _difference(one: Trade, other: Trade) -> Trade:
    return _combined(one, other, -1)


def _combined(one: Trade, other: Trade, sign: int) -> Trade:
    return replace(
        one,
        sell_units=one.sell_units + sign * other.sell_units,
        expected_buy_units=one.expected_buy_units + sign * other.expected_buy_units,
        value_usd=one.value_usd + sign * other.value_usd,
        cost=CostEstimate(
            **{
                term.name: getattr(one.cost, term.name) + sign * getattr(other.cost, term.name)
                for term in fields(CostEstimate)
            }
        ),
        lots=(),
    )
