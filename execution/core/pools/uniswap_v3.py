"""What an exact-input swap does in a Uniswap v3 pool, to the unit (DE-26).

Integers throughout, every rounding where the contract has it: input up, output down, fee up at
each tick that is reached. The authority is the pool itself (QuoterV2 at a pinned block); this
answers the same without a node, which is what finding a split needs. Not done: exact output,
price limits, protocol fees (they leave amounts as they are), tokens that take a fee on transfer.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import Final

from execution.core.pools.ticks import (
    MAX_SQRT_PRICE,
    MAX_TICK,
    MIN_SQRT_PRICE,
    MIN_TICK,
    sqrt_price_at,
    tick_at,
    word_end,
)
from treasury.core.types import Address

Q96: Final = 2**96
FEE_UNITS: Final = 10**6
"""A pool's fee counts millionths."""


class BeyondKnownError(ValueError):
    """The trade would leave the range of ticks that was read, or all liquidity there is."""


@dataclass(frozen=True, slots=True)
class PoolState:
    """One pool at one block. `ticks` are (tick, net liquidity) of every initialised tick from
    `known_from` to `known_to`, ascending; what lies beyond is not known."""

    address: Address
    token0: Address
    token1: Address
    fee: int
    spacing: int
    sqrt_price: int
    tick: int
    liquidity: int
    ticks: tuple[tuple[int, int], ...]
    known_from: int = MIN_TICK
    known_to: int = MAX_TICK

    def sells_token0(self, sell: Address) -> bool:
        if sell not in (self.token0, self.token1):
            raise ValueError(f"{sell} is not in the pool {self.address}")
        return sell == self.token0


@dataclass(frozen=True, slots=True)
class Swap:
    """`fee_units` are of the sold token and part of `sell_units`. `ticks_crossed` counts the
    initialised ticks whose liquidity was put in or taken out."""

    sell_units: int
    buy_units: int
    fee_units: int
    sqrt_price_after: int
    tick_after: int
    ticks_crossed: int


@dataclass(frozen=True, slots=True)
class Step:
    """One move inside a range of constant liquidity; `used_units` without the fee."""

    sqrt_price: int
    used_units: int
    buy_units: int
    fee_units: int


# ------------------------------------------------------------------------------------ one range
def amount0(low: int, high: int, liquidity: int, *, up: bool) -> int:
    """Token0 between two prices."""
    whole, width = liquidity << 96, high - low
    if up:
        return _up(_up(whole * width, high), low)
    return whole * width // high // low


def amount1(low: int, high: int, liquidity: int, *, up: bool) -> int:
    """Token1 between two prices."""
    product = liquidity * (high - low)
    return _up(product, Q96) if up else product // Q96


