"""The sweeper of messages: retries, giving up, digests, deaths in the middle."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest
from django.core import mail
from standardwebhooks import Webhook

from governance.models import Channel, Notification
from governance.services.notifying import channels
from governance.services.notifying.channels import ChannelError, replay, rotate_secret, send_test
from governance.services.notifying.delivering import deliver_due
from tests.integration.governance.conftest import Stage
from tests.integration.governance.notices.conftest import ACTOR, MakeChannel, wall
from tests.receivers import Receiver
from treasury.models import AuditEvent, OutboxEvent


@pytest.fixture
def hook(channel: MakeChannel, receiver: Receiver) -> Channel:
    return channel(None, receiver.url, "webhook", topics=["halt"])


def status(receiver: Receiver, *statuses: int) -> None:
    receiver.answer = lambda number: (statuses[min(number, len(statuses)) - 1], {}, b"answer")


def test_webhook__delivered__signed_logged_and_not_told_again(
    hook: Channel, receiver: Receiver
) -> None:
    row = send_test(channel_id=hook.pk, now=wall(), actor=ACTOR)
    assert deliver_due(now=wall()) == 1
    assert deliver_due(now=wall() + timedelta(days=1)) == 0
    row.refresh_from_db()
    assert (row.state, row.tries, row.latest_answer) == ("SENT", 1, "thanks")
    [request] = receiver.requests
    assert Webhook(hook.secret).verify(request.body, request.headers) == row.payload
    assert request.headers["webhook-id"] == row.public_id
    [log] = row.delivery_tries.all()
    assert (log.is_delivered, log.status, log.answer) == (True, 200, "thanks")


def test_webhook__rotation__both_secrets_sign_until_it_is_finished(
    hook: Channel, receiver: Receiver
) -> None:
    old = hook.secret
    new = rotate_secret(channel_id=hook.pk, actor=ACTOR).secret
    assert new != old
    assert len(base64.b64decode(new.removeprefix("whsec_"))) == 32
    for expected in (2, 1):
        send_test(channel_id=hook.pk, now=wall(), actor=ACTOR)
        deliver_due(now=wall())
        signatures = receiver.requests[-1].headers["webhook-signature"].split(" ")
        assert len(signatures) == expected
        Webhook(new).verify(receiver.requests[-1].body, receiver.requests[-1].headers)
        channels.finish_rotation(channel_id=hook.pk, actor=ACTOR)


def test_retries__always_refused__ten_tries_over_three_days_then_given_up(
    hook: Channel, receiver: Receiver
) -> None:
    status(receiver, 503)
    row = send_test(channel_id=hook.pk, now=wall(), actor=ACTOR)
    now, started, waits = wall(), wall(), []
    while row.state == "WAITING":
        assert deliver_due(now=now) == 1
        assert deliver_due(now=now) == 0, "not before its time"
        row.refresh_from_db()
        waits.append(round((row.next_try_at - now).total_seconds()))
        now = row.next_try_at
    nominal = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]
    for waited, delay in zip(waits, nominal, strict=False):
        assert delay <= waited <= delay * 1.1 + 1
    assert (row.state, row.tries, len(receiver.requests)) == ("FAILED", 10, 10)
    assert timedelta(days=3) < now - started < timedelta(days=3.5)
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
    assert row.delivery_tries.filter(status=503).count() == 10


def test_retries__second_try_works__failing_since_is_cleared(
    hook: Channel, receiver: Receiver
) -> None:
    status(receiver, 500, 200)
    row = send_test(channel_id=hook.pk, now=wall(), actor=ACTOR)
    deliver_due(now=wall())
    hook.refresh_from_db()
    assert hook.failing_since is not None
    row.refresh_from_db()
    deliver_due(now=row.next_try_at)
    row.refresh_from_db()
    hook.refresh_from_db()
    assert (row.state, row.tries) == ("SENT", 2)
    assert Channel.objects.filter(pk=hook.pk, failing_since=None).exists()


def test_receiver_down__other_messages_wait_with_the_first(
    hook: Channel, receiver: Receiver
) -> None:
    status(receiver, 500)
    now = wall()
    send_test(channel_id=hook.pk, now=now, actor=ACTOR)
    later = send_test(channel_id=hook.pk, now=now + timedelta(seconds=1), actor=ACTOR)
    assert deliver_due(now=now) == 1
    later.refresh_from_db()
    assert (later.tries, later.next_try_at > now + timedelta(seconds=4)) == (0, True)


def test_gone__410__channel_is_off_and_administrators_will_be_told(
    stage: Stage, hook: Channel, receiver: Receiver, channel: MakeChannel
) -> None:
    channel("ada")
    status(receiver, 410)
    row = send_test(channel_id=hook.pk, now=wall(), actor=ACTOR)
    deliver_due(now=wall())
    hook.refresh_from_db()
    row.refresh_from_db()
    assert (hook.disabled_at is not None, row.state) == (True, "FAILED")
    assert "410" in hook.disabled_reason
    stage.sweep()
    alert = Notification.objects.get(topic="channel-disabled")
    assert alert.channel.user == stage.people["ada"]
    assert "410" in alert.body
    assert hook.target not in alert.body
    with pytest.raises(ChannelError, match="is off"):
        send_test(channel_id=hook.pk, now=wall(), actor=ACTOR)


def test_failing_for_five_days__channel_is_switched_off_once(
    hook: Channel, receiver: Receiver
) -> None:
    status(receiver, 500)
    now = wall()
    for day in range(7):
        moment = now + timedelta(days=day)
        if Channel.objects.filter(pk=hook.pk, disabled_at=None).exists():
            send_test(channel_id=hook.pk, now=moment, actor=ACTOR)
        deliver_due(now=moment)
        is_off = Channel.objects.get(pk=hook.pk).disabled_at is not None
        assert is_off is (day >= 5), day
    assert OutboxEvent.objects.filter(kind="channel.disabled").count() == 1
    assert not hook.notifications.filter(state="WAITING").exists()


def test_died_after_telling__told_again_with_the_same_id_when_the_lease_is_over(
    hook: Channel, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = send_test(channel_id=hook.pk, now=wall(), actor=ACTOR)
    now = wall()

    def die(step: str) -> None:
        raise KeyboardInterrupt(step)

    with monkeypatch.context() as patch:
        patch.setattr("governance.services.notifying.delivering.passage", die)
        with pytest.raises(KeyboardInterrupt, match=r"webhook\.after"):
            deliver_due(now=now)
    assert deliver_due(now=now + timedelta(seconds=60)) == 0
    assert deliver_due(now=now + timedelta(seconds=121)) == 1
    ids = [request.headers["webhook-id"] for request in receiver.requests]
    assert ids == [row.public_id, row.public_id]
    row.refresh_from_db()
    assert (row.state, row.tries) == ("SENT", 2)


def test_replay__delivered_one__same_id_again(hook: Channel, receiver: Receiver) -> None:
    row = send_test(channel_id=hook.pk, now=wall(), actor=ACTOR)
    deliver_due(now=wall())
    replay(notification_id=row.pk, now=wall(), actor=ACTOR)
    deliver_due(now=wall())
    first, second = receiver.requests
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    assert row.delivery_tries.count() == 2


def test_digest__many_notices__one_mail(channel: MakeChannel) -> None:
    digest = channel("olga", is_digest=True)
    now = wall()
    for _ in range(40):
        send_test(channel_id=digest.pk, now=now, actor=ACTOR)
    assert deliver_due(now=now) == 1
    [message] = mail.outbox
    assert message.to == ["olga@example.org"]
    assert message.subject.endswith(": 40 notices since yesterday")
    assert message.body.count("a test message") == 40
    assert not digest.notifications.exclude(state="SENT").exists()


def test_mail__delivered__by_django_s_backend(channel: MakeChannel) -> None:
    own = channel("sofia")
    send_test(channel_id=own.pk, now=wall(), actor=ACTOR)
    deliver_due(now=wall())
    [message] = mail.outbox
    assert message.to == ["sofia@example.org"]
    assert "It did." in message.body


@pytest.mark.parametrize(
    ("kind", "target", "topics", "code"),
    [
        ("webhook", "https://169.254.169.254/latest", [], "target_refused"),
        ("webhook", "https://user:pass@example.org/", [], "target_refused"),
        ("webhook", "http://example.org:70000/", [], "target_refused"),
        ("email", "nobody", [], "target_refused"),
        ("pigeon", "roof", [], "target_refused"),
        ("apprise", "json://127.0.0.1", [], "target_refused"),
        ("email", "a@example.org", ["nonsense"], "unknown_topic"),
    ],
)
def test_create__what_could_not_work__refused_and_nothing_made(
    channel: MakeChannel, kind: str, target: str, topics: list[str], code: str
) -> None:
    before = AuditEvent.objects.count()
    with pytest.raises(ValueError, match=r"\w") as refused:
        channel("olga", target, kind, topics=topics)
    assert getattr(refused.value, "problem_code", "") == code
    assert not Channel.objects.exists()
    assert AuditEvent.objects.count() == before


def test_create__secrets_and_targets__never_in_the_audit_trail(
    hook: Channel, receiver: Receiver
) -> None:
    rotate_secret(channel_id=hook.pk, actor=ACTOR)
    hook.refresh_from_db()
    trail = json.dumps(
        [row.payload for row in AuditEvent.objects.filter(payload__object_type="channel")]
    )
    assert "channel.secret_rotated" in trail
    for secret in (hook.secret, hook.previous_secret, receiver.url):
        assert secret not in trail
