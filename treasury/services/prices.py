"""Asks every source at one block and keeps what they said, and the price that follows from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, Subquery

from treasury.adapters.chain import open_rpc
from treasury.adapters.prices.base import SourceSpec
from treasury.adapters.prices.observing import ObservedPrice, PricedAsset, observe
from treasury.adapters.prices.registry import reader_of
from treasury.core.canonical import decimal_text
from treasury.core.policies import PriceRules
from treasury.core.types import Actor, ActorKind, Address, BlockRef
from treasury.models import Asset, Price, PriceObservation, PriceSource, Treasury
from treasury.selectors.policies import NoPolicyInForceError, policy_in_force
from treasury.selectors.portfolio import assets, tiers
from treasury.selectors.prices import DEFAULT_RULES, prices_of, rules_for, sources
from treasury.services.record import emit_event, record_audit

OBSERVER = Actor(ActorKind.SYSTEM, "treasury.observe_prices")


class UnknownQuoteAssetError(ValueError):
    """A source leans on an asset that the treasury does not know."""

    problem_code = "unknown_quote_asset"


def add_source(
    *,
    asset_id: int,
    name: str,
    kind: str,
    parameters: dict[str, Any],
    upstream: str,
    heartbeat_seconds: int,
    actor: Actor,
    block: BlockRef | None = None,
) -> PriceSource:
    """Raises PriceParametersError for a kind or parameters that nothing could be read with."""
    reader = reader_of(kind)
    reader.check(parameters)
    asset = Asset.objects.get(id=asset_id)
    spec = _spec(asset, name, kind, parameters, upstream, heartbeat_seconds)
    leans_on = reader.leans_on(spec)
    known = Asset.objects.filter(treasury_id=asset.treasury_id, address=leans_on)
    if leans_on is not None and not known.exists():
        raise UnknownQuoteAssetError(f"{leans_on} is no asset of the treasury: add it first")
    with transaction.atomic():
        row = PriceSource.objects.create(
            asset=asset,
            name=name,
            kind=kind,
            parameters=parameters,
            upstream=upstream,
            heartbeat_seconds=heartbeat_seconds,
        )
        record_audit(
            actor=actor,
            action="price_source.added",
            object_type="asset",
            object_id=asset.public_id,
            block=block,
            after={"name": name, "kind": kind, "parameters": parameters, "upstream": upstream},
        )
    return row


def observe_prices(*, treasury_id: int, block: BlockRef, rpc_url: str) -> list[Price]:
    """All sources of all assets at the block. Assets that have a price row of this block keep it,
    so a second call changes nothing. A price is null, with the reason, where the sources do not
    carry it.

    How many sources a price needs is the policies' word: the least that any tier holding the asset
    asks for (`DEFAULT_RULES` without a policy). A tier that asks for more looks again, at
    `selectors.prices.price_gaps`.
    """
    rows = list(assets(treasury_id))
    known = prices_of(asset_ids=[row.id for row in rows], block_hash=block.hash)
    if len(known) < len(rows):
        asked = list(sources(treasury_id))
        priced = _questions(treasury_id, rows, asked, block)
        with open_rpc(rpc_url) as rpc:
            found = observe(rpc, priced, block=block)
        _store(treasury_id, rows, asked, found, block)
        known = prices_of(asset_ids=[row.id for row in rows], block_hash=block.hash)
    return [known[row.id] for row in rows]


def _questions(
    treasury_id: int, rows: list[Asset], asked: list[PriceSource], block: BlockRef
) -> list[PricedAsset]:
    rules = _loosest_rules(treasury_id, block.timestamp)
    return [
        PricedAsset(
            asset=Address(row.address),
            decimals=row.decimals,
            sources=tuple(
                _spec(
                    row,
                    source.name,
                    source.kind,
                    source.parameters,
                    source.upstream,
                    source.heartbeat_seconds,
                )
                for source in asked
                if source.asset_id == row.id
            ),
            rules=rules_for(row, rules.get(Address(row.address), DEFAULT_RULES)),
        )
        for row in rows
    ]


def _loosest_rules(treasury_id: int, now: int) -> dict[Address, PriceRules]:
    """Per asset the least that any tier's policy asks for; the deviation allowed is always
    R5's."""
    found: dict[Address, PriceRules] = {}
    for tier in tiers(treasury_id):
        try:
            _, policy = policy_in_force(tier_id=tier.id, now=now)
        except NoPolicyInForceError:
            continue
        for target in policy.targets:
            earlier = found.get(target.asset, policy.prices)
            found[target.asset] = replace(
                DEFAULT_RULES,
                min_sources=min(earlier.min_sources, policy.prices.min_sources),
                min_on_chain=min(earlier.min_on_chain, policy.prices.min_on_chain),
            )
    return found


