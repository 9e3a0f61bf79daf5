"""A price that a person set, for assets that no market prices (P1, level MANUAL_PRICES). It
expires.

Parameters: `price_usd` as text, `expires_at` in Unix seconds of block time. Until then it counts
as fresh; afterwards there is no price. A new value is a new source: what was believed when stays
on record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from treasury.adapters.multicall import ContractCall
from treasury.adapters.prices import parameters as given
from treasury.adapters.prices.base import ReadingContext, SourceSpec, failed, reading
from treasury.core.prices import PriceReading
from treasury.core.types import Address


class ManualReader:
    on_chain = False

    def check(self, parameters: Mapping[str, Any]) -> None:
        given.check_names(parameters, required=("price_usd", "expires_at"))
        given.decimal(parameters, "price_usd")
        given.integer(parameters, "expires_at", low=1, high=2**53)

    def leans_on(self, spec: SourceSpec) -> Address | None:
        return None

    def calls(self, spec: SourceSpec) -> tuple[ContractCall, ...]:
        return ()

    def read(self, spec: SourceSpec, context: ReadingContext) -> PriceReading:
        now, expires_at = context.block.timestamp, int(spec.parameters["expires_at"])
        if now >= expires_at:
            return failed(
                spec, on_chain=False, observed_at=now, error=f"the value expired at {expires_at}"
            )
        price = given.decimal(spec.parameters, "price_usd")
        return reading(spec, on_chain=False, price_usd=price, observed_at=now)
