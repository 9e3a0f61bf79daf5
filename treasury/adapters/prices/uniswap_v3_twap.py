"""Time-weighted average price of a Uniswap v3 pool, in USD through the pool's other token.

Parameters: `pool`; `quote`, the other asset: its price is taken at the same block; `base`
(optional), the pool's token that stands for the asset where it is not the asset itself (WETH for
the chain's currency); `window_seconds` (optional, 1800). A pool younger than the window, or with
too few observation slots, reverts and so gives no price. The mean tick is exact integer
arithmetic, 1.0001^tick is rounded at 60 digits. Not done: depth of the pool; a thin pool is cheap
to move for the length of the window."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, Decimal
from typing import Any

from treasury.adapters.multicall import ContractCall, signed_word, uint_word, word
from treasury.adapters.prices import parameters as given
from treasury.adapters.prices.base import ReadingContext, SourceSpec, failed, reading
from treasury.core.prices import PriceReading
from treasury.core.types import Address

OBSERVE = bytes.fromhex("883bdbfd")  # observe(uint32[])
TOKEN0 = bytes.fromhex("0dfe1681")
TOKEN1 = bytes.fromhex("d21220a7")
WINDOW_SECONDS = 1800
MIN_WINDOW_SECONDS, MAX_WINDOW_SECONDS = 600, 86_400
MAX_TICK = 887_272
PRECISE = Context(prec=60)
TICK_BASE = Decimal("1.0001")


class UniswapV3TwapReader:
    on_chain = True

    def check(self, parameters: Mapping[str, Any]) -> None:
        given.check_names(
            parameters, required=("pool", "quote"), optional=("base", "window_seconds")
        )
        for name in ("pool", "quote", "base"):
            if name in parameters:
                given.address(parameters, name)
        if "window_seconds" in parameters:
            given.integer(
                parameters, "window_seconds", low=MIN_WINDOW_SECONDS, high=MAX_WINDOW_SECONDS
            )

    def leans_on(self, spec: SourceSpec) -> Address | None:
        return given.address(spec.parameters, "quote")

    def calls(self, spec: SourceSpec) -> tuple[ContractCall, ...]:
        pool = given.address(spec.parameters, "pool")
        ages = uint_word(_window(spec)) + uint_word(0)
        observe = OBSERVE + uint_word(32) + uint_word(2) + ages
        return tuple(ContractCall(pool, data) for data in (observe, TOKEN0, TOKEN1))

    def read(self, spec: SourceSpec, context: ReadingContext) -> PriceReading:
        observed, *tokens = context.answers
        base, quote = _base(spec), given.address(spec.parameters, "quote")
        tick = mean_tick(observed, _window(spec))
        found = [word(token) for token in tokens]
        if tick is None:
            return self._failed(spec, context, "the pool has no average over the window")
        if {*found} != {int(base, 16), int(quote, 16)}:
            return self._failed(spec, context, "the pool trades other tokens")
        if context.quote_price_usd is None:
            return self._failed(spec, context, "the quote asset has no price")
        ratio = price_of_base(
            tick,
            base_is_token0=found[0] == int(base, 16),
            base_decimals=context.decimals[spec.asset],
            quote_decimals=context.decimals[quote],
        )
        return reading(
            spec,
            on_chain=True,
            price_usd=PRECISE.multiply(ratio, context.quote_price_usd),
            observed_at=context.block.timestamp,
        )

    def _failed(self, spec: SourceSpec, context: ReadingContext, error: str) -> PriceReading:
        return failed(spec, on_chain=True, observed_at=context.block.timestamp, error=error)


def mean_tick(observed: bytes | None, window_seconds: int) -> int | None:
    """(int56[] tickCumulatives, uint160[]) -> mean tick, rounded down as Uniswap's oracle does."""
    then, now = signed_word(observed, 3), signed_word(observed, 4)
    if then is None or now is None or word(observed, 2) != 2:
        return None
    tick = (now - then) // window_seconds
    return tick if abs(tick) <= MAX_TICK else None


def price_of_base(
    tick: int, *, base_is_token0: bool, base_decimals: int, quote_decimals: int
) -> Decimal:
    """Whole quote tokens per whole base token. A pool's price is token1 per token0, in base
    units."""
    per_unit = PRECISE.power(TICK_BASE, tick if base_is_token0 else -tick)
    return per_unit.scaleb(base_decimals - quote_decimals, PRECISE)


def _base(spec: SourceSpec) -> Address:
    return given.address(spec.parameters, "base") if "base" in spec.parameters else spec.asset


def _window(spec: SourceSpec) -> int:
    return int(spec.parameters.get("window_seconds", WINDOW_SECONDS))
