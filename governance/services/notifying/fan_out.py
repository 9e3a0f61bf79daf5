"""The outbox becomes messages: each event exactly once to each channel that it concerns.

The messages are written in the transaction that marks the event as relayed, so that neither can be
without the other. Nothing is sent here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog
from django.conf import settings
from django.db import connection

from governance.adapters.notifiers.registry import NOTIFIERS
from governance.core.telling.delivery import next_digest_at
from governance.core.telling.topics import wants
from governance.core.telling.words import Words, words
from governance.models import Channel, Notification
from governance.services.notifying.audience import (
    Circle,
    Told,
    deputies_at,
    signers_by_treasury,
    told,
)
from governance.services.notifying.telling import Telling, telling_of
from governance.services.signers import OwnersUnknownError
from treasury.selectors.events import event_document
from treasury.services.record import are_events_waiting, relay_events

if TYPE_CHECKING:
    from treasury.models import OutboxEvent

log = structlog.get_logger(__name__)

EVENTS_PER_SWEEP = 500


@dataclass(frozen=True, slots=True)
class Batch:
    """What is read once for many events. `now` is the database's, as `relayed_at` is: the outbox
    has no other clock."""

    now: datetime
    channels: dict[int, list[Channel]]
    circle: Circle


def relay(*, rpc_url: str, limit: int = EVENTS_PER_SWEEP) -> int:
    """Hand on the oldest events and say how many. While the owners of a Safe cannot be read, the
    events wait: a signer who is not told is worse than a late message."""
    if not are_events_waiting():
        return relay_events(limit=limit)
    try:
        signers = signers_by_treasury(rpc_url=rpc_url) if _do_people_listen() else {}
    except OwnersUnknownError:
        log.warning("events_wait_for_owners")
        return 0
    return relay_events(limit=limit, hand_on=lambda events: hand_on(events, signers))


def _do_people_listen() -> bool:
    return Channel.objects.filter(disabled_at=None, user__isnull=False).exists()


def hand_on(events: Sequence[OutboxEvent], signers: dict[int, frozenset[int]]) -> None:
    """Inside the transaction that marks them as relayed. Doing it twice is doing it once."""
    if not events:
        return
    now = _database_time()
    channels: dict[int, list[Channel]] = defaultdict(list)
    for channel in Channel.objects.filter(disabled_at=None).order_by("pk"):
        channels[channel.treasury_id].append(channel)
    batch = Batch(now, channels, Circle(signers, deputies_at(now)))
    rows = [row for event in events for row in _notifications(event, batch)]
    Notification.objects.bulk_create(rows, ignore_conflicts=True)


def _notifications(event: OutboxEvent, batch: Batch) -> Iterator[Notification]:
    channels = batch.channels.get(event.treasury_id, [])
    if not channels:
        return
    telling = telling_of(event)
    concerned = told(telling, batch.circle) if telling else Told(frozenset(), {})
    for channel in channels:
        if _is_told(channel, event, telling, concerned):
            yield _notification(channel, event, telling, concerned, batch.now)


def _is_told(
    channel: Channel, event: OutboxEvent, telling: Telling | None, concerned: Told
) -> bool:
    if channel.user_id is not None and channel.user_id not in concerned.people:
        return False
    return wants(
        frozenset(channel.topics),
        kind=event.kind,
        topic=telling.topic if telling else None,
        is_machine=channel.user_id is None and NOTIFIERS[channel.kind].has_secret,
    )


def _notification(
    channel: Channel,
    event: OutboxEvent,
    telling: Telling | None,
    concerned: Told,
    now: datetime,
) -> Notification:
    said = _words(channel, event, telling, concerned)
    link = settings.SITE_URL + telling.facts.path if telling else ""
    document: dict[str, Any] = event_document(event)
    if telling is not None and channel.user_id is not None:
        document["notice"] = {
            "topic": telling.topic.value,
            "subject": said.subject,
            "body": said.body,
            "link": link,
        }
    return Notification(
        channel=channel,
        topic=telling.topic.value if telling else event.kind[:40],
        dedupe_key=event.public_id,
        object_id=telling.object_id if telling else "",
        subject=said.subject,
        body=said.body,
        payload=document,
        link=link,
        next_try_at=next_digest_at(now) if channel.is_digest else now,
    )


def _words(channel: Channel, event: OutboxEvent, telling: Telling | None, concerned: Told) -> Words:
    if telling is None:
        return Words(f"{event.treasury.name}: {event.kind}"[:200], "")
    stands_for = concerned.standing.get(channel.user_id or 0, "")
    return words(telling.topic, telling.facts, stands_for=stands_for)


def _database_time() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        row = cursor.fetchone()
    found: datetime = row[0]
    return found
