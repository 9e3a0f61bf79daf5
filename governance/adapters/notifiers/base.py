"""What a notifier is: a Protocol, the message it takes and the answer it gives.

A notifier never raises for what the other side does: a refusal, a time-out or a wrong certificate
is an `Answer`, kept in the delivery log, and the sweeper tries again. Only `check` raises, when a
person names a target that could never work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

ANSWER_CHARACTERS = 2_000
"""How much of an answer the delivery log keeps. At most 64 KiB are read at all."""


class TargetRefusedError(ValueError):
    """The target cannot be told anything; the text says why and how to mend it."""

    problem_code = "target_refused"


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to say. `message_id` stays the same over all tries; `payload` is for machines,
    `subject`, `body` and `link` are for people. `at` is wall time, and becomes the signature's."""

    message_id: str
    subject: str
    body: str
    link: str
    at: datetime
    payload: Mapping[str, Any] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """How the other side took it. `status` is an HTTP or SMTP number where there was one;
    `is_gone` says that it never wants to be told again."""

    is_delivered: bool
    text: str
    latency_ms: int
    status: int | None = None
    is_gone: bool = False


class Notifier(Protocol):
    """One kind of channel. Stateless: one object serves all channels of its kind."""

    @property
    def has_secret(self) -> bool:
        """Whether messages are signed, so that the channel needs a secret."""

    def check(self, target: str) -> str:
        """The target as it will be used. Raises TargetRefusedError; asks nobody."""

    def send(self, target: str, message: Message) -> Answer:
        """Tell it, once. Bounded in time and in what is read; never raises."""
