"""Open halts as the engine and the pages see them, without a lock."""

from __future__ import annotations

from collections.abc import Sequence

from governance.models import Halt
from treasury.core.decisions import HaltNotice


def open_halts(*, treasury_id: int, tier_id: int | None) -> tuple[HaltNotice, ...]:
    """Halts that cover the tier: its own and the treasury's."""
    rows = Halt.objects.filter(scope__treasury_id=treasury_id, closed_at=None)
    scoped = rows.filter(scope__tier__isnull=True)
    if tier_id is not None:
        scoped |= rows.filter(scope__tier_id=tier_id)
    return as_notices(list(scoped.select_related("scope__treasury", "scope__tier").order_by("pk")))


def open_halts_of_scopes(scope_ids: Sequence[int]) -> tuple[HaltNotice, ...]:
    rows = Halt.objects.filter(scope_id__in=scope_ids, closed_at=None)
    return as_notices(list(rows.select_related("scope__treasury", "scope__tier").order_by("pk")))


def latest_value(*, tier_id: int, breaker: str) -> str:
    """What the breaker read when it last tripped and was closed, empty when it never did."""
    row = (
        Halt.objects.filter(scope__tier_id=tier_id, breaker=breaker, closed_at__isnull=False)
        .order_by("-pk")
        .first()
    )
    return row.value if row else ""


def is_open(*, tier_id: int, breaker: str) -> bool:
    rows = Halt.objects.filter(scope__tier_id=tier_id, breaker=breaker)
    return rows.filter(closed_at__isnull=True).exists()


def as_notices(rows: Sequence[Halt]) -> tuple[HaltNotice, ...]:
    return tuple(
        HaltNotice(scope=str(row.scope), breaker=row.breaker, level=row.level, reason=row.reason)
        for row in rows
    )


def halt_by_public_id(public_id: str) -> Halt | None:
    return Halt.objects.filter(public_id=public_id).select_related("scope").first()
