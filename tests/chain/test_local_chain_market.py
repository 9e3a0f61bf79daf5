"""The market of the local chain: one block a step, the same for the same seed, all controls."""

from __future__ import annotations

from collections.abc import Iterator
from math import isqrt

import pytest

from config.local.chain.accounts import ACCOUNTS
from config.local.chain.cache import ChainCache, ensure_chain, running_chain
from config.local.chain.deployment import Deployment, Pool
from config.local.chain.market import Market, MarketStep
from config.local.chain.node import Node, rewound, running_node
from config.local.chain.prices import PRICE_SCALE, PricePath
from config.local.chain.rpc import Rpc, encode_call

SLOT0 = ["uint160", "int24", "uint16", "uint16", "uint16", "uint8", "bool"]
DAY = 86_400


@pytest.fixture(scope="module")
def cache() -> ChainCache:
    return ensure_chain()


@pytest.fixture(scope="module")
def there(cache: ChainCache) -> Deployment:
    return cache.manifest


@pytest.fixture(scope="module")
def running(cache: ChainCache) -> Iterator[Node]:
    with running_chain(cache) as node:
        yield node


@pytest.fixture
def rpc(running: Node) -> Iterator[Rpc]:
    rpc = running.rpc()
    with rewound(rpc):
        yield rpc
    rpc.close()


@pytest.fixture
def market(running: Node, rpc: Rpc, there: Deployment) -> Iterator[Market]:
    market = Market(running.url, there, seed=7)
    yield market
    market.close()


def feed(rpc: Rpc, there: Deployment, symbol: str) -> tuple[int, int]:
    address = there.feeds[symbol]
    return rpc.read_int(address, "latestAnswer()"), rpc.read_int(address, "latestTimestamp()")


