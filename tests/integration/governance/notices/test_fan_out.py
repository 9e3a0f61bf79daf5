"""Who is told what, once, and with which words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings as django_settings

from governance.core.routing import Level
from governance.models import Absence, Notification
from governance.services import approvals, halts
from governance.services.notifying import fan_out
from governance.services.notifying.fan_out import relay
from tests.integration.governance.conftest import Stage
from tests.integration.governance.notices.conftest import ACTOR, MakeChannel, told, wall
from treasury.core.types import Actor, ActorKind
from treasury.models import OutboxEvent

Sign = Callable[[str, str], bytes]
PERSON = Actor(ActorKind.PERSON, "olga")


def trip(stage: Stage, level: Level = Level.FROZEN) -> None:
    halts.trip(
        treasury_id=stage.seeded.treasury.pk,
        tier_id=stage.tier_id("core"),
        found=halts.Trip("MANUAL", level, "by hand", "-", "a look is needed", False),
        actor=ACTOR,
        block=stage.head(),
    )


def test_multisig__signatures_are_asked_for__owners_are_told_in_words(
    stage: Stage, channel: MakeChannel
) -> None:
    for name in ("sofia", "stefan", "olga", "fiona"):
        channel(name)
    stage.seeded.shift_strategy()
    proposal = stage.propose("strategic")
    stage.sweep()
    found = told("needs-your-signature")
    assert set(found) == {"sofia", "stefan"}
    row = found["sofia"]
    value = f"{proposal.value_usd:,.2f} USD"
    assert row.subject == f"strategic: your signature is asked for ({value})"
    assert f"Value: {value}" in row.body
    assert f"Estimated cost: {proposal.estimated_cost_usd:,.2f} USD" in row.body
    assert "Deadline: 20" in row.body
    assert row.link == f"{django_settings.SITE_URL}/proposals/{proposal.public_id}/"
    assert row.object_id == proposal.public_id
    assert row.state == "WAITING"


def test_operator_route__operator_is_told__author_who_may_not_approve_is_not(
    stage: Stage, channel: MakeChannel
) -> None:
    channel("olga")
    channel("sofia")
    stage.move("WETH", 1_100)
    stage.propose("core")
    stage.sweep()
    assert set(told("needs-your-approval")) == {"olga"}
    assert told("needs-your-signature") == {}


def test_operator_route__author_is_the_operator__nobody_is_asked(
    stage: Stage, channel: MakeChannel
) -> None:
    channel("olga")
    stage.move("WETH", 1_100)
    stage.propose("core", author=stage.people["olga"])
    stage.sweep()
    assert told("needs-your-approval") == {}


def test_automatic__executed__finance_and_owners_are_told_and_nobody_is_asked(
    stage: Stage, channel: MakeChannel
) -> None:
    for name in ("fiona", "olga", "sofia"):
        channel(name)
    done = stage.settle(stage.propose("yield"), {"DONE"})
    stage.sweep()
    found = told("executed")
    assert set(found) == {"fiona", "olga"}
    assert f"Actual cost: {done.actual_cost_usd:,.2f} USD" in found["fiona"].body
    assert told("needs-your-signature") == told("needs-your-approval") == {}


def test_veto__author_owners_told_with_the_reason__in_one_line(
    stage: Stage, channel: MakeChannel
) -> None:
    channel("fiona")
    stage.move("WETH", 1_100)
    proposal = stage.propose("core")
    approvals.veto(
        proposal_id=proposal.pk,
        user=stage.people["olga"],
        reason="wait\nValue: 1.00 USD",
        actor=PERSON,
        block=stage.head(),
    )
    stage.sweep()
    body = told("rejected")["fiona"].body
    assert "Why: wait Value: 1.00 USD" in body
    assert "\nValue: 1.00 USD" not in body


def test_halt__everybody_who_acts__value_limit_and_reason(
    stage: Stage, channel: MakeChannel
) -> None:
    for name in ("olga", "sofia", "arne"):
        channel(name)
    trip(stage)
    stage.sweep()
    found = told("halt")
    assert set(found) == {"olga", "sofia"}
    assert found["olga"].subject == "core: halted by MANUAL"
    for line in ("Level: FROZEN", "Limit: -", "Why: a look is needed"):
        assert line in found["olga"].body


def test_relay__again_or_the_same_fact_twice__no_message_twice(
    stage: Stage, channel: MakeChannel
) -> None:
    channel("olga")
    trip(stage)
    assert relay(rpc_url=stage.url) > 0
    assert relay(rpc_url=stage.url) == 0
    fan_out.hand_on(list(OutboxEvent.objects.select_related("treasury")), {})
    assert Notification.objects.filter(topic="halt").count() == 1


def test_relay__handing_on_fails__the_events_stay(
    stage: Stage, channel: MakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel("olga")
    trip(stage)
    before = OutboxEvent.objects.filter(relayed_at=None).count()

    def die(_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("governance.services.notifying.fan_out.telling_of", die)
        with pytest.raises(KeyboardInterrupt):
            relay(rpc_url=stage.url)
    assert OutboxEvent.objects.filter(relayed_at=None).count() == before
    assert not Notification.objects.exists()


def test_relay__owners_cannot_be_read__the_events_wait(stage: Stage, channel: MakeChannel) -> None:
    channel("sofia")
    trip(stage)
    assert relay(rpc_url="http://127.0.0.1:1") == 0
    assert not Notification.objects.exists()
    assert relay(rpc_url=stage.url) > 0
    assert set(told("halt")) == {"sofia"}


def test_absence__deputy_is_told_in_the_absentee_s_place_and_why(
    stage: Stage, channel: MakeChannel
) -> None:
    for name in ("sofia", "selma", "stefan"):
        channel(name)
    now = wall()
    Absence.objects.create(
        user=stage.people["sofia"],
        deputy=stage.people["fiona"],
        starts_at=now - timedelta(days=1),
        ends_at=now + timedelta(days=1),
    )
    Absence.objects.create(
        user=stage.people["stefan"],
        deputy=None,
        starts_at=now - timedelta(days=1),
        ends_at=now + timedelta(days=1),
    )
    channel("fiona")
    stage.seeded.shift_strategy()
    stage.propose("strategic")
    stage.sweep()
    found = told("needs-your-signature")
    assert set(found) == {"fiona", "selma", "stefan"}
    assert "You are told as deputy of sofia, who is away." in found["fiona"].body
    assert "deputy" not in found["selma"].body


def test_topics__channel_limited__nothing_else_comes(stage: Stage, channel: MakeChannel) -> None:
    channel("olga", topics=["break"])
    channel("olga", "second@example.org", topics=["halt"])
    trip(stage)
    stage.sweep()
    rows = Notification.objects.filter(channel__user=stage.people["olga"])
    assert [row.channel.target for row in rows] == ["second@example.org"]


def test_treasury_webhook__every_event__same_object_as_the_list_of_events(
    stage: Stage, channel: MakeChannel
) -> None:
    hook = channel(None, "http://127.0.0.1:9/hook", "webhook")
    anchors = channel(None, "http://127.0.0.1:9/a", "webhook", topics=["audit.anchored"])
    mail = channel(None, "team@example.org")
    OutboxEvent.objects.exclude(relayed_at=None).delete()
    trip(stage)
    stage.propose("yield")
    stage.sweep()
    listed = stage.client("fiona").get("/api/v1/events?limit=200").json()["data"]
    sent = {row.payload["id"]: row.payload for row in hook.notifications.all()}
    assert len(sent) > 3
    assert [sent[event["id"]] for event in listed if event["id"] in sent] == [
        event for event in listed if event["id"] in sent
    ]
    assert not anchors.notifications.exists()
    assert set(mail.notifications.values_list("topic", flat=True)) <= {"halt", "policy-changed"}


def test_digest__waits_for_the_morning(stage: Stage, channel: MakeChannel) -> None:
    digest = channel("olga", is_digest=True)
    trip(stage)
    stage.sweep()
    row = digest.notifications.get(topic="halt")
    assert (row.next_try_at.hour, row.next_try_at.minute) == (8, 0)
    assert row.next_try_at > wall()


def test_disabled_channel__is_told_nothing(stage: Stage, channel: MakeChannel) -> None:
    off = channel("olga")
    off.disabled_at = wall()
    off.save()
    trip(stage)
    stage.sweep()
    assert not off.notifications.exists()
