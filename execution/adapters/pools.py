"""The state of Uniswap v3 pools at one pinned block, for the exact maths.

Two round trips for any number of pools: prices and liquidity of all in one multicall, then, since
only they say where to look, the initialised ticks around (one TickLens read a word, all in one
batch). Not done: ticks further away than `REACH_TICKS`; a trade that would leave what was read is
refused by the maths, never guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from execution.core.abi import UndecodableCallError, decode_words, encode_call
from execution.core.contracts import TICK_LENS
from execution.core.pools.places import pool_address, sorted_pair
from execution.core.pools.ticks import MAX_TICK, MIN_TICK, WORD_TICKS, word_of
from execution.core.pools.uniswap_v3 import PoolState
from treasury.adapters.multicall import ContractCall, multicall, signed_word, word
from treasury.adapters.rpc import Request, Rpc, RpcError, block_tag
from treasury.core.types import Address, BlockRef

REACH_TICKS: Final = 3_000
"""A third up or down: far beyond any price that a policy's tolerance accepts."""
HEAD: Final = ("slot0()", "liquidity()", "tickSpacing()")
TICKS: Final = "getPopulatedTicksInWord(address,int16)"


@dataclass(frozen=True, slots=True)
class PoolKey:
    """What names a pool; `token0` < `token1`."""

    token0: Address
    token1: Address
    fee: int

    @classmethod
    def of(cls, one: Address, other: Address, fee: int) -> PoolKey:
        return cls(*sorted_pair(one, other), fee)


@dataclass(frozen=True, slots=True)
class _Head:
    key: PoolKey
    address: Address
    sqrt_price: int
    tick: int
    liquidity: int
    spacing: int

    @property
    def words(self) -> range:
        """Words of the bitmap that are read."""
        low = max(self.tick - REACH_TICKS, MIN_TICK)
        high = min(self.tick + REACH_TICKS, MAX_TICK)
        return range(word_of(low, self.spacing), word_of(high, self.spacing) + 1)


def read_pools(
    rpc: Rpc, keys: Sequence[PoolKey], block: BlockRef | None
) -> dict[PoolKey, PoolState]:
    """Those of the pools that are there and have a price; the others are missing in the answer.
    Raises RpcUnavailableError."""
    heads = _heads(rpc, tuple(dict.fromkeys(keys)), block)
    wanted = [(head, number) for head in heads for number in head.words]
    requests = [_ticks_request(head, number, block) for head, number in wanted]
    try:
        answers = rpc.batch(requests)
    except RpcError:
        return {}
    found: dict[_Head, list[tuple[int, int]]] = {head: [] for head in heads}
    for (head, _), answer in zip(wanted, answers, strict=True):
        try:
            (ticks,) = decode_words(("(int24,int128,uint128)[]",), bytes.fromhex(answer[2:]))
        except UndecodableCallError:
            found.pop(head, None)
            continue
        if head in found:
            found[head] += [(int(tick), int(net)) for tick, net, _ in ticks]
    return {head.key: _state(head, ticks) for head, ticks in found.items()}


def _heads(rpc: Rpc, keys: Sequence[PoolKey], block: BlockRef | None) -> list[_Head]:
    places = [pool_address(key.token0, key.token1, key.fee) for key in keys]
    calls = [ContractCall(place, encode_call(name)) for place in places for name in HEAD]
    answers = multicall(rpc, calls, block=block) if calls else []
    heads = []
    for position, (key, place) in enumerate(zip(keys, places, strict=True)):
        slot0, liquidity, spacing = answers[3 * position : 3 * position + 3]
        price, tick = word(slot0), signed_word(slot0, 1)
        depth, width = word(liquidity), signed_word(spacing)
        if price and tick is not None and depth is not None and width:
            heads.append(_Head(key, place, price, tick, depth, width))
    return heads


def _ticks_request(head: _Head, number: int, block: BlockRef | None) -> Request:
    data = "0x" + encode_call(TICKS, head.address, number).hex()
    return Request("eth_call", ({"to": TICK_LENS, "data": data}, block_tag(block)))


def _state(head: _Head, ticks: list[tuple[int, int]]) -> PoolState:
    return PoolState(
        address=head.address,
        token0=head.key.token0,
        token1=head.key.token1,
        fee=head.key.fee,
        spacing=head.spacing,
        sqrt_price=head.sqrt_price,
        tick=head.tick,
        liquidity=head.liquidity,
        ticks=tuple(sorted(ticks)),
        known_from=max(head.words.start * WORD_TICKS * head.spacing, MIN_TICK),
        known_to=min((head.words.stop * WORD_TICKS - 1) * head.spacing, MAX_TICK),
    )
