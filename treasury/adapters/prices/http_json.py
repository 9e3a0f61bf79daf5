"""A price from a public HTTP API in CoinGecko's `simple/price` shape.

    GET {url}?ids={id}&vs_currencies={currency}&include_last_updated_at=true
    {"ethereum": {"usd": 3012.45, "last_updated_at": 1767225600}}

Parameters: `url` (https, or http to this machine), `id`, `currency` (optional, usd). Numbers are
read as `Decimal` from their text. Such a source says when it looked, in wall time, and the pinned
block is always a little older: an answer up to `BLOCK_LAG_SECONDS` after the block counts as of
the block, a later one stays in the future and is refused by the consensus. Redirects are not
followed. Not done: API keys, several ids in one request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import httpx

from treasury.adapters.multicall import ContractCall
from treasury.adapters.prices import parameters as given
from treasury.adapters.prices.base import (
    PriceParametersError,
    ReadingContext,
    SourceSpec,
    failed,
    reading,
)
from treasury.adapters.rpc import trusted_roots
from treasury.core.prices import PriceReading
from treasury.core.types import Address

TIMEOUT = httpx.Timeout(5.0, connect=3.0)
BLOCK_LAG_SECONDS = 60
MAX_BYTES = 64 * 1024
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class HttpAnswerError(RuntimeError):
    """The API answered, but not with a price."""


class HttpJsonReader:
    on_chain = False

    def check(self, parameters: Mapping[str, Any]) -> None:
        given.check_names(parameters, required=("url", "id"), optional=("currency",))
        given.words(parameters, "id")
        if "currency" in parameters:
            given.words(parameters, "currency")
        parts = urlsplit(given.words(parameters, "url"))
        if not parts.hostname or parts.query or parts.username:
            raise PriceParametersError("url", "is not an address without query and user name")
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise PriceParametersError("url", "must be https, or http to this machine")

    def leans_on(self, spec: SourceSpec) -> Address | None:
        return None

    def calls(self, spec: SourceSpec) -> tuple[ContractCall, ...]:
        return ()

    def read(self, spec: SourceSpec, context: ReadingContext) -> PriceReading:
        now = context.block.timestamp
        try:
            price, updated_at = _fetch(spec.parameters)
        except (httpx.HTTPError, HttpAnswerError) as error:
            reason = str(error) or type(error).__name__
            return failed(spec, on_chain=False, observed_at=now, error=reason)
        if 0 < updated_at - now <= BLOCK_LAG_SECONDS:
            updated_at = now
        return reading(spec, on_chain=False, price_usd=price, observed_at=updated_at)


def _fetch(parameters: Mapping[str, Any]) -> tuple[Decimal, int]:
    asset_id, currency = parameters["id"], parameters.get("currency", "usd")
    query = {"ids": asset_id, "vs_currencies": currency, "include_last_updated_at": "true"}
    with (
        httpx.Client(timeout=TIMEOUT, trust_env=False, verify=trusted_roots()) as client,
        client.stream("GET", parameters["url"], params=query) as answer,
    ):
        if answer.status_code != httpx.codes.OK:
            raise HttpAnswerError(f"the API answered with status {answer.status_code}")
        body = _limited(answer)
    try:
        entry = json.loads(body, parse_float=Decimal)[asset_id]
        return _number(entry[currency]), _time(entry["last_updated_at"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise HttpAnswerError("the API's answer has another shape") from None


def _limited(answer: httpx.Response) -> bytes:
    body = b""
    for part in answer.iter_bytes():
        body += part
        if len(body) > MAX_BYTES:
            raise HttpAnswerError(f"the API's answer is longer than {MAX_BYTES} bytes")
    return body


def _number(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise HttpAnswerError("the API's price is not a number")
    return Decimal(value)


def _time(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**62:
        raise HttpAnswerError("the API's last_updated_at is not a time")
    return value