def pool_price(rpc: Rpc, there: Deployment, pool: Pool) -> int:
    """Dollars of token0 with eight decimals if token1 were worth one dollar."""
    root = int(rpc.read(pool.address, "slot0()", returns=SLOT0)[0])
    first, second = there.tokens[pool.token0], there.tokens[pool.token1]
    return (root * root * first.units(1) * PRICE_SCALE // second.units(1)) >> 192


def expected_price(step: MarketStep, pool: Pool) -> int:
    return step.prices[pool.token0] * PRICE_SCALE // step.prices[pool.token1]


# ------------------------------------------------------------------------------------ one step
def test_step_is_one_block_with_feeds_and_pools_at_the_true_price(
    rpc: Rpc, there: Deployment, market: Market
) -> None:
    step = market.step(300, {"WETH": -1_500})
    assert step.number == there.head_number + 1
    assert step.timestamp == there.head_timestamp + 300
    assert step.unmoved == ()
    assert 2_400 * PRICE_SCALE < step.prices["WETH"] < 2_700 * PRICE_SCALE
    for symbol, price in step.prices.items():
        assert feed(rpc, there, symbol) == (price, step.timestamp)
    for pool in there.pools:
        expected = expected_price(step, pool)
        assert abs(pool_price(rpc, there, pool) - expected) <= expected // 10**6 + 1


def test_large_moves_stay_within_the_liquidity(rpc: Rpc, there: Deployment, market: Market) -> None:
    for shocks in ({"WETH": -7_000, "WBTC": -6_000}, {"WETH": 40_000}, {"DAI": -1_500}):
        step = market.step(3_600, shocks)
        assert step.unmoved == ()
        for pool in there.pools:
            expected = expected_price(step, pool)
            assert abs(pool_price(rpc, there, pool) - expected) <= expected // 10**6 + 1


def test_vault_earns_in_proportion_to_time(rpc: Rpc, there: Deployment, market: Market) -> None:
    one_share = there.tokens["USDC"].units(1_000)
    before = rpc.read_int(there.vault.address, "convertToAssets(uint256)", one_share)
    for _ in range(30):
        market.hold(DAY)
    grown = rpc.read_int(there.vault.address, "convertToAssets(uint256)", one_share) - before
    assert 3_200_000 < grown < 3_400_000, "4 % a year on a thousand dollars for thirty days"


# ------------------------------------------------------------------------------------ same seed
def test_same_seed_gives_the_same_blocks(cache: ChainCache) -> None:
    """Even if somebody reads and simulates in between."""

    def run(seed: int, *, curious: bool) -> list[str]:
        with running_chain(cache) as node:
            market, rpc = Market(node.url, cache.manifest, seed), node.rpc()
            hashes = []
            for number in range(4):
                if curious:
                    call = {"from": cache.manifest.safes.core, "to": cache.manifest.safes.main}
                    rpc("eth_call", call, "latest")
                    rpc("eth_estimateGas", call)
                    rpc("eth_simulateV1", {"blockStateCalls": [{"calls": [call]}]}, "latest")
                    rpc.block("pending")
                shocks = {"WETH": -500} if number == 2 else None
                hashes.append(market.step(600, shocks).block_hash)
            return hashes

    first = run(11, curious=False)
    assert run(11, curious=True) == first
    assert run(12, curious=False)[0] != first[0]


def test_price_path_is_the_same_everywhere() -> None:
    """Whole numbers only: these values hold on every machine and every Python."""
    path = PricePath(1, {"WETH": 3_000 * PRICE_SCALE, "USDC": PRICE_SCALE})
    for _ in range(1_000):
        path.advance(3_600)
    again = PricePath(1, {"USDC": PRICE_SCALE, "WETH": 3_000 * PRICE_SCALE})
    for _ in range(1_000):
        again.advance(3_600)
    assert path.prices == again.prices
    assert 500 * PRICE_SCALE < path.prices["WETH"] < 15_000 * PRICE_SCALE
    assert abs(path.prices["USDC"] - PRICE_SCALE) < PRICE_SCALE // 200


def test_volatility_is_that_of_the_market() -> None:
    path = PricePath(5, {"WETH": 3_000 * PRICE_SCALE})
    returns = []
    for _ in range(2_000):
        before = path.prices["WETH"]
        path.advance(DAY)
        returns.append((path.prices["WETH"] - before) * 10**6 // before)
        path.prices["WETH"] = 3_000 * PRICE_SCALE
    deviation = isqrt(sum(change * change for change in returns) // len(returns))
    assert 20_000 < deviation < 90_000, "two to nine per cent a day"


# ------------------------------------------------------------------------------------ controls
def test_stale_feed_keeps_its_answer_while_the_pool_trades(
    rpc: Rpc, there: Deployment, market: Market
) -> None:
    before = feed(rpc, there, "WETH")
    market.stale("WETH")
    step = market.step(7_200, {"WETH": -1_000})
    assert feed(rpc, there, "WETH") == before
    pool = there.pool("WETH", "USDC")
    assert abs(pool_price(rpc, there, pool) - expected_price(step, pool)) <= 1
    market.stale("WETH", on=False)
    again = market.hold(12)
    assert feed(rpc, there, "WETH") == (again.prices["WETH"], again.timestamp)


def test_lying_feed_departs_from_the_pool_until_it_is_honest(
    rpc: Rpc, there: Deployment, market: Market
) -> None:
    market.liar("WETH", 11_000)
    step = market.hold(12)
    assert feed(rpc, there, "WETH")[0] == step.prices["WETH"] * 11 // 10
    market.liar("WETH")
    step = market.hold(12)
    assert feed(rpc, there, "WETH")[0] == step.prices["WETH"]


def test_feed_and_price_can_be_set_exactly(rpc: Rpc, there: Deployment, market: Market) -> None:
    market.set_price("WETH", 4_321)
    market.set_feed("WBTC", 1, there.head_timestamp - 99)
    step = market.hold(12)
    assert step.prices["WETH"] == 4_321 * PRICE_SCALE
    assert feed(rpc, there, "WETH") == (4_321 * PRICE_SCALE, step.timestamp)
    assert feed(rpc, there, "WBTC") == (1, there.head_timestamp - 99)
    step = market.hold(12)
    assert feed(rpc, there, "WBTC") == (step.prices["WBTC"], step.timestamp), "only once"
    with pytest.raises(ValueError, match="no feed"):
        market.set_feed("XYZ", 1, 1)


def test_base_fee_holds_for_every_block(rpc: Rpc, market: Market) -> None:
    market.base_fee(77 * 10**9)
    market.hold(12)
    market.mine()
    assert int(rpc.block()["baseFeePerGas"], 16) == 77 * 10**9


def test_drained_pool_is_shallow_and_detached_pool_stays(
    rpc: Rpc, there: Deployment, market: Market
) -> None:
    pool, other = there.pool("WETH", "USDC"), there.pool("WBTC", "USDC")
    depth = rpc.read_int(pool.address, "liquidity()")
    price = pool_price(rpc, there, other)
    market.drain_pool(pool, keep_bps=100)
    market.detach(other)
    step = market.step(60, {"WBTC": 2_000})
    assert step.unmoved == ()
    assert abs(rpc.read_int(pool.address, "liquidity()") * 100 - depth) < depth // 100
    assert pool_price(rpc, there, other) == price


# ------------------------------------------------------------------------------------ automine
def test_step_is_one_block_also_where_the_node_mines_by_itself(cache: ChainCache) -> None:
    there = cache.manifest
    with running_chain(cache, automine=True) as node:
        rpc, market = node.rpc(), Market(node.url, there, seed=7)
        step = market.step(120, {"WETH": 100})
        assert step.number == there.head_number + 1
        assert rpc("anvil_getAutomine") is True
        account = ACCOUNTS["owner1"]
        data = encode_call("approve(address,uint256)", there.safes.main, 1)
        usdc = there.tokens["USDC"].address
        rpc.submit(account, there.chain_id, rpc.nonce(account.address), usdc, data, gas=100_000)
        last = market.step(120)
        assert last.number == there.head_number + 3, "one block of the node's own in between"
        assert 240 <= last.timestamp - there.head_timestamp < 300, "the clock goes on from the head"


def test_market_brings_a_clock_back_that_ran_ahead(cache: ChainCache) -> None:
    """A node started without the head's time is months ahead and refuses every earlier block."""
    there = cache.manifest
    ahead = there.head_timestamp + 300 * DAY
    with running_node(timestamp=ahead, state=cache.state_path) as node:
        market = Market(node.url, there, seed=7)
        assert market.step(12).timestamp == there.head_timestamp + 12
