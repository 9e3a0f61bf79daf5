"""When a tier's assets were last bought and sold: what keeps them from going back and forth."""

from __future__ import annotations

from django.db.models import Max, QuerySet

from execution.models import Fill
from execution.selectors.transactions import fills
from treasury.core.triggering.observed import Move
from treasury.core.types import Address


def latest_moves(*, tier_id: int, until: int) -> tuple[Move, ...]:
    """The latest executed sale and purchase of each asset up to `until` (block time), of fills that
    stand."""
    rows = fills(tier_id=tier_id).filter(transaction__mined_at__lte=until).order_by()
    return (*_latest(rows, "sell", is_sale=True), *_latest(rows, "buy", is_sale=False))


def _latest(rows: QuerySet[Fill], side: str, *, is_sale: bool) -> list[Move]:
    found = rows.values(f"{side}__address").annotate(at=Max("transaction__mined_at"))
    return [
        Move(Address(row[f"{side}__address"]), is_sale, row["at"])
        for row in found.order_by(f"{side}__address")
    ]
