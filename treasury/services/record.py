"""Who did what (the audit chain) and what the world is told (the outbox), written with the fact
itself.

Both belong into the transaction of the fact, as late in it as possible: the first of them takes the
lock that serialises the chain until the commit. An event takes it too, before its own: with one
order of locks, two transactions that write both never wait for each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models.functions import Now

from treasury.core.canonical import canonical_bytes
from treasury.core.types import Actor, BlockRef
from treasury.models import OutboxEvent
from treasury.services.crash_points import passage

AUDIT_LOCK = 7411
"""Which the audit chain's trigger takes; the outbox' own is 7412, per treasury."""


class OutsideTransactionError(RuntimeError):
    """A record was to be written without the transaction of the fact it speaks of."""


def record_audit(
    *,
    actor: Actor,
    action: str,
    object_type: str,
    object_id: str,
    block: BlockRef | None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
) -> None:
    """One event of the audit chain; the database gives id, time and hashes. Values must be
    canonical: amounts as `Decimal`, `int` or text, never float. The request's id comes from the
    log context."""
    _require_transaction()
    context = structlog.contextvars.get_contextvars()
    body = canonical_bytes(
        {
            "actor": actor.name,
            "actor_kind": actor.kind,
            "action": action,
            "object_type": object_type,
            "object_id": object_id,
            "request_id": str(context.get("request_id", "")),
            "ip_hash": str(context.get("ip_hash", "")),
            "block": block,
            "before": before,
            "after": after,
            "reason": reason,
        }
    )
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO audit_event (body) VALUES (%s)", [body])


def emit_event(*, treasury_id: int, kind: str, payload: dict[str, Any]) -> None:
    """One event for the outside; the database gives its number, without gaps per treasury."""
    _require_transaction()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [AUDIT_LOCK])
    OutboxEvent.objects.create(treasury_id=treasury_id, kind=kind, payload=payload)


def are_events_waiting() -> bool:
    return OutboxEvent.objects.filter(relayed_at=None).exists()


def relay_events(
    *, limit: int, hand_on: Callable[[Sequence[OutboxEvent]], object] | None = None
) -> int:
    """Marks the oldest events as handed on and says how many. `hand_on` gets them, oldest first,
    in the same transaction: what it writes is there exactly once. What is taken is skipped by
    others, so several workers may relay at once; a crash before the commit leaves them for the
    next call."""
    passage("outbox.before")
    with transaction.atomic():
        waiting = list(
            OutboxEvent.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(relayed_at=None)
            .select_related("treasury")
            .order_by("id")[:limit]
        )
        if hand_on is not None:
            hand_on(waiting)
        OutboxEvent.objects.filter(id__in=[event.pk for event in waiting]).update(relayed_at=Now())
    passage("outbox.after")
    return len(waiting)


def _require_transaction() -> None:
    if not connection.in_atomic_block:
        raise OutsideTransactionError("call this inside the transaction of the fact it records")
