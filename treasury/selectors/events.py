"""An event of the outbox as the outside gets it, by request and by webhook alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from treasury.models import OutboxEvent


def event_document(event: OutboxEvent) -> dict[str, Any]:
    """The same object as `GET /events` shows. `sequence` is gap-free per treasury: receivers go by
    it, because messages may come twice and out of order."""
    return {
        "id": event.public_id,
        "object": "event",
        "type": event.kind,
        "treasury": event.treasury.public_id,
        "sequence": event.sequence,
        "timestamp": event.created_at.isoformat().replace("+00:00", "Z"),
        "data": {"object": event.payload},
    }


def latest_event(*, treasury_id: int, kinds: Sequence[str]) -> OutboxEvent | None:
    """The newest event of one of these kinds."""
    rows = OutboxEvent.objects.filter(treasury_id=treasury_id, kind__in=kinds)
    return rows.order_by("-sequence").first()
