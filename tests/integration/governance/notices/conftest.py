"""Channels of the seeded people, and their messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from governance.models import Channel, Notification
from governance.services.notifying.channels import create_channel
from tests.integration.governance.conftest import Stage
from tests.receivers import Receiver, http_receiver
from treasury.core.types import Actor, ActorKind

ACTOR = Actor(ActorKind.PERSON, "tester")
MakeChannel = Callable[..., Channel]


@pytest.fixture
def channel(stage: Stage) -> MakeChannel:
    """A channel of a person by name, or of the treasury (name None)."""

    def make(name: str | None, target: str = "", kind: str = "email", **more: Any) -> Channel:
        return create_channel(
            treasury_id=stage.seeded.treasury.pk,
            user=stage.people[name] if name else None,
            kind=kind,
            target=target or f"{name}@example.org",
            actor=ACTOR,
            **more,
        ).channel

    return make


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with http_receiver() as found:
        yield found


def wall() -> datetime:
    return datetime.now(UTC)


def told(topic: str) -> dict[str, Notification]:
    """Messages of a topic by the name of who is told."""
    rows = Notification.objects.filter(topic=topic).select_related("channel__user")
    return {row.channel.user.username if row.channel.user else "treasury": row for row in rows}
