"""Ways from one token to another over pools, what a trade along one brings, and the bytes by which
the router is told (token, fee, token, ...).

A path uses each token once. Pools are taken as they are at the pinned block: two paths that share a
pool are never used together. Not done: more than `MAX_HOPS` pools.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from execution.core.abi import UndecodableCallError, to_address
from execution.core.pools.uniswap_v3 import (
    FEE_UNITS,
    BeyondKnownError,
    PoolState,
    Swap,
    marginal,
    slope,
    swap,
)
from treasury.core.types import Address

MAX_HOPS: Final = 2
TOKEN_BYTES, FEE_BYTES = 20, 3
BPS: Final = 10_000
BPS_PLACES: Final = Decimal("0.0001")
FEE_PLACES: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Path:
    """`tokens` are one more than `pools`; the first is sold, the last bought."""

    tokens: tuple[Address, ...]
    pools: tuple[PoolState, ...]

    @property
    def fees(self) -> tuple[int, ...]:
        return tuple(pool.fee for pool in self.pools)

    @property
    def places(self) -> frozenset[Address]:
        return frozenset(pool.address for pool in self.pools)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One trade along a path; `swaps` are one per pool. `slope` is what the next unit sold would
    bring, fees taken off, as (numerator, denominator)."""

    sell_units: int
    buy_units: int
    swaps: tuple[Swap, ...]
    slope: tuple[int, int]

    @property
    def marginal(self) -> Fraction:
        return Fraction(*self.slope)

    @property
    def ticks_crossed(self) -> int:
        return sum(one.ticks_crossed for one in self.swaps)


def find_paths(
    pools: Sequence[PoolState], sell: Address, buy: Address, *, max_hops: int
) -> tuple[Path, ...]:
    """Every way of at most `max_hops` pools, single pools first, then by fees and addresses."""
    if not 1 <= max_hops <= MAX_HOPS:
        raise ValueError(f"paths of up to {max_hops} pools; 1 to {MAX_HOPS} are known")
    around = [pool for pool in pools if sell in (pool.token0, pool.token1)]
    found = [Path((sell, buy), (pool,)) for pool in around if other(pool, sell) == buy]
    if max_hops > 1:
        last = [pool for pool in pools if buy in (pool.token0, pool.token1)]
        found += [
            Path((sell, other(first, sell), buy), (first, second))
            for first in around
            for second in last
            if other(first, sell) == other(second, buy) and other(first, sell) not in (sell, buy)
        ]
    return tuple(sorted(found, key=lambda path: (len(path.pools), path.fees, path.tokens)))


def other(pool: PoolState, token: Address) -> Address:
    return pool.token1 if token == pool.token0 else pool.token0


def trade(path: Path, units: int) -> Outcome:
    """Sell exactly `units` along the path. Raises BeyondKnownError when a pool on the way cannot
    take it, or gives nothing for it."""
    swaps, carried, above, below = [], units, 1, 1
    for token, pool in zip(path.tokens, path.pools, strict=False):
        done = swap(pool, token, carried)
        swaps.append(done)
        numerator, denominator = slope(pool, token, done.sqrt_price_after)
        above, below = above * numerator, below * denominator
        carried = done.buy_units
        if carried == 0:
            raise BeyondKnownError(f"pool {pool.address} gives nothing for {done.sell_units} units")
    return Outcome(units, carried, tuple(swaps), (above, below))


def impact_bps(path: Path, outcome: Outcome) -> Decimal:
    """By how much the trade's own size makes its price worse than that of its first unit (fees are
    in neither), in bps, four places."""
    first = Fraction(1)
    for token, pool in zip(path.tokens, path.pools, strict=False):
        first *= marginal(pool, token, pool.sqrt_price)
    fair = first * outcome.sell_units
    lost = max(Fraction(0), 1 - outcome.buy_units / fair) * BPS
    return (Decimal(lost.numerator) / Decimal(lost.denominator)).quantize(BPS_PLACES)


def fee_bps(fees: Sequence[int]) -> Decimal:
    """What pools of these fees keep one after the other, in bps of what is sold, two places."""
    kept = Fraction(1)
    for fee in fees:
        kept *= Fraction(FEE_UNITS - fee, FEE_UNITS)
    lost = (1 - kept) * BPS
    return (Decimal(lost.numerator) / Decimal(lost.denominator)).quantize(FEE_PLACES)


# ------------------------------------------------------------------------------------ bytes
def encode_path(tokens: Sequence[Address], fees: Sequence[int]) -> bytes:
    parts = [bytes.fromhex(tokens[0][2:])]
    for fee, token in zip(fees, tokens[1:], strict=True):
        parts += [fee.to_bytes(FEE_BYTES, "big"), bytes.fromhex(token[2:])]
    return b"".join(parts)


def decode_path(raw: bytes) -> tuple[tuple[Address, ...], tuple[int, ...]]:
    """(tokens, fees). Raises UndecodableCallError unless it is a path of two or more pools, to the
    byte, through different tokens. (One pool has a function of its own.)"""
    hop = TOKEN_BYTES + FEE_BYTES
    hops, rest = divmod(len(raw) - TOKEN_BYTES, hop)
    if rest or hops < 2:
        raise UndecodableCallError(f"{len(raw)} bytes are no path of two or more pools")
    tokens = tuple(to_address(raw[at : at + TOKEN_BYTES]) for at in range(0, len(raw), hop))
    fees = tuple(
        int.from_bytes(raw[at : at + FEE_BYTES], "big") for at in range(TOKEN_BYTES, len(raw), hop)
    )
    if len(set(tokens)) != len(tokens):
        raise UndecodableCallError("a path that comes by one token twice")
    return tokens, fees
