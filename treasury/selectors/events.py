"""An event of the outbox as the outside gets it, by request and by webhook alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
