"""Prices at a block, and whether they are good enough to trade on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from treasury.adapters.prices.registry import READERS
from treasury.core.decisions import PriceGap
from treasury.core.policies import PriceRules
from treasury.core.prices import PriceReading, consensus
from treasury.core.types import Address, BlockRef
from treasury.models import Asset, AssetKind, Price, PriceObservation, PriceSource

DEFAULT_RULES = PriceRules(min_sources=2, min_on_chain=1, max_deviation_bps=1_000)
"""R5 and DE-39, where no policy says otherwise."""


def price_at(*, asset_id: int, block_hash: str) -> Price | None:
    """The consensus row of one asset at one block; its `price_usd` may be None, with the
    reason."""
    return Price.objects.filter(asset_id=asset_id, block_hash=block_hash).first()


def prices_of(*, asset_ids: Iterable[int], block_hash: str) -> dict[int, Price]:
    rows = Price.objects.filter(asset_id__in=list(asset_ids), block_hash=block_hash)
    return {row.asset_id: row for row in rows}


def price_map(*, treasury_id: int, block_hash: str) -> dict[Address, Decimal]:
    """Prices of all assets that have one at the block."""
    rows = Price.objects.filter(
        asset__treasury_id=treasury_id, block_hash=block_hash, price_usd__isnull=False
    ).values_list("asset__address", "price_usd")
    return {Address(address): price for address, price in rows if price is not None}


def rules_for(asset: Asset, rules: PriceRules) -> PriceRules:
    """A vault share has one price by nature, its rate times the underlying's consensus, which has
    met the rules already: one source is enough."""
    if asset.kind == AssetKind.VAULT_SHARE:
        return replace(rules, min_sources=1, min_on_chain=1)
    return rules


def price_gaps(
    *, assets: Iterable[Asset], block: BlockRef, rules: PriceRules
) -> tuple[PriceGap, ...]:
    """Which of the assets have no price at the block that these rules accept, and why.

    The accepted observations of the block are judged again by the rules given, which may want more
    sources, or closer agreement, than the price itself did.
    """
    wanted = list(assets)
    prices = prices_of(asset_ids=[asset.id for asset in wanted], block_hash=block.hash)
    readings = _accepted_readings([asset.id for asset in wanted], block)
    gaps = []
    for asset in wanted:
        price = prices.get(asset.id)
        if price is None or price.price_usd is None:
            reason = "never observed at this block" if price is None else price.reason
        else:
            reason = consensus(
                asset=Address(asset.address),
                readings=tuple(readings.get(asset.id, ())),
                rules=rules_for(asset, rules),
                now=block.timestamp,
            ).reason
        if reason:
            gaps.append(PriceGap(Address(asset.address), reason))
    return tuple(gaps)


def sources(treasury_id: int) -> list[PriceSource]:
    """Active sources of the treasury's assets."""
    return list(
        PriceSource.objects.filter(asset__treasury_id=treasury_id, is_active=True)
        .select_related("asset")
        .order_by("asset_id", "id")
    )


def _accepted_readings(asset_ids: list[int], block: BlockRef) -> dict[int, list[PriceReading]]:
    found: dict[int, list[PriceReading]] = {}
    rows = PriceObservation.objects.filter(
        source__asset_id__in=asset_ids, block_hash=block.hash, is_accepted=True
    ).select_related("source")
    for row in rows:
        found.setdefault(row.source.asset_id, []).append(
            PriceReading(
                source=row.source.name,
                kind=row.source.kind,
                upstream=row.source.upstream,
                on_chain=READERS[row.source.kind].on_chain,
                price_usd=row.price_usd,
                observed_at=row.observed_at,
                heartbeat_seconds=row.source.heartbeat_seconds,
            )
        )
    return found
