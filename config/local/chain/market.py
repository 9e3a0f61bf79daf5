"""The rest of the market: moves prices, feeds and pools, one block at a time.

Each step is exactly one block at an explicit time, sent by the market account: the feeds get the
new prices, every pool is traded to the true price, and the vault earns. All controls take effect in
the next block. The same seed, chain and calls give the same blocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from math import isqrt
from typing import Final

from eth_abi.abi import decode

from config.local.chain.accounts import ACCOUNTS
from config.local.chain.deployment import Deployment, Pool
from config.local.chain.node import resume_clock
from config.local.chain.prices import BPS, PRICE_SCALE, YEAR_SECONDS, PricePath
from config.local.chain.rpc import Rpc, RpcError, encode_call, hexed, unhexed

DEFAULT_BASE_FEE_WEI: Final = 5 * 10**9
VAULT_YIELD_BPS: Final = 400  # a year
FEED_GAS: Final = 200_000
SWAP_GAS: Final = 3_000_000
TRANSFER_GAS: Final = 120_000
DRAIN_GAS: Final = 1_500_000
NO_LIMIT: Final = 2**128  # amountIn of a trade that stops at a price
LATER_SECONDS: Final = 12
TOO_EARLY: Final = "lower than previous block"
DUST_BPS: Final = 1  # v3 cannot trade through a range without any liquidity
_SWAP: Final = "exactInputSingle((address,address,uint24,address,uint256,uint256,uint256,uint160))"
_SLOT0: Final = ("uint160", "int24", "uint16", "uint16", "uint16", "uint8", "bool")
_POSITION: Final = (
    *("uint96", "address", "address", "address", "uint24", "int24", "int24", "uint128"),
    *("uint256", "uint256", "uint128", "uint128"),
)


class MarketError(Exception):
    """A feed could not be set; the market is not what the caller believes."""


@dataclass(frozen=True)
class MarketStep:
    """What one block brought. Prices are the true ones, in dollars with eight decimals.

    `unmoved` names pools whose trade failed, for instance because somebody else's trade in the same
    block had already passed the price.
    """

    number: int
    timestamp: int
    block_hash: str
    prices: Mapping[str, int]
    mood: str
    unmoved: tuple[str, ...]


@dataclass(frozen=True)
class _Intent:
    to: str
    data: bytes
    gas: int
    pool: Pool | None = None


class Market:
    """Drives one node. Starts from the prices that the chain's feeds show."""

    def __init__(self, rpc_url: str, deployment: Deployment, seed: int) -> None:
        self._rpc = Rpc(rpc_url)
        resume_clock(self._rpc)
        self._deployment = deployment
        self._account = ACCOUNTS["market"]
        feeds = deployment.feeds
        shown = {
            symbol: self._rpc.read_int(feed, "latestAnswer()") for symbol, feed in feeds.items()
        }
        self._path = PricePath(seed, shown)
        self._stale: set[str] = set()
        self._lies: dict[str, int] = {}
        self._staged: dict[str, tuple[int, int]] = {}
        self._drains: list[_Intent] = []
        self._detached: set[str] = set()
        self._base_fee_wei = DEFAULT_BASE_FEE_WEI
        self._timestamp = self._rpc.timestamp()

    @property
    def prices(self) -> dict[str, int]:
        return dict(self._path.prices)

    @property
    def timestamp(self) -> int:
        """Block time of the prices: that of the newest block this market has made."""
        return self._timestamp

    def close(self) -> None:
        self._rpc.close()

    # ------------------------------------------------------------------------ time
    def step(self, dt_seconds: int, shocks: Mapping[str, int] | None = None) -> MarketStep:
        """Let prices run for `dt_seconds`, then publish them in one block.

        `shocks` are sudden relative changes in basis points on top, for instance `{"WETH": -3000}`.
        """
        self._path.advance(dt_seconds)
        for symbol, change_bps in (shocks or {}).items():
            self._path.shock(symbol, change_bps)
        return self.hold(dt_seconds)

    def hold(self, dt_seconds: int) -> MarketStep:
        """Publish the prices as they are in one block, `dt_seconds` after the one before."""
        with self._node_waits() as automine:
            timestamp = self._rpc.timestamp() + dt_seconds
            intents = [*self._drains, *self._feed_updates(timestamp), *self._yield(dt_seconds)]
            intents += self._trades()
            hashes = self._mine(intents, timestamp, automine=automine)
        self._drains.clear()
        self._staged.clear()
        block = self._rpc.block()
        return MarketStep(
            number=int(block["number"], 16),
            timestamp=int(block["timestamp"], 16),
            block_hash=block["hash"],
            prices=self.prices,
            mood=self._path.mood,
            unmoved=self._verify(intents, hashes),
        )

    def mine(self, dt_seconds: int = 12) -> None:
        """One block with whatever is pending, and nothing of the market's own."""
        with self._node_waits() as automine:
            self._mine([], self._rpc.timestamp() + dt_seconds, automine=automine)

    # ------------------------------------------------------------------------ controls
    def set_price(self, symbol: str, usd: Decimal | int) -> None:
        """The true price; feeds and pools follow in the next block."""
        scaled = int(Decimal(usd) * PRICE_SCALE)
        if scaled <= 0 or symbol not in self._path.prices:
            raise ValueError(f"not a price of a known token: {symbol} {usd}")
        self._path.prices[symbol] = scaled

    def nudge(self, symbol: str, change_bps: int) -> None:
        """Move the true price by a few basis points."""
        self._path.shock(symbol, change_bps)

    def stale(self, symbol: str, *, on: bool = True) -> None:
        """While on, the feed keeps its last answer and time; the pools go on trading."""
        self._require_feed(symbol)
        (self._stale.add if on else self._stale.discard)(symbol)

    def liar(self, symbol: str, factor_bps: int = BPS) -> None:
        """The feed shows `factor_bps` ten-thousandths of the true price; 10,000 makes it honest."""
        self._require_feed(symbol)
        self._lies[symbol] = factor_bps

    def set_feed(self, symbol: str, answer: int, updated_at: int) -> None:
        """The feed's next answer and time, exactly and once, whatever the true price is."""
        self._require_feed(symbol)
        self._staged[symbol] = (answer, updated_at)

    def detach(self, pool: Pool, *, on: bool = True) -> None:
        """While on, nobody trades this pool to the true price."""
        (self._detached.add if on else self._detached.discard)(pool.address)

    def base_fee(self, wei: int) -> None:
        """Base fee of every block mined from here on."""
        self._base_fee_wei = wei

    def drain_pool(self, pool: Pool, keep_bps: int = DUST_BPS) -> None:
        """Withdraw liquidity until `keep_bps` ten-thousandths of it are left."""
        if not DUST_BPS <= keep_bps < BPS:
            raise ValueError(f"keep_bps must be from {DUST_BPS} to {BPS - 1}, not {keep_bps}")
        manager, me = self._deployment.contracts.position_manager, self._account.address
        mine = (
            self._deployment.tokens[pool.token0].address.lower(),
            self._deployment.tokens[pool.token1].address.lower(),
            pool.fee,
        )
        for index in range(self._rpc.balance_of(manager, me)):
            by_index = "tokenOfOwnerByIndex(address,uint256)"
            token_id = self._rpc.read_int(manager, by_index, me, index)
            position = self._rpc.read(manager, "positions(uint256)", token_id, returns=_POSITION)
            if tuple(position[2:5]) == mine:
                removed = position[7] * (BPS - keep_bps) // BPS
                self._drains.append(self._withdrawal(token_id, removed))

    def _withdrawal(self, token_id: int, liquidity: int) -> _Intent:
        everything = 2**128 - 1
        decrease = "decreaseLiquidity((uint256,uint128,uint256,uint256,uint256))"
        collect = "collect((uint256,address,uint128,uint128))"
        me = self._account.address
        calls = [
            encode_call(decrease, (token_id, liquidity, 0, 0, 2**64)),
            encode_call(collect, (token_id, me, everything, everything)),
        ]
        data = encode_call("multicall(bytes[])", calls)
        return _Intent(self._deployment.contracts.position_manager, data, DRAIN_GAS)

    def _require_feed(self, symbol: str) -> None:
        if symbol not in self._deployment.feeds:
            raise ValueError(f"no feed of {symbol}")

    # ------------------------------------------------------------------------ one block
    def _feed_updates(self, timestamp: int) -> list[_Intent]:
        intents = []
        for symbol, feed in self._deployment.feeds.items():
            if symbol in self._staged:
                answer, updated_at = self._staged[symbol]
            elif symbol in self._stale:
                continue
            else:
                answer = self._path.prices[symbol] * self._lies.get(symbol, BPS) // BPS
                updated_at = timestamp
            data = encode_call("set(int256,uint256)", answer, updated_at)
            intents.append(_Intent(feed, data, FEED_GAS))
        return intents

    def _yield(self, seconds: int) -> list[_Intent]:
        vault = self._deployment.vault
        assets = self._rpc.read_int(vault.address, "totalAssets()")
        earned = assets * VAULT_YIELD_BPS * seconds // (BPS * YEAR_SECONDS)
        if earned == 0:
            return []
        data = encode_call("transfer(address,uint256)", vault.address, earned)
        return [_Intent(self._deployment.tokens[vault.asset].address, data, TRANSFER_GAS)]

    def _trades(self) -> list[_Intent]:
        """For each pool one trade that is too big on purpose and stops at the wanted price."""
        there = (*self._deployment.pools, *self._deployment.side_pools)
        pools = [pool for pool in there if pool.address not in self._detached]
        slot0 = {"data": hexed(encode_call("slot0()"))}
        answers = self._rpc.reads(
            "eth_call", [({"to": pool.address} | slot0, "latest") for pool in pools]
        )
        intents = []
        for pool, answer in zip(pools, answers, strict=True):
            wanted, shown = self._sqrt_price(pool), int(decode(_SLOT0, unhexed(answer))[0])
            if wanted != shown:
                intents.append(self._trade(pool, wanted, sell_token0=wanted < shown))
        return intents

    def _trade(self, pool: Pool, wanted: int, *, sell_token0: bool) -> _Intent:
        tokens = self._deployment.tokens
        pair = (tokens[pool.token0].address, tokens[pool.token1].address)
        sold, bought = pair if sell_token0 else pair[::-1]
        parameters = (sold, bought, pool.fee, self._account.address, 2**64, NO_LIMIT, 0, wanted)
        router = self._deployment.contracts.swap_router
        return _Intent(router, encode_call(_SWAP, parameters), SWAP_GAS, pool)

    def _sqrt_price(self, pool: Pool) -> int:
        """sqrt(token1 per token0 in units) x 2^96, the pool's own measure."""
        first, second = (self._deployment.tokens[name] for name in (pool.token0, pool.token1))
        numerator = self._path.prices[first.symbol] * second.units(1)
        denominator = self._path.prices[second.symbol] * first.units(1)
        return isqrt((numerator << 192) // denominator)

    @contextmanager
    def _node_waits(self) -> Iterator[bool]:
        """A node that mines by itself (then True) does not meanwhile: a transaction that somebody
        sends would else become a block between our look at the head and ours."""
        automine = bool(self._rpc("anvil_getAutomine"))
        if automine:
            self._rpc("evm_setAutomine", False)
        try:
            yield automine
        finally:
            if automine:
                self._rpc("evm_setAutomine", True)

    def _mine(self, intents: list[_Intent], timestamp: int, *, automine: bool) -> list[str]:
        """All in one block."""
        nonce = self._rpc.nonce(self._account.address)
        hashes = [
            self._rpc.submit(
                self._account,
                self._deployment.chain_id,
                nonce + offset,
                intent.to,
                intent.data,
                gas=intent.gas,
            )
            for offset, intent in enumerate(intents)
        ]
        while True:
            try:
                self._rpc.mine(timestamp, self._base_fee_wei)
                break
            except RpcError as error:
                # A node that was already making a block when it was told to wait finishes it, at
                # the clock's time; ours comes after.
                if not (automine and TOO_EARLY in error.message):
                    raise
                timestamp += LATER_SECONDS
        self._timestamp = timestamp
        return hashes

    def _verify(self, intents: list[_Intent], hashes: list[str]) -> tuple[str, ...]:
        receipts = self._rpc.reads("eth_getTransactionReceipt", [(sent,) for sent in hashes])
        unmoved = []
        for intent, receipt in zip(intents, receipts, strict=True):
            if receipt is not None and int(receipt["status"], 16) == 1:
                continue
            if intent.pool is None:
                raise MarketError(f"the market's call to {intent.to} failed: {receipt}")
            unmoved.append(f"{intent.pool.token0}/{intent.pool.token1}")
        return tuple(unmoved)
