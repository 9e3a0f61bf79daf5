"""The sweeper of messages: takes what is due, tells it, writes down how it was taken.

Claim, tell, record: three steps, and no transaction is open while somebody else is talked to. A
process that dies after telling tells again once its claim is over, with the same id: at least
once, never none. Receivers go by the id.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import F

from governance.adapters.notifiers.base import Answer, Message
from governance.adapters.notifiers.registry import notifier_of
from governance.core.telling.delivery import LEASE, must_disable, retry_at
from governance.core.telling.words import digest_words
from governance.models import Channel, DeliveryTry, Notification, NotificationState
from governance.services.notifying.channels import switch_off
from treasury.core.types import Actor, ActorKind
from treasury.services.crash_points import passage

log = structlog.get_logger(__name__)

MESSENGER = Actor(ActorKind.SYSTEM, "governance.messenger")
BATCH = 24
AT_ONCE = 8
DIGEST_MAX = 200


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message to one channel; a digest carries many notifications."""

    channel: Channel
    notifications: tuple[Notification, ...]
    message: Message


def deliver_due(*, now: datetime, limit: int = BATCH) -> int:
    """Tell what is due, and say how many messages were tried. Several workers may do it at once."""
    parcels = _parcels(_claim(now, limit), now)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for parcel, answer in zip(parcels, pool.map(_tell, parcels), strict=True):
            passage("webhook.after")
            _record(parcel, answer, now)
    return len(parcels)


def _claim(now: datetime, limit: int) -> list[Notification]:
    """Due messages, ours until the lease is over."""
    with transaction.atomic():
        due = Notification.objects.filter(
            state=NotificationState.WAITING, next_try_at__lte=now, channel__disabled_at=None
        ).select_related("channel__treasury")
        free = due.select_for_update(skip_locked=True, of=("self",)).order_by("next_try_at", "pk")
        rows = list(free[:limit])
        digests = {row.channel_id for row in rows if row.channel.is_digest}
        if digests:
            rows = [row for row in rows if row.channel_id not in digests]
            rows += free.filter(channel_id__in=digests)[:DIGEST_MAX]
        Notification.objects.filter(pk__in=[row.pk for row in rows]).update(
            tries=F("tries") + 1, next_try_at=now + LEASE
        )
    for row in rows:
        row.tries += 1
    return rows


def _parcels(rows: Sequence[Notification], now: datetime) -> list[Parcel]:
    single = [Parcel(row.channel, (row,), _message(row, now)) for row in rows if not _digest(row)]
    digests: dict[int, list[Notification]] = {}
    for row in filter(_digest, rows):
        digests.setdefault(row.channel_id, []).append(row)
    return single + [_digest_parcel(found, now) for found in digests.values()]


def _digest(row: Notification) -> bool:
    return row.channel.is_digest


def _message(row: Notification, now: datetime) -> Message:
    """The id is the event's, or the message's own when there is no event behind it."""
    return Message(
        message_id=str(row.payload.get("id") or row.public_id),
        subject=row.subject,
        body=row.body,
        link=row.link,
        at=now,
        payload=row.payload,
        secrets=_secrets(row.channel),
    )


def _digest_parcel(rows: Sequence[Notification], now: datetime) -> Parcel:
    channel = rows[0].channel
    said = digest_words(channel.treasury.name, [(row.subject, row.link) for row in rows])
    message = Message(
        message_id=rows[0].public_id,
        subject=said.subject,
        body=said.body,
        link="",
        at=now,
        payload={
            "id": rows[0].public_id,
            "object": "digest",
            "treasury": channel.treasury.public_id,
            "data": [row.payload for row in rows],
        },
        secrets=_secrets(channel),
    )
    return Parcel(channel, tuple(rows), message)


def _secrets(channel: Channel) -> tuple[str, ...]:
    return tuple(filter(None, (channel.secret, channel.previous_secret)))


def _tell(parcel: Parcel) -> Answer:
    """In a thread of its own, which touches no row."""
    return notifier_of(parcel.channel.kind).send(parcel.channel.target, parcel.message)


def _record(parcel: Parcel, answer: Answer, now: datetime) -> None:
    with transaction.atomic():
        channel = Channel.objects.select_for_update().get(pk=parcel.channel.pk)
        DeliveryTry.objects.bulk_create(
            DeliveryTry(
                notification=row,
                tried_at=now,
                is_delivered=answer.is_delivered,
                status=answer.status,
                answer=answer.text,
                latency_ms=answer.latency_ms,
            )
            for row in parcel.notifications
        )
        if answer.is_delivered:
            _delivered(parcel, channel, answer, now)
        else:
            _failed(parcel, channel, answer, now)


def _delivered(parcel: Parcel, channel: Channel, answer: Answer, now: datetime) -> None:
    Channel.objects.filter(pk=channel.pk).update(failing_since=None)
    Notification.objects.filter(pk__in=[row.pk for row in parcel.notifications]).update(
        state=NotificationState.SENT,
        sent_at=now,
        latest_answer=answer.text,
        latest_latency_ms=answer.latency_ms,
    )


def _failed(parcel: Parcel, channel: Channel, answer: Answer, now: datetime) -> None:
    """Try again later, together with what else waits for this channel: a receiver that is down is
    asked by one message, not by all of them."""
    if channel.failing_since is None:
        channel.failing_since = now
        channel.save(update_fields=["failing_since"])
    log.info("delivery_failed", channel=channel.public_id, status=answer.status)
    for row in parcel.notifications:
        again = retry_at(tries=row.tries, key=row.public_id, now=now)
        if channel.disabled_at is not None:  # by another message of this batch
            again = None
        Notification.objects.filter(pk=row.pk).update(
            state=NotificationState.FAILED if again is None else NotificationState.WAITING,
            next_try_at=again or now,
            latest_answer=answer.text,
            latest_latency_ms=answer.latency_ms,
        )
        if again is not None:
            Notification.objects.filter(
                channel=channel, state=NotificationState.WAITING, next_try_at__lt=again
            ).update(next_try_at=again)
    if answer.is_gone:
        switch_off(channel, reason="the receiver is gone (410)", now=now, actor=MESSENGER)
    elif must_disable(failing_since=channel.failing_since, now=now):
        reason = f"nothing got through since {channel.failing_since:%Y-%m-%d %H:%M} UTC"
        switch_off(channel, reason=reason, now=now, actor=MESSENGER)
