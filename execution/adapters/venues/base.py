"""What a venue is: a place that quotes, is called, and leaves events by which we know what it did.

To add one: a file with a class that has this shape, and its line in `registry.py`. The contract
test then runs it on the local chain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from execution.core.decoding import DecodedCall, FunctionSpec
from execution.core.pools.splitting import Terms
from execution.core.types import (
    Call,
    Deal,
    FillFact,
    Leg,
    LegKind,
    Log,
    Market,
    Quote,
    QuoteRequest,
)
from treasury.adapters.rpc import Rpc
from treasury.core.types import Address, BlockRef


class NoQuoteError(RuntimeError):
    """The venue does not trade this: no such market, not enough liquidity, paused."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A trade and what bounds its way: at most `most_hops` markets one after the other, split by
    `terms`."""

    request: QuoteRequest
    most_hops: int
    terms: Terms


@dataclass(frozen=True, slots=True)
class Ways:
    """`chosen` are the parts that bring most, they sum to the wish; `others` what each other way
    would have brought for all of it; `reasons` why ways have no answer. Without a way that takes
    the trade, `chosen` is empty."""

    chosen: tuple[Quote, ...]
    others: tuple[Quote, ...]
    reasons: tuple[str, ...]


class Router(Protocol):
    """A venue with several markets for one trade: the best way over them, at one block."""

    def find(
        self, rpc: Rpc, wishes: Sequence[Wish], markets: Sequence[Market], block: BlockRef
    ) -> tuple[Ways, ...]:
        """An answer per wish, in order, over the markets that are allowed. What is chosen was
        asked of the venue's own quoter at that block."""
        ...


class Venue(Protocol):
    """Stateless. `key` is the name in policies, `functions` all that `calls` may produce."""

    @property
    def key(self) -> str: ...

    @property
    def functions(self) -> tuple[FunctionSpec, ...]: ...

    def kind(self, market: Market, sell: Address) -> LegKind: ...

    def recipient(self, market: Market, safe: Address) -> Address:
        """Who receives: the Safe itself, but for transfers."""
        ...

    def quote(self, rpc: Rpc, request: QuoteRequest, market: Market, block: BlockRef) -> Quote:
        """What exactly `sell_units` would bring at that block. Raises NoQuoteError."""
        ...

    def calls(
        self, quote: Quote, *, recipient: Address, min_buy_units: int, deadline: int
    ) -> tuple[Call, ...]:
        """The leg's calls, approvals exact and taken back, minimum and deadline where the venue
        knows them."""
        ...

    def deal(self, call: DecodedCall, markets: Sequence[Market]) -> Deal:
        """What a call of one of `functions` does. Raises NotAllowedError when none of the allowed
        `markets` of this venue makes it."""
        ...

    def fill(self, leg: Leg, logs: Sequence[Log]) -> FillFact | None:
        """What the leg did, from the first of these logs that is its own."""
        ...