def _store(
    treasury_id: int,
    rows: list[Asset],
    asked: list[PriceSource],
    found: Iterable[ObservedPrice],
    block: BlockRef,
) -> None:
    """What another caller stored for this block meanwhile stays."""
    with transaction.atomic():
        Treasury.objects.select_for_update(no_key=True).get(id=treasury_id)
        known = prices_of(asset_ids=[row.id for row in rows], block_hash=block.hash)
        fresh = [pair for pair in zip(rows, found, strict=True) if pair[0].id not in known]
        if not fresh:
            return
        earlier = _latest_accepted(asked)
        observations = [
            item for row, price in fresh for item in _observations(asked, row, price, block)
        ]
        PriceObservation.objects.bulk_create(observations)
        Price.objects.bulk_create([_price(row, price, block) for row, price in fresh])
        for item in observations:
            if not item.is_accepted and earlier.get(item.source_id, True):
                emit_event(
                    treasury_id=treasury_id,
                    kind="price.stale" if item.reason.startswith("stale") else "price.rejected",
                    payload=_refusal(item),
                )
        record_audit(
            actor=OBSERVER,
            action="prices.observed",
            object_type="treasury",
            object_id=Treasury.objects.get(id=treasury_id).public_id,
            block=block,
            after={row.address: price.verdict.price_usd for row, price in fresh},
        )


def _observations(
    asked: list[PriceSource], row: Asset, price: ObservedPrice, block: BlockRef
) -> list[PriceObservation]:
    refused = {item.source: item.reason for item in price.verdict.refused}
    of_asset = [source for source in asked if source.asset_id == row.id]
    return [
        PriceObservation(
            source=source,
            block_number=block.number,
            block_hash=block.hash,
            observed_at=reading.observed_at,
            price_usd=reading.price_usd,
            is_accepted=reading.source in price.verdict.accepted,
            reason=refused.get(reading.source, "")[:200],
        )
        for source, reading in zip(of_asset, price.readings, strict=True)
    ]


def _price(row: Asset, price: ObservedPrice, block: BlockRef) -> Price:
    return Price(
        asset=row,
        block_number=block.number,
        block_hash=block.hash,
        block_timestamp=block.timestamp,
        price_usd=price.verdict.price_usd,
        observed_at=price.verdict.observed_at,
        accepted_count=len(price.verdict.accepted),
        reason=price.verdict.reason[:300],
    )


def _latest_accepted(asked: list[PriceSource]) -> dict[int, bool]:
    """Whether each source was accepted last time: a source that stays bad is told once."""
    latest = PriceObservation.objects.filter(source=OuterRef("pk")).order_by("-id")
    rows = PriceSource.objects.filter(id__in=[source.id for source in asked]).annotate(
        was_accepted=Subquery(latest.values("is_accepted")[:1])
    )
    return {row.id: row.was_accepted is not False for row in rows}


def _refusal(item: PriceObservation) -> dict[str, Any]:
    return {
        "asset": item.source.asset.public_id,
        "source": item.source.name,
        "price_usd": None if item.price_usd is None else decimal_text(item.price_usd),
        "reason": item.reason,
        "block_number": item.block_number,
        "block_hash": item.block_hash,
    }


def _spec(
    asset: Asset,
    name: str,
    kind: str,
    parameters: dict[str, Any],
    upstream: str,
    heartbeat_seconds: int,
) -> SourceSpec:
    return SourceSpec(
        name=name,
        kind=kind,
        asset=Address(asset.address),
        parameters=parameters,
        upstream=upstream,
        heartbeat_seconds=heartbeat_seconds,
    )
