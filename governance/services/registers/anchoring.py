"""Telling somebody outside where the audit chain stands, so that a cut or rewritten one is found.

Two sinks: the signed file, and the event `audit.anchored`, which webhooks of auditors receive.
Writes no audit event: an anchor would be the reason of the next one for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import transaction

from governance.adapters.anchor_file import WrittenAnchor, append_anchor
from governance.core.anchors import ChainHead
from governance.models import AuditAnchor
from treasury.selectors.audit import chain_head
from treasury.selectors.portfolio import treasuries
from treasury.services.record import emit_event

FILE_SINK = "file"
EVENT_SINK = "event"


@dataclass(frozen=True, slots=True)
class AnchorPlaces:
    """Folder of the signed file and the file of its key."""

    folder: Path
    key_file: Path


def anchor_audit(*, places: AnchorPlaces, now: datetime) -> WrittenAnchor | None:
    """Anchor the newest event; None while nothing new happened. Doing it twice, or going on after
    a crash, gives one line and one row per sink. Raises AnchorFileError."""
    newest = chain_head()
    if newest is None or _is_anchored(newest.event_id):
        return None
    head = ChainHead(newest.event_id, newest.event_hash, newest.count)
    written = append_anchor(folder=places.folder, key_file=places.key_file, head=head, at=now)
    with transaction.atomic():
        for sink, reference in ((FILE_SINK, written.reference), (EVENT_SINK, "audit.anchored")):
            AuditAnchor.objects.get_or_create(
                sink=sink,
                event_id=head.event_id,
                defaults={
                    "event_hash": head.event_hash,
                    "count": head.count,
                    "reference": reference,
                    "signature": written.signature,
                },
            )
        for treasury in treasuries():
            emit_event(treasury_id=treasury.pk, kind="audit.anchored", payload=_payload(written))
    return written


def _is_anchored(event_id: int) -> bool:
    return AuditAnchor.objects.filter(sink=EVENT_SINK, event_id=event_id).exists()


def _payload(written: WrittenAnchor) -> dict[str, str]:
    return {"line": written.line, "public_key": written.public_key}
