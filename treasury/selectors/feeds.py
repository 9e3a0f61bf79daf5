"""Each price source and what it said last: accepted, or refused and why (R5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Subquery

from treasury.models import Price, PriceObservation
from treasury.selectors.prices import sources


@dataclass(frozen=True, slots=True)
class SourceLine:
    """`price_usd` None: no answer. `age_seconds` is how old the source's own figure was at the
    block, None without one. `reason` says why it was refused."""

    name: str
    kind: str
    upstream: str
    price_usd: Decimal | None
    is_accepted: bool
    reason: str
    age_seconds: int | None
    heartbeat_seconds: int


@dataclass(frozen=True, slots=True)
class FeedLine:
    """One asset. `price_usd` None: no consensus, `reason` says why; nothing trades on it then."""

    symbol: str
    address: str
    price_usd: Decimal | None
    reason: str
    accepted: int
    sources: tuple[SourceLine, ...]


@dataclass(frozen=True, slots=True)
class Feeds:
    """What was observed at the treasury's newest priced block; None before the first."""

    block_number: int | None
    block_timestamp: int | None
    lines: tuple[FeedLine, ...]


def feeds(treasury_id: int) -> Feeds:
    known = sources(treasury_id)
    of_treasury = Price.objects.filter(asset__treasury_id=treasury_id)
    newest_block = of_treasury.order_by("-id").values("block_hash")[:1]
    prices = {row.asset_id: row for row in of_treasury.filter(block_hash=Subquery(newest_block))}
    if not prices:
        return Feeds(None, None, ())
    newest = next(iter(prices.values()))
    said = _observations([source.pk for source in known], newest.block_hash)
    lines = []
    for asset in {source.asset_id: source.asset for source in known}.values():
        price = prices.get(asset.pk)
        own = [source for source in known if source.asset_id == asset.pk]
        lines.append(
            FeedLine(
                symbol=asset.symbol,
                address=asset.address,
                price_usd=price.price_usd if price else None,
                reason=price.reason if price else "not observed at this block",
                accepted=price.accepted_count if price else 0,
                sources=tuple(
                    SourceLine(
                        name=source.name,
                        kind=source.kind,
                        upstream=source.upstream,
                        price_usd=found.price_usd if found else None,
                        is_accepted=bool(found and found.is_accepted),
                        reason=found.reason if found else "not asked at this block",
                        age_seconds=_age(found, newest.block_timestamp),
                        heartbeat_seconds=source.heartbeat_seconds,
                    )
                    for source, found in ((source, said.get(source.pk)) for source in own)
                ),
            )
        )
    return Feeds(newest.block_number, newest.block_timestamp, tuple(lines))


def _observations(source_ids: Iterable[int], block_hash: str) -> dict[int, PriceObservation]:
    rows = PriceObservation.objects.filter(source_id__in=list(source_ids), block_hash=block_hash)
    return {row.source_id: row for row in rows}


def _age(row: PriceObservation | None, now: int) -> int | None:
    if row is None or row.price_usd is None:
        return None
    return max(now - row.observed_at, 0)
