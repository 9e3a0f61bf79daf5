"""Open halts as the engine and the pages see them, without a lock.

A row that says "closed" is not believed: the audit trail must hold the events that a closing
leaves, at that time, by those people. A closed halt without them stands as if it were open.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import CharField, Exists, OuterRef, Q, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from governance.models import Halt
from governance.selectors.audit import audit_events
from treasury.core.decisions import HaltNotice


def standing_halts() -> QuerySet[Halt]:
    """Open, or closed without proof."""
    return Halt.objects.filter(Q(closed_at__isnull=True) | ~_proof())


def unproven_halts() -> QuerySet[Halt]:
    """Closed, but not by the service."""
    return Halt.objects.filter(~_proof(), closed_at__isnull=False)


def _proof() -> Q:
    """Two people asked and closed at that time, or a self-clearing one's reading was clean."""
    closed_at = Cast(OuterRef("closed_at"), CharField())
    asked = _events("halt.close_asked").filter(by=OuterRef("first_closer__public_id"))
    closed = _events("halt.closed").filter(
        by=OuterRef("second_closer__public_id"), closed_at=closed_at
    )
    cleared = _events("halt.cleared").filter(closed_at=closed_at)
    by_two = Q(Exists(asked)) & Q(Exists(closed))
    return by_two | (Q(is_self_clearing=True) & Q(Exists(cleared)))


def _events(action: str) -> QuerySet[Any]:
    """The audit events of one action on the halt of the outer query."""
    rows = (
        audit_events()
        .order_by()
        .annotate(
            halt=KT("payload__object_id"),
            does=KT("payload__action"),
            by=KT("payload__after__by"),
            closed_at=KT("payload__after__closed_at"),
        )
    )
    found: QuerySet[Any] = rows.filter(halt=OuterRef("public_id"), does=action)
    return found


def open_halts(*, treasury_id: int, tier_id: int | None) -> tuple[HaltNotice, ...]:
    """Halts that cover the tier: its own and the treasury's."""
    rows = standing_halts().filter(scope__treasury_id=treasury_id)
    scoped = rows.filter(scope__tier__isnull=True)
    if tier_id is not None:
        scoped |= rows.filter(scope__tier_id=tier_id)
    return as_notices(list(scoped.select_related("scope__treasury", "scope__tier").order_by("pk")))


def open_halts_of_scopes(scope_ids: Sequence[int]) -> tuple[HaltNotice, ...]:
    rows = standing_halts().filter(scope_id__in=scope_ids)
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
    return standing_halts().filter(scope__tier_id=tier_id, breaker=breaker).exists()


def as_notices(rows: Sequence[Halt]) -> tuple[HaltNotice, ...]:
    return tuple(
        HaltNotice(scope=str(row.scope), breaker=row.breaker, level=row.level, reason=row.reason)
        for row in rows
    )


def halt_by_public_id(public_id: str) -> Halt | None:
    return Halt.objects.filter(public_id=public_id).select_related("scope").first()
