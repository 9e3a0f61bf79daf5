"""What a price source is: a Protocol, the description of one source, and what it may look at.

Reading has two steps, so that every on-chain source of a block shares one multicall: a reader
first names the calls it needs, then makes a reading of their answers. A source that fails gives a
reading with `error`, never an exception: the others still count. Parameters are checked when a
source is added, not here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from treasury.adapters.multicall import ContractCall
from treasury.core.amounts import quantize_price
from treasury.core.prices import PriceReading
from treasury.core.types import Address, BlockRef


class PriceParametersError(ValueError):
    """Parameters that a kind of source does not understand. `parameter` names the one at fault."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(f"{parameter}: {message}")
        self.parameter, self.message = parameter, message


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """One source of one asset, as stored. `name` is unique among the sources of one reading."""

    name: str
    kind: str
    asset: Address
    parameters: Mapping[str, Any]
    upstream: str
    heartbeat_seconds: int


@dataclass(frozen=True, slots=True)
class ReadingContext:
    """What a source may look at. `answers` belong to its own calls; `quote_price_usd` is the
    consensus of the asset it leans on, None when that has none."""

    block: BlockRef
    decimals: Mapping[Address, int]
    answers: tuple[bytes | None, ...] = ()
    quote_price_usd: Decimal | None = None


class PriceSourceReader(Protocol):
    """One kind of source. Stateless: one object serves all sources of its kind."""

    @property
    def on_chain(self) -> bool:
        """Whether the price comes out of contracts at the pinned block (DE-39 counts those)."""

    def check(self, parameters: Mapping[str, Any]) -> None:
        """Raises PriceParametersError for parameters that `read` could not work with."""

    def leans_on(self, spec: SourceSpec) -> Address | None:
        """The asset whose price this source multiplies with, if any."""

    def calls(self, spec: SourceSpec) -> tuple[ContractCall, ...]:
        """The view calls whose answers `read` needs, in order."""

    def read(self, spec: SourceSpec, context: ReadingContext) -> PriceReading:
        """The source's answer for the block."""


PRICE_LIMIT_USD = Decimal(10) ** 30
"""No whole token is worth that much: such an answer is a broken source, and no column could hold
it."""


def reading(
    spec: SourceSpec,
    *,
    on_chain: bool,
    price_usd: Decimal,
    observed_at: int,
    at_bound: bool = False,
) -> PriceReading:
    """A source's answer, with 18 decimals: exactly what is stored is what the consensus used."""
    if not price_usd.is_finite() or abs(price_usd) >= PRICE_LIMIT_USD:
        error = f"{price_usd:.3E} USD is beyond any price"
        return failed(spec, on_chain=on_chain, observed_at=observed_at, error=error)
    return PriceReading(
        source=spec.name,
        kind=spec.kind,
        upstream=spec.upstream,
        on_chain=on_chain,
        price_usd=quantize_price(price_usd),
        observed_at=observed_at,
        heartbeat_seconds=spec.heartbeat_seconds,
        at_bound=at_bound,
    )


def failed(spec: SourceSpec, *, on_chain: bool, observed_at: int, error: str) -> PriceReading:
    return PriceReading(
        source=spec.name,
        kind=spec.kind,
        upstream=spec.upstream,
        on_chain=on_chain,
        price_usd=None,
        observed_at=observed_at,
        heartbeat_seconds=spec.heartbeat_seconds,
        error=error[:160],
    )
