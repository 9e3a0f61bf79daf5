"""Every venue that a policy may name. One line each."""

from __future__ import annotations

from collections.abc import Sequence

from execution.adapters.venues.base import Router, Venue
from execution.adapters.venues.erc4626 import Erc4626
from execution.adapters.venues.transfer import Transfer
from execution.adapters.venues.uniswap_v3 import UniswapV3
from execution.adapters.venues.uniswap_v3_routes import UniswapV3Routes
from execution.core.decoding import DecodedCall, FunctionSpec
from execution.core.types import Deal, Market

VENUES: dict[str, Venue] = {
    "uniswap_v3": UniswapV3(),
    "erc4626": Erc4626(),
    "transfer": Transfer(),
}

ROUTERS: dict[str, Router] = {
    "uniswap_v3": UniswapV3Routes(),
}
"""Venues that find their own way over several markets; the others quote market by market."""


def functions() -> tuple[FunctionSpec, ...]:
    """All that any venue may put into a batch: what the decoder knows."""
    return tuple(spec for venue in VENUES.values() for spec in venue.functions)


def read_deal(call: DecodedCall, markets: Sequence[Market]) -> Deal | None:
    """What the call does, by the venue whose function it is; None when no venue has it. Raises
    NotAllowedError when none of the markets makes it."""
    for venue in VENUES.values():
        if any(spec.signature == call.function for spec in venue.functions):
            return venue.deal(call, [market for market in markets if market.venue == venue.key])
    return None
