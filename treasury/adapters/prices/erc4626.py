"""Share of an ERC-4626 vault: what one whole share redeems for, times the price of the underlying.

Parameters: `vault`, `underlying`, `share_decimals` as they were when the source was added. The
rate is the vault's own word at the pinned block; a vault whose `asset()` is not the underlying
gives no price. Not done: withdrawal fees and limits, which are the venue's matter, and a market
price of the share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from treasury.adapters.multicall import ContractCall, uint_word, word
from treasury.adapters.prices import parameters as given
from treasury.adapters.prices.base import ReadingContext, SourceSpec, failed, reading
from treasury.core.amounts import value_usd
from treasury.core.prices import PriceReading
from treasury.core.types import Address

CONVERT_TO_ASSETS = bytes.fromhex("07a2d13a")  # convertToAssets(uint256)
ASSET = bytes.fromhex("38d52e0f")  # asset()
DECIMALS = bytes.fromhex("313ce567")


class Erc4626Reader:
    on_chain = True

    def check(self, parameters: Mapping[str, Any]) -> None:
        given.check_names(parameters, required=("vault", "underlying", "share_decimals"))
        given.address(parameters, "vault")
        given.address(parameters, "underlying")
        given.integer(parameters, "share_decimals", low=0, high=36)

    def leans_on(self, spec: SourceSpec) -> Address | None:
        return given.address(spec.parameters, "underlying")

    def calls(self, spec: SourceSpec) -> tuple[ContractCall, ...]:
        vault = given.address(spec.parameters, "vault")
        share = uint_word(10 ** int(spec.parameters["share_decimals"]))
        return tuple(
            ContractCall(vault, data) for data in (CONVERT_TO_ASSETS + share, ASSET, DECIMALS)
        )

    def read(self, spec: SourceSpec, context: ReadingContext) -> PriceReading:
        converted, asset, decimals = (word(answer) for answer in context.answers)
        underlying = given.address(spec.parameters, "underlying")
        error = ""
        if converted is None:
            error = "the vault does not tell its rate"
        elif asset != int(underlying, 16):
            error = "the vault holds another asset"
        elif decimals != int(spec.parameters["share_decimals"]):
            error = f"the share now has {decimals} decimals"
        elif context.quote_price_usd is None:
            error = "the underlying has no price"
        if error or converted is None or context.quote_price_usd is None:
            return failed(spec, on_chain=True, observed_at=context.block.timestamp, error=error)
        price = value_usd(
            units=converted,
            decimals=context.decimals[underlying],
            price_usd=context.quote_price_usd,
        )
        return reading(spec, on_chain=True, price_usd=price, observed_at=context.block.timestamp)