def price_after(sqrt_price: int, liquidity: int, units: int, *, falling: bool) -> int:
    """Where an input (fee taken off) moves the price; rounded so that the pool never loses."""
    if not falling:
        return sqrt_price + units * Q96 // liquidity
    if units == 0:
        return sqrt_price
    whole = liquidity << 96
    if whole + units * sqrt_price < 2**256:
        return _up(whole * sqrt_price, whole + units * sqrt_price)
    return _up(whole, whole // sqrt_price + units)  # as the contract does when 256 bits end


def _up(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)


def step(sqrt_price: int, target: int, liquidity: int, remaining: int, fee: int) -> Step:
    """From a price towards the target, as far as `remaining` (fee included) goes."""
    falling = sqrt_price >= target
    amounts = (amount0, amount1) if falling else (amount1, amount0)
    less = remaining * (FEE_UNITS - fee) // FEE_UNITS
    low, high = sorted((sqrt_price, target))
    needed = amounts[0](low, high, liquidity, up=True)
    reached = target
    if less < needed:
        reached = price_after(sqrt_price, liquidity, less, falling=falling)
    low, high = sorted((sqrt_price, reached))
    used = needed if reached == target else amounts[0](low, high, liquidity, up=True)
    paid = remaining - used if reached != target else _up(used * fee, FEE_UNITS - fee)
    return Step(reached, used, amounts[1](low, high, liquidity, up=False), paid)


# ------------------------------------------------------------------------------------ a whole trade
def swap(pool: PoolState, sell: Address, units: int) -> Swap:
    """Sell exactly `units`. Raises BeyondKnownError when that cannot be told from what is known of
    the pool."""
    if units <= 0:
        raise ValueError(f"a sale of {units} units")
    falling = pool.sells_token0(sell)
    limit = MIN_SQRT_PRICE + 1 if falling else MAX_SQRT_PRICE - 1
    price, tick, liquidity = pool.sqrt_price, pool.tick, pool.liquidity
    remaining, bought, fees, crossed = units, 0, 0, 0
    while remaining:
        if price == limit:
            raise BeyondKnownError(f"pool {pool.address} has no liquidity left for {units} units")
        following, net = _next_tick(pool, tick, falling=falling)
        at_following = sqrt_price_at(following)
        target = max(at_following, limit) if falling else min(at_following, limit)
        taken = step(price, target, liquidity, remaining, pool.fee)
        remaining -= taken.used_units + taken.fee_units
        bought += taken.buy_units
        fees += taken.fee_units
        if taken.sqrt_price == at_following:
            if net is not None:
                liquidity += -net if falling else net
                crossed += 1
            tick = following - 1 if falling else following
        elif taken.sqrt_price != price:
            tick = tick_at(taken.sqrt_price)
        price = taken.sqrt_price
    return Swap(units, bought, fees, price, tick, crossed)


def _next_tick(pool: PoolState, tick: int, *, falling: bool) -> tuple[int, int | None]:
    """The next tick at which the contract pauses: an initialised one with its net liquidity, or the
    end of the bitmap's word with None."""
    end = word_end(tick, pool.spacing, falling=falling)
    if falling:
        place = bisect_right(pool.ticks, tick, key=_tick) - 1
        found = pool.ticks[place] if place >= 0 and pool.ticks[place][0] >= end else None
    else:
        place = bisect_right(pool.ticks, tick, key=_tick)
        found = pool.ticks[place] if place < len(pool.ticks) else None
        if found is not None and found[0] > end:
            found = None
    following = max(end, MIN_TICK) if falling else min(end, MAX_TICK)
    net = None
    if found is not None:
        following, net = found
    if not pool.known_from <= following <= pool.known_to:
        raise BeyondKnownError(
            f"pool {pool.address} was read from tick {pool.known_from} to {pool.known_to} only"
        )
    return following, net


def _tick(entry: tuple[int, int]) -> int:
    return entry[0]


# ------------------------------------------------------------------------------------ beside it
def quoter_ticks(pool: PoolState, tick_after: int) -> int:
    """Initialised ticks crossed as QuoterV2 counts them. Its count divides ticks rounding towards
    zero where the pool itself rounds down, so below tick 0 it may differ from
    `Swap.ticks_crossed` by the tick at either end; kept to compare with, never to compute with."""
    first, last = (_quoter_place(tick, pool.spacing) for tick in (pool.tick, tick_after))
    places = [tick // pool.spacing for tick, _ in pool.ticks]
    low, high = min(first, last), max(first, last)
    count = bisect_right(places, high) - bisect_left(places, low)
    for tick, place, counts in (
        (tick_after, last, pool.tick > tick_after),
        (pool.tick, first, pool.tick < tick_after),
    ):
        count -= counts and tick % pool.spacing == 0 and place in places
    return count


def _quoter_place(tick: int, spacing: int) -> int:
    return -(-tick // spacing) if tick < 0 else tick // spacing


def slope(pool: PoolState, sell: Address, sqrt_price: int) -> tuple[int, int]:
    """Units that the next unit sold would bring at this price, its fee taken off, as (numerator,
    denominator). Not reduced: a search compares thousands of them."""
    square, kept = sqrt_price * sqrt_price, FEE_UNITS - pool.fee
    if pool.sells_token0(sell):
        return square * kept, FEE_UNITS << 192
    return kept << 192, square * FEE_UNITS


def marginal(pool: PoolState, sell: Address, sqrt_price: int) -> Fraction:
    return Fraction(*slope(pool, sell, sqrt_price))


def largest_for_move(pool: PoolState, sell: Address, move_bps: int) -> int:
    """The largest sale that moves the price by at most `move_bps` of itself within the present
    range (DE-27, in integers). A range that ends before answers for itself only."""
    falling = pool.sells_token0(sell)
    if not 0 < move_bps < 10_000:
        raise ValueError(f"a move of {move_bps} bps")
    factor = Fraction(10_000 - move_bps if falling else 10_000 + move_bps, 10_000)
    target = isqrt(pool.sqrt_price**2 * factor.numerator // factor.denominator)
    amounts = amount0 if falling else amount1
    low, high = sorted((pool.sqrt_price, target))
    return amounts(low, high, pool.liquidity, up=False) * FEE_UNITS // (FEE_UNITS - pool.fee)
