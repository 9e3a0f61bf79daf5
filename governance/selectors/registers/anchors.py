"""The latest anchor, and whether the chain still says what was told outside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from governance.models import AuditAnchor
from governance.selectors.audit import audit_events


@dataclass(frozen=True, slots=True)
class AnchorMark:
    """`agrees` False: the chain was cut or written anew since."""

    event_id: int
    at: datetime
    sink: str
    reference: str
    agrees: bool


def anchor_mark() -> AnchorMark | None:
    row = AuditAnchor.objects.order_by("-event_id", "-id").first()
    if row is None:
        return None
    event = audit_events().filter(id=row.event_id).first()
    agrees = event is not None and bytes(event.hash).hex() == row.event_hash.removeprefix("0x")
    return AnchorMark(row.event_id, row.created_at, row.sink, row.reference, agrees)
