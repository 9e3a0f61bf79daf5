"""The audit chain as people read it: filtered, newest first, a page at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.db.models.fields.json import KeyTextTransform

from governance.selectors.audit import audit_events

PAGE = 40
TRAIL_MAX = 60


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One event. `at` is wall time, `block` what the money rules saw (number and timestamp)."""

    id: int
    at: datetime
    actor: str
    actor_kind: str
    action: str
    object_type: str
    object_id: str
    reason: str
    block_number: int | None
    block_timestamp: int | None
    before: str
    after: str
    hash: str


@dataclass(frozen=True, slots=True)
class TrailFilter:
    """Empty means any. `until` is exclusive."""

    object_id: str = ""
    actor: str = ""
    action: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class TrailPage:
    lines: tuple[AuditLine, ...]
    next_id: int | None


def trail(*, wanted: TrailFilter, before: int | None = None) -> TrailPage:
    """Newest first; `before` is the `next_id` of the page before."""
    rows = _keyed(audit_events().order_by("-id"))
    for name in ("object_id", "actor", "action"):
        value = getattr(wanted, name)
        if value:
            rows = rows.filter(**{f"{name}_key": value})
    if wanted.since is not None:
        rows = rows.filter(at__gte=wanted.since)
    if wanted.until is not None:
        rows = rows.filter(at__lt=wanted.until)
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = [line_of(row) for row in rows[: PAGE + 1]]
    return TrailPage(tuple(found[:PAGE]), found[PAGE - 1].id if len(found) > PAGE else None)


def trail_of(object_ids: Iterable[str]) -> tuple[AuditLine, ...]:
    """What happened to these objects, oldest first, the latest `TRAIL_MAX` events."""
    rows = _keyed(audit_events().order_by("-id")).filter(object_id_key__in=list(object_ids))
    return tuple(reversed([line_of(row) for row in rows[:TRAIL_MAX]]))


def line_of(row: Any) -> AuditLine:
    payload: dict[str, Any] = row.payload
    block = payload.get("block") or {}
    return AuditLine(
        id=row.id,
        at=row.at,
        actor=str(payload.get("actor", "")),
        actor_kind=str(payload.get("actor_kind", "")),
        action=str(payload.get("action", "")),
        object_type=str(payload.get("object_type", "")),
        object_id=str(payload.get("object_id", "")),
        reason=str(payload.get("reason", "")),
        block_number=block.get("number"),
        block_timestamp=block.get("timestamp"),
        before=_text(payload.get("before")),
        after=_text(payload.get("after")),
        hash=bytes(row.hash).hex(),
    )


def _keyed(rows: QuerySet[Any]) -> QuerySet[Any]:
    """With the members that are filtered by; each has an index of the same expression."""
    keyed: QuerySet[Any] = rows.annotate(
        object_id_key=KeyTextTransform("object_id", "payload"),
        actor_key=KeyTextTransform("actor", "payload"),
        action_key=KeyTextTransform("action", "payload"),
    )
    return keyed


def _text(value: Any) -> str:
    return "" if value is None else json.dumps(value, indent=1, sort_keys=True)
