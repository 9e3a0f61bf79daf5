"""Checks the audit chain from its first event to its last, and against anchors kept elsewhere.

The chain alone shows a changed, lost or inserted event. It cannot show that its tail was cut off
or that all of it was written anew: only an anchor (an id with its hash, kept outside the database)
tells that."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from treasury.models import AuditEvent

GENESIS = bytes(32)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BATCH = 2_000


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    """`first_bad_id` is None when everything holds; `problem` says what does not. `last_id` and
    `last_hash` are the next anchor."""

    count: int
    last_id: int
    last_hash: str
    first_bad_id: int | None
    problem: str


@dataclass(frozen=True, slots=True)
class NewestEvent:
    """Where the chain stands; `event_hash` in hex, `count` the rows that are really there."""

    event_id: int
    event_hash: str
    count: int


def chain_head() -> NewestEvent | None:
    """None while nothing was recorded. Checks nothing: `verify_chain` does."""
    newest = AuditEvent.objects.order_by("-id").first()
    if newest is None:
        return None
    count = AuditEvent.objects.filter(id__lte=newest.id).count()
    return NewestEvent(newest.id, bytes(newest.hash).hex(), count)


def verify_chain(anchors: Mapping[int, str] | None = None) -> AuditVerdict:
    """Reads every event once. `anchors`: event id -> hash in hex."""
    wanted = dict(anchors or {})
    previous, number = GENESIS, 0
    for event in AuditEvent.objects.order_by("id").iterator(chunk_size=BATCH):
        problem = _problem(event, number + 1, previous) or _anchor_problem(event, wanted)
        if problem:
            return AuditVerdict(number, number, previous.hex(), event.id, problem)
        previous, number = bytes(event.hash), event.id
    for missing in sorted(wanted):
        problem = f"anchored event {missing} is missing: the end of the chain was cut off"
        return AuditVerdict(number, number, previous.hex(), missing, problem)
    return AuditVerdict(number, number, previous.hex(), None, "")


def verify_after(*, event_id: int, event_hash: str, limit: int) -> AuditVerdict:
    """At most `limit` events after one whose hash (hex) was seen to hold; 0 and "" for the start.
    The event itself has to be there still and hash to what it did. `count` is what was read."""
    previous, number = GENESIS, event_id
    if event_id:
        known = AuditEvent.objects.filter(id=event_id).first()
        problem = "verified event is missing" if known is None else _changed(known)
        if known is None or problem or bytes(known.hash).hex() != event_hash:
            problem = problem or "the verified event has another hash now"
            return AuditVerdict(0, event_id, event_hash, event_id, problem)
        previous = bytes(known.hash)
    read = 0
    for event in AuditEvent.objects.filter(id__gt=event_id).order_by("id")[:limit]:
        problem = _problem(event, number + 1, previous)
        if problem:
            return AuditVerdict(read, number, previous.hex(), event.id, problem)
        previous, number, read = bytes(event.hash), event.id, read + 1
    return AuditVerdict(read, number, previous.hex(), None, "")


def export_lines() -> Iterator[str]:
    """Every event as one line of JSON, oldest first: what `docs/verify/verify_audit.py` reads."""
    return map(export_line, AuditEvent.objects.order_by("id").iterator(chunk_size=BATCH))


def export_line(event: AuditEvent) -> str:
    """The body as text; as hex where somebody made it unreadable, so that this is found too."""
    body = bytes(event.body)
    try:
        shown = {"body": body.decode()}
    except UnicodeDecodeError:
        shown = {"body_hex": body.hex()}
    hashes = {"prev": bytes(event.prev).hex(), "hash": bytes(event.hash).hex()}
    return json.dumps({"id": event.id, "at": microseconds(event.at), **shown, **hashes})


def event_hash(*, previous: bytes, event_id: int, at: datetime, body: bytes) -> bytes:
    content = hashlib.sha256(body).digest()
    numbers = struct.pack(">qq", event_id, microseconds(at))
    return hashlib.sha256(previous + numbers + content).digest()


def microseconds(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


def _problem(event: AuditEvent, expected_id: int, previous: bytes) -> str:
    if event.id != expected_id:
        return f"event {expected_id} is missing"
    if bytes(event.prev) != previous:
        return "does not follow the event before it"
    return _changed(event)


def _changed(event: AuditEvent) -> str:
    """What of the event itself does not hold, whatever stands before it."""
    body = bytes(event.body)
    computed = event_hash(previous=bytes(event.prev), event_id=event.id, at=event.at, body=body)
    if computed != bytes(event.hash):
        return "body, time or hash was changed"
    if json.loads(body) != event.payload:
        return "payload differs from the hashed body"
    return ""


def _anchor_problem(event: AuditEvent, wanted: dict[int, str]) -> str:
    anchored = wanted.pop(event.id, None)
    if anchored is not None and anchored.removeprefix("0x").lower() != bytes(event.hash).hex():
        return "differs from its anchor: the chain was written anew"
    return ""
