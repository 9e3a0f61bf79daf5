"""Chainlink feeds (AggregatorV3Interface) in USD.

Parameters: `feed`; `decimals` and `description` as they were when the source was added: a feed
that says otherwise today is another feed and gives no price; `min_answer` and `max_answer`
(optional, raw answers), the aggregator's bounds: an answer there means that the market has left
the feed's range. Not done: the uptime feed of a rollup's sequencer."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from treasury.adapters.multicall import ContractCall, signed_word, text, word
from treasury.adapters.prices import parameters as given
from treasury.adapters.prices.base import ReadingContext, SourceSpec, failed, reading
from treasury.core.amounts import to_decimal
from treasury.core.prices import PriceReading
from treasury.core.types import Address

LATEST_ROUND_DATA = bytes.fromhex("feaf968c")
DECIMALS = bytes.fromhex("313ce567")
DESCRIPTION = bytes.fromhex("7284e416")
MAX_DECIMALS = 36
MAX_INT256 = 2**255 - 1


class ChainlinkReader:
    on_chain = True

    def check(self, parameters: Mapping[str, Any]) -> None:
        given.check_names(
            parameters,
            required=("feed", "decimals", "description"),
            optional=("min_answer", "max_answer"),
        )
        given.address(parameters, "feed")
        given.integer(parameters, "decimals", low=0, high=MAX_DECIMALS)
        given.words(parameters, "description")
        for name in ("min_answer", "max_answer"):
            if name in parameters:
                given.integer(parameters, name, low=0, high=MAX_INT256)

    def leans_on(self, spec: SourceSpec) -> Address | None:
        return None

    def calls(self, spec: SourceSpec) -> tuple[ContractCall, ...]:
        feed = given.address(spec.parameters, "feed")
        return tuple(
            ContractCall(feed, data) for data in (LATEST_ROUND_DATA, DECIMALS, DESCRIPTION)
        )

    def read(self, spec: SourceSpec, context: ReadingContext) -> PriceReading:
        round_data, decimals_data, description_data = context.answers
        answer, updated_at = signed_word(round_data, 1), word(round_data, 3)
        decimals, description = word(decimals_data), text(description_data)
        if answer is None or updated_at is None:
            return self._failed(spec, context, "the feed does not answer")
        if decimals != int(spec.parameters["decimals"]):
            return self._failed(spec, context, f"the feed now says {decimals} decimals")
        if description != spec.parameters["description"]:
            return self._failed(spec, context, f"the feed now calls itself {description!r}")
        return reading(
            spec,
            on_chain=True,
            price_usd=to_decimal(units=answer, decimals=decimals) if answer > 0 else Decimal(0),
            observed_at=min(updated_at, 2**62),
            at_bound=_at_bound(answer, spec.parameters),
        )

    def _failed(self, spec: SourceSpec, context: ReadingContext, error: str) -> PriceReading:
        return failed(spec, on_chain=True, observed_at=context.block.timestamp, error=error)


def _at_bound(answer: int, parameters: Mapping[str, Any]) -> bool:
    low, high = parameters.get("min_answer"), parameters.get("max_answer")
    return (low is not None and answer <= int(low)) or (high is not None and answer >= int(high))
