"""Channels: how a person, or a system of the treasury, is told. Made, tried, rotated, switched off.

Whether somebody may do this to this channel is the caller's question: one's own needs
`channel.write`, the treasury's `identity.write`. Targets and secrets never enter the audit trail.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction

from governance.adapters.notifiers.registry import notifier_of
from governance.core.telling.topics import SUBSCRIBABLE, Topic
from governance.core.telling.words import Facts, words
from governance.models import Channel, Notification, NotificationState, User
from treasury.core.types import Actor
from treasury.services.record import emit_event, record_audit

SECRET_BYTES = 32
CHANNELS_MAX = 20
"""Per person, and for the treasury itself."""


class ChannelError(ValueError):
    """What was asked of the channel is not possible; the text may be shown."""

    problem_status = 422

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = self.problem_code = code


@dataclass(frozen=True, slots=True)
class WithSecret:
    """`secret` signs the messages (empty for kinds that sign nothing). Shown once."""

    channel: Channel
    secret: str


def create_channel(
    *,
    treasury_id: int,
    user: User | None,
    kind: str,
    target: str,
    actor: Actor,
    topics: Iterable[str] = (),
    is_digest: bool = False,
) -> WithSecret:
    """`user` None: a channel of the treasury itself. Raises TargetRefusedError or ChannelError."""
    notifier = notifier_of(kind)
    target = notifier.check(target)
    wanted = sorted(set(topics))
    unknown = [name for name in wanted if name not in SUBSCRIBABLE]
    if unknown:
        raise ChannelError("unknown_topic", f"there is no topic {unknown[0]!r}")
    secret = _new_secret() if notifier.has_secret else ""
    if Channel.objects.filter(treasury_id=treasury_id, user=user).count() >= CHANNELS_MAX:
        raise ChannelError("too_many_channels", f"at most {CHANNELS_MAX} channels")
    try:
        with transaction.atomic():
            channel = Channel.objects.create(
                treasury_id=treasury_id,
                user=user,
                kind=kind,
                target=target,
                secret=secret,
                topics=wanted,
                is_digest=is_digest,
            )
            _record(channel, "channel.created", actor)
    except IntegrityError:
        raise ChannelError("channel_exists", "there is such a channel already") from None
    return WithSecret(channel, secret)


def rotate_secret(*, channel_id: int, actor: Actor) -> WithSecret:
    """A new secret; the one before signs as well until `finish_rotation` or the next rotation."""
    with transaction.atomic():
        channel = _locked(channel_id)
        if not notifier_of(channel.kind).has_secret:
            raise ChannelError("no_secret", f"messages by {channel.kind} are not signed")
        channel.previous_secret, channel.secret = channel.secret, _new_secret()
        channel.save(update_fields=["secret", "previous_secret"])
        _record(channel, "channel.secret_rotated", actor)
    return WithSecret(channel, channel.secret)


def finish_rotation(*, channel_id: int, actor: Actor) -> Channel:
    """The secret before signs no more. Doing it twice is doing it once."""
    with transaction.atomic():
        channel = _locked(channel_id)
        if channel.previous_secret:
            channel.previous_secret = ""
            channel.save(update_fields=["previous_secret"])
            _record(channel, "channel.rotation_finished", actor)
    return channel


def disable_channel(*, channel_id: int, reason: str, now: datetime, actor: Actor) -> Channel:
    """What waits for it is given up and can be replayed. Doing it twice is doing it once. Rows are
    kept: the delivery log is part of the record."""
    with transaction.atomic():
        channel = _locked(channel_id)
        if channel.disabled_at is None:
            _close(channel, reason, now)
            _record(channel, "channel.disabled", actor, reason)
    return channel


def enable_channel(*, channel_id: int, actor: Actor) -> Channel:
    with transaction.atomic():
        channel = _locked(channel_id)
        if channel.disabled_at is not None:
            channel.disabled_at, channel.disabled_reason = None, ""
            channel.failing_since = None
            channel.save()
            _record(channel, "channel.enabled", actor)
    return channel


def switch_off(channel: Channel, *, reason: str, now: datetime, actor: Actor) -> None:
    """By the messenger, in its transaction, which holds the channel: the owner and the
    administrators are told by their other channels."""
    if channel.disabled_at is not None:
        return
    _close(channel, reason, now)
    emit_event(
        treasury_id=channel.treasury_id,
        kind="channel.disabled",
        payload={
            "id": channel.public_id,
            "channel": channel.public_id,
            "kind": channel.kind,
            "reason": reason,
            "people": [channel.user.public_id] if channel.user else [],
        },
    )
    _record(channel, "channel.disabled", actor, reason)


def send_test(*, channel_id: int, now: datetime, actor: Actor) -> Notification:
    """One message to this channel alone, by the way that all messages take."""
    with transaction.atomic():
        channel = _locked(channel_id)
        _require_enabled(channel)
        said = words(Topic.TEST, Facts(treasury=channel.treasury.name))
        row = Notification(
            channel=channel,
            topic=Topic.TEST.value,
            subject=said.subject,
            body=said.body,
            link=f"{settings.SITE_URL}/",
            next_try_at=now,
        )
        row.dedupe_key = row.public_id
        row.payload = {
            "id": row.public_id,
            "object": "event",
            "type": "test",
            "treasury": channel.treasury.public_id,
            "sequence": None,
            "timestamp": now.isoformat().replace("+00:00", "Z"),
            "data": {"object": {}},
        }
        row.save(force_insert=True)
        _record(channel, "channel.tested", actor)
    return row


def replay(*, notification_id: int, now: datetime, actor: Actor) -> Notification:
    """Tell it again, with the same id and from the first try. What was delivered may be told again:
    receivers go by the id."""
    with transaction.atomic():
        row = (
            Notification.objects.select_for_update(of=("self",))
            .select_related("channel__treasury")
            .get(pk=notification_id)
        )
        _require_enabled(row.channel)
        row.state, row.tries, row.next_try_at = NotificationState.WAITING, 0, now
        row.save(update_fields=["state", "tries", "next_try_at"])
        _record(row.channel, "channel.replayed", actor, row.public_id)
    return row


def _require_enabled(channel: Channel) -> None:
    if channel.disabled_at is not None:
        raise ChannelError(
            "channel_disabled", f"the channel is off: {channel.disabled_reason}; switch it on first"
        )


def _close(channel: Channel, reason: str, now: datetime) -> None:
    channel.disabled_at, channel.disabled_reason = now, reason[:200]
    channel.save(update_fields=["disabled_at", "disabled_reason"])
    Notification.objects.filter(channel=channel, state=NotificationState.WAITING).update(
        state=NotificationState.FAILED, latest_answer=f"not told: {reason}"[:200]
    )


def _locked(channel_id: int) -> Channel:
    return (
        Channel.objects.select_for_update(of=("self",))
        .select_related("treasury", "user")
        .get(pk=channel_id)
    )


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def _record(channel: Channel, action: str, actor: Actor, reason: str = "") -> None:
    record_audit(
        actor=actor,
        action=action,
        object_type="channel",
        object_id=channel.public_id,
        block=None,
        after={
            "kind": channel.kind,
            "of": channel.user.public_id if channel.user else "treasury",
            "topics": channel.topics,
        },
        reason=reason,
    )
