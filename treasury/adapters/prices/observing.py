"""All sources of all assets at one block: one multicall, then prices that lean on one another.

A source may lean on another asset (a pool's quote token, a vault's underlying). The price it takes
is that asset's consensus at the same block, by the same rules. Where assets lean on each other in
a circle (USDC priced by ETH's pool and ETH by USDC's), sources that lead back to the asset being
priced are left out, so that no price ever confirms itself; of what is left, one good source is
enough, because its price is then compared with the asset's other sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from treasury.adapters.multicall import ContractCall, multicall
from treasury.adapters.prices.base import ReadingContext, SourceSpec
from treasury.adapters.prices.registry import READERS
from treasury.adapters.rpc import Rpc
from treasury.core.policies import PriceRules
from treasury.core.prices import PriceReading, PriceVerdict, consensus
from treasury.core.types import Address, BlockRef


@dataclass(frozen=True, slots=True)
class PricedAsset:
    """An asset to price: its decimals, its sources, and what its consensus needs."""

    asset: Address
    decimals: int
    sources: tuple[SourceSpec, ...]
    rules: PriceRules


@dataclass(frozen=True, slots=True)
class ObservedPrice:
    """`readings` are in the order of the asset's sources."""

    asset: Address
    readings: tuple[PriceReading, ...]
    verdict: PriceVerdict


SourceKey = tuple[Address, str]


def observe(
    rpc: Rpc, assets: Sequence[PricedAsset], *, block: BlockRef
) -> tuple[ObservedPrice, ...]:
    """What every source says at the block, and what follows from it, in the order of `assets`."""
    priced = {item.asset: item for item in assets}
    prices = _Prices(priced, block, _answers(rpc, assets, block))
    return tuple(prices.observed(item, frozenset()) for item in assets)


def _answers(
    rpc: Rpc, assets: Sequence[PricedAsset], block: BlockRef
) -> dict[SourceKey, tuple[bytes | None, ...]]:
    """Answers to the calls of every source, in one round trip (none without on-chain sources)."""
    calls: list[ContractCall] = []
    ranges: dict[SourceKey, slice] = {}
    for spec in (spec for item in assets for spec in item.sources):
        first = len(calls)
        calls.extend(READERS[spec.kind].calls(spec))
        ranges[spec.asset, spec.name] = slice(first, len(calls))
    answers = multicall(rpc, calls, block=block)
    return {key: tuple(answers[span]) for key, span in ranges.items()}


class _Prices:
    """The prices of one block. A source that leans on nothing is read once and remembered."""

    def __init__(
        self,
        assets: dict[Address, PricedAsset],
        block: BlockRef,
        answers: dict[SourceKey, tuple[bytes | None, ...]],
    ) -> None:
        self._assets, self._block, self._answers = assets, block, answers
        self._decimals = {item.asset: item.decimals for item in assets.values()}
        self._readings: dict[SourceKey, PriceReading] = {}
        self._quotes: dict[tuple[Address, frozenset[Address]], Decimal | None] = {}

    def observed(self, item: PricedAsset, behind: frozenset[Address]) -> ObservedPrice:
        """`behind`: the assets whose price is being worked out and waits for this one."""
        used = [spec for spec in item.sources if self._leans_on(spec) not in behind]
        readings = tuple(self._reading(spec, behind | {item.asset}) for spec in used)
        rules = item.rules
        if len(used) < len(item.sources):
            rules = replace(rules, min_sources=1, min_on_chain=0)
        verdict = consensus(
            asset=item.asset, readings=readings, rules=rules, now=self._block.timestamp
        )
        return ObservedPrice(item.asset, readings, verdict)

    def _reading(self, spec: SourceSpec, behind: frozenset[Address]) -> PriceReading:
        key = (spec.asset, spec.name)
        quote = self._leans_on(spec)
        if quote is None and key in self._readings:
            return self._readings[key]
        context = ReadingContext(
            block=self._block,
            decimals=self._decimals,
            answers=self._answers[key],
            quote_price_usd=None if quote is None else self._quote(quote, behind),
        )
        found = READERS[spec.kind].read(spec, context)
        if quote is None:
            self._readings[key] = found
        return found

    def _quote(self, asset: Address, behind: frozenset[Address]) -> Decimal | None:
        if (asset, behind) not in self._quotes:
            item = self._assets.get(asset)
            price = None if item is None else self.observed(item, behind).verdict.price_usd
            self._quotes[asset, behind] = price
        return self._quotes[asset, behind]

    def _leans_on(self, spec: SourceSpec) -> Address | None:
        return READERS[spec.kind].leans_on(spec)
