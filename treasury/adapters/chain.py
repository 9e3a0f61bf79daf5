"""What a treasury holds, read at one pinned block: balances, base fee, and what a token says of
itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from treasury.adapters.multicall import (
    MULTICALL3,
    ContractCall,
    address_word,
    answers_from,
    multicall,
    requests_for,
    text,
    word,
)
from treasury.adapters.rpc import Request, Rpc, RpcUnavailableError, block_ref
from treasury.core.types import NATIVE, Address, BlockRef

BALANCE_OF = bytes.fromhex("70a08231")  # balanceOf(address)
GET_ETH_BALANCE = bytes.fromhex("4d2301cc")  # getEthBalance(address), Multicall3's own
DECIMALS = bytes.fromhex("313ce567")  # decimals()
SYMBOL = bytes.fromhex("95d89b41")  # symbol()
NATIVE_DECIMALS, NATIVE_SYMBOL = 18, "ETH"
MAX_UINT8 = 255


class UnreadableTokenError(RuntimeError):
    """A contract does not answer as a token does. The message names it."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One balance to read: how much of `asset` (NATIVE for the chain's currency) `holder` has."""

    holder: Address
    asset: Address


@dataclass(frozen=True, slots=True)
class ChainState:
    """Balances in the order asked for, all at `block`. `round_trips` counts HTTP requests."""

    block: BlockRef
    base_fee_wei: int
    units: tuple[int, ...]
    round_trips: int


@dataclass(frozen=True, slots=True)
class TokenFacts:
    symbol: str
    decimals: int


def open_rpc(url: str) -> Rpc:
    """The node at this address. Services get their `Rpc` here and never import a transport."""
    return Rpc(url)


def read_state(rpc: Rpc, pairs: Sequence[Pair], *, block: BlockRef) -> ChainState:
    """The block's header and every balance in one round trip.

    A balance that cannot be read is an error and never 0: a snapshot that misses a position would
    look like a loss. So is a node that answers for another block than the pinned one.
    """
    before = rpc.round_trips
    calls = [balance_call(pair) for pair in pairs]
    header, *results = rpc.batch(
        [Request("eth_getBlockByHash", (block.hash, False)), *requests_for(calls, block=block)]
    )
    if header is None or block_ref(header) != block:
        raise RpcUnavailableError(f"the node does not know block {block.number} {block.hash}")
    units = []
    for pair, answer in zip(pairs, answers_from(calls, results), strict=True):
        balance = word(answer)
        if balance is None:
            raise UnreadableTokenError(f"{pair.asset} does not tell the balance of {pair.holder}")
        units.append(balance)
    return ChainState(
        block=block,
        base_fee_wei=int(header.get("baseFeePerGas", "0x0"), 16),
        units=tuple(units),
        round_trips=rpc.round_trips - before,
    )


def read_token(rpc: Rpc, token: Address, *, block: BlockRef | None = None) -> TokenFacts:
    """Decimals and symbol as the contract says them, to be pinned when the asset is added."""
    if token == NATIVE:
        return TokenFacts(NATIVE_SYMBOL, NATIVE_DECIMALS)
    calls = [ContractCall(token, DECIMALS), ContractCall(token, SYMBOL)]
    answers = multicall(rpc, calls, block=block)
    decimals, symbol = word(answers[0]), text(answers[1])
    if decimals is None or decimals > MAX_UINT8:
        raise UnreadableTokenError(f"{token} does not tell its decimals: it is no ERC-20 token")
    return TokenFacts(symbol or "", decimals)


def balance_call(pair: Pair) -> ContractCall:
    if pair.asset == NATIVE:
        return ContractCall(MULTICALL3, GET_ETH_BALANCE + address_word(pair.holder))
    return ContractCall(pair.asset, BALANCE_OF + address_word(pair.holder))
