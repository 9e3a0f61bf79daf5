"""Open lots and balances of the books."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet, Sum

from treasury.core.types import Address, LotState
from treasury.models import Lot, Posting


def open_lots(
    *, treasury_id: int, holder: Address, asset: Address | None = None
) -> tuple[LotState, ...]:
    """Lots of one Safe (or the gas tank) with units left, oldest first; of one asset, or of
    all."""
    rows = Lot.objects.filter(treasury_id=treasury_id, holder=holder, units_left__gt=0)
    if asset is not None:
        rows = rows.filter(asset__address=asset)
    return tuple(
        LotState(
            lot_ref=row.lot_ref,
            asset=Address(row.asset.address),
            units=row.units_left,
            cost_usd=row.cost_left_usd,
            acquired_at=row.acquired_at,
            sequence=row.sequence,
        )
        for row in rows.select_related("asset").order_by("acquired_at", "sequence")
    )


def booked_units(*, treasury_id: int) -> dict[tuple[Address, Address], int]:
    """Sum of postings per (holder, asset): what the books say is there (R4)."""
    rows = (
        Posting.objects.filter(entry__treasury_id=treasury_id, account__asset__isnull=False)
        .values_list("account__holder", "account__asset__address")
        .annotate(total=Sum("units"))
    )
    return {
        (Address(holder), Address(asset)): int(total)
        for holder, asset, total in rows
        if asset is not None
    }


def lots_named(*, treasury_id: int, lot_refs: Collection[str]) -> QuerySet[Lot]:
    return Lot.objects.filter(treasury_id=treasury_id, lot_ref__in=lot_refs)
