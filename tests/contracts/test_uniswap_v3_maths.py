"""The exact maths beside the pools themselves: QuoterV2 by `eth_call` at a pinned block."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from random import Random

from config.local.chain.cache import ensure_chain
from config.local.chain.deployment import Deployment
from config.local.chain.market import Market
from execution.adapters import ethereum
from execution.adapters.pools import PoolKey, read_pools
from execution.core.abi import decode_words, encode_call
from execution.core.contracts import QUOTER_V2
from execution.core.pools.places import pool_address
from execution.core.pools.ticks import sqrt_price_at
from execution.core.pools.uniswap_v3 import (
    BeyondKnownError,
    PoolState,
    Swap,
    largest_for_move,
    quoter_ticks,
    step,
    swap,
)
from tests.conftest import Chain
from treasury.adapters.rpc import Request, Rpc, block_tag
from treasury.core.types import Address, BlockRef

QUOTE = "quoteExactInputSingle((address,address,uint256,uint24,uint160))"
TRADES = 1_000
PER_STATE = 250
BATCH = 125
SHOCKS: tuple[dict[str, int], ...] = (
    {},
    {"WETH": 900, "WBTC": -700},
    {"WETH": -2_100, "DAI": -40},
    {"WBTC": 1_500},
)
"""Each moves the pools off the middle of their ranges, into others."""


def keys_of(deployment: Deployment) -> list[PoolKey]:
    token = {name: Address(item.address) for name, item in deployment.tokens.items()}
    pools = (*deployment.pools, *deployment.side_pools)
    return [PoolKey.of(token[pool.token0], token[pool.token1], pool.fee) for pool in pools]


def quotes(
    rpc: Rpc, trades: list[tuple[PoolState, Address, int]], block: BlockRef
) -> Iterator[tuple[int, ...]]:
    for start in range(0, len(trades), BATCH):
        requests = []
        for pool, sell, units in trades[start : start + BATCH]:
            buy = pool.token1 if sell == pool.token0 else pool.token0
            data = "0x" + encode_call(QUOTE, (sell, buy, units, pool.fee, 0)).hex()
            requests.append(
                Request("eth_call", ({"to": QUOTER_V2, "data": data}, block_tag(block)))
            )
        for answer in rpc.batch(requests):
            out, price, ticks, _ = decode_words(
                ("uint256", "uint160", "uint32", "uint256"), bytes.fromhex(answer[2:])
            )
            yield int(out), int(price), int(ticks)


def random_trade(chance: Random, pools: list[PoolState]) -> tuple[PoolState, Address, int, Swap]:
    """One third dust to fortunes, one third made for a move of the price, one third made to land on
    the next pause of the contract, or one unit beside it."""
    while True:
        pool = chance.choice(pools)
        sell = chance.choice((pool.token0, pool.token1))
        kind = chance.randrange(3)
        units = int(10 ** chance.uniform(0, 27))
        if kind == 1:
            units = 1 + largest_for_move(pool, sell, chance.randrange(1, 6_000))
        elif kind == 2:
            units = max(1, to_next_pause(pool, sell) + chance.randrange(-1, 2))
        try:
            return pool, sell, units, swap(pool, sell, units)
        except BeyondKnownError:
            continue


def to_next_pause(pool: PoolState, sell: Address) -> int:
    """What exactly moves the price to the next initialised tick, when it is in the same word."""
    falling = sell == pool.token0
    ahead = [tick for tick, _ in pool.ticks if (tick <= pool.tick if falling else tick > pool.tick)]
    if not ahead:
        return 1
    target = sqrt_price_at(max(ahead) if falling else min(ahead))
    taken = step(pool.sqrt_price, target, pool.liquidity, 2**128, pool.fee)
    return taken.used_units + taken.fee_units


def test_swap__thousand_random_trades_in_eight_pools__equal_quoter_v2_to_the_unit(
    chain: Chain,
) -> None:
    deployment = ensure_chain().manifest
    chance = Random(4)  # noqa: S311  trades, not keys
    crossings: Counter[int] = Counter()
    used: Counter[tuple[Address, bool]] = Counter()
    compared = 0
    with (
        closing(Market(chain.url, deployment, seed=4)) as market,
        ethereum.connect(chain.url) as rpc,
    ):
        for shocks in SHOCKS:
            market.step(12, shocks)
            block = rpc.block()
            before = rpc.round_trips
            pools = list(read_pools(rpc, keys_of(deployment), block).values())
            assert rpc.round_trips - before == 2
            assert len(pools) == 8
            found = [random_trade(chance, pools) for _ in range(PER_STATE)]
            asked = [(pool, sell, units) for pool, sell, units, _ in found]
            for (pool, sell, units, own), told in zip(
                found, quotes(rpc, asked, block), strict=True
            ):
                mine = (own.buy_units, own.sqrt_price_after, quoter_ticks(pool, own.tick_after))
                assert mine == told, (pool.address, sell, units)
                crossings[own.ticks_crossed] += 1
                used[pool.address, sell == pool.token0] += 1
                compared += 1
    sys.stdout.write(
        f"{compared} trades equal QuoterV2 to the unit: {len(used)} of 16 pools and directions, "
        f"ticks crossed {dict(sorted(crossings.items()))}\n"
    )
    assert compared == TRADES
    assert len(used) == 16
    assert sum(count for ticks, count in crossings.items() if ticks) >= 300
    assert sum(count for ticks, count in crossings.items() if ticks > 1) >= 20
    assert max(crossings) >= 3


def test_pool_address__of_every_pool_of_the_chain__is_where_it_stands() -> None:
    deployment = ensure_chain().manifest
    pools = (*deployment.pools, *deployment.side_pools)
    for key, pool in zip(keys_of(deployment), pools, strict=True):
        assert pool_address(key.token1, key.token0, key.fee) == Address(pool.address)


def test_read_pools__a_pool_that_is_not_there__is_missing_and_the_others_stay(
    chain: Chain,
) -> None:
    deployment = ensure_chain().manifest
    there = keys_of(deployment)[0]
    absent = PoolKey(there.token0, there.token1, 100)
    with ethereum.connect(chain.url) as rpc:
        found = read_pools(rpc, [absent, there], rpc.block())
    assert list(found) == [there]
