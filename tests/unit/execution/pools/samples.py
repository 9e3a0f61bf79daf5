"""Pools for pure tests: two tokens, a price of 2,000, ranges around it."""

from __future__ import annotations

from math import isqrt

from execution.core.pools.places import pool_address
from execution.core.pools.ticks import MAX_TICK, tick_at
from execution.core.pools.uniswap_v3 import PoolState
from treasury.core.types import Address

LOW = Address("0x" + "11" * 20)
MIDDLE = Address("0x" + "22" * 20)
HIGH = Address("0x" + "33" * 20)
SPACING = {100: 1, 500: 10, 3000: 60, 10000: 200}
TWO_THOUSAND = isqrt(2000 << 192)


def pool(
    token0: Address,
    token1: Address,
    *ranges: tuple[int, int | None],
    fee: int = 3000,
    sqrt_price: int = TWO_THOUSAND,
) -> PoolState:
    """`ranges` are (liquidity, half width in ticks around the price, None for all prices)."""
    spacing, tick = SPACING[fee], tick_at(sqrt_price)
    nets: dict[int, int] = {}
    here = 0
    for liquidity, half in ranges:
        limit = MAX_TICK // spacing * spacing
        low = -limit if half is None else (tick - half) // spacing * spacing
        high = limit if half is None else (tick + half) // spacing * spacing
        nets[low] = nets.get(low, 0) + liquidity
        nets[high] = nets.get(high, 0) - liquidity
        here += liquidity if low <= tick < high else 0
    return PoolState(
        address=pool_address(token0, token1, fee),
        token0=token0,
        token1=token1,
        fee=fee,
        spacing=spacing,
        sqrt_price=sqrt_price,
        tick=tick,
        liquidity=here,
        ticks=tuple(sorted(nets.items())),
    )
