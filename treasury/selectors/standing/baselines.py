"""What was held at an earlier snapshot, to compare with now."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q

from treasury.core.amounts import to_decimal
from treasury.core.types import Address
from treasury.models import Position, Snapshot


@dataclass(frozen=True, slots=True)
class Baseline:
    """Whole tokens of the whole treasury, and the prices at that block, by asset."""

    at: int
    block: int
    tokens: dict[Address, Decimal]
    prices: dict[Address, Decimal]


def baselines(*, treasury_id: int, since: tuple[int, ...]) -> tuple[Baseline | None, ...]:
    """The first snapshot at or after each of these times; one query."""
    wanted = Q()
    for at in since:
        first = Snapshot.objects.filter(treasury_id=treasury_id, block_timestamp__gte=at)
        wanted |= Q(snapshot_id__in=first.order_by("block_timestamp", "id").values("pk")[:1])
    found: dict[int, Baseline] = {}
    for row in Position.objects.filter(wanted).select_related("snapshot", "asset", "price"):
        taken = row.snapshot
        baseline = found.setdefault(
            taken.pk, Baseline(taken.block_timestamp, taken.block_number, {}, {})
        )
        asset = Address(row.asset.address)
        tokens = to_decimal(units=row.units, decimals=row.asset.decimals)
        baseline.tokens[asset] = baseline.tokens.get(asset, Decimal(0)) + tokens
        if row.price is not None and row.price.price_usd is not None:
            baseline.prices[asset] = row.price.price_usd
    oldest_first = sorted(found.values(), key=lambda item: item.at)
    return tuple(next((item for item in oldest_first if item.at >= at), None) for at in since)
