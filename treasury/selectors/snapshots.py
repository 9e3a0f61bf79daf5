"""Balances at a block."""

from __future__ import annotations

from django.db.models import QuerySet, Subquery

from treasury.core.types import Address, BlockRef
from treasury.models import Position, Snapshot


def latest(treasury_id: int) -> Snapshot | None:
    """The newest by block; of two at one height (after a reorganisation) the one taken last."""
    return Snapshot.objects.filter(treasury_id=treasury_id).order_by("-block_number", "-id").first()


def latest_before(*, treasury_id: int, at: int, block_number: int) -> Snapshot | None:
    """The newest that was taken by that block time and below that height."""
    return (
        Snapshot.objects.filter(
            treasury_id=treasury_id, block_timestamp__lte=at, block_number__lt=block_number
        )
        .order_by("-block_number", "-id")
        .first()
    )


def snapshot_by_id(snapshot_id: int) -> Snapshot:
    return Snapshot.objects.get(id=snapshot_id)


def block_of(snapshot: Snapshot) -> BlockRef:
    return BlockRef(snapshot.block_number, snapshot.block_hash, snapshot.block_timestamp)


def positions(snapshot_id: int) -> QuerySet[Position]:
    return (
        Position.objects.filter(snapshot_id=snapshot_id)
        .select_related("asset", "price", "tier")
        .order_by("id")
    )


def latest_positions(treasury_id: int) -> QuerySet[Position]:
    """Of the newest snapshot, in one query; what is held only."""
    newest = Snapshot.objects.filter(treasury_id=treasury_id).order_by("-block_number", "-id")
    return (
        Position.objects.filter(snapshot_id=Subquery(newest.values("id")[:1]), units__gt=0)
        .select_related("asset")
        .order_by("id")
    )


def units_at(snapshot_id: int) -> dict[tuple[Address, Address], int]:
    """Units per (holder, asset); a pair that is missing held nothing and belonged to no tier."""
    rows = Position.objects.filter(snapshot_id=snapshot_id).values_list(
        "holder", "asset__address", "units"
    )
    return {(Address(holder), Address(asset)): units for holder, asset, units in rows}
