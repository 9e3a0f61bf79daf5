"""Every kind of channel keeps the protocol: it refuses what could never work before anybody is
told, tells a receiver that is there, and survives one that is not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from governance.adapters.notifiers import apprise
from governance.adapters.notifiers.base import Message, Notifier, TargetRefusedError
from governance.adapters.notifiers.registry import NOTIFIERS, notifier_of
from tests.receivers import http_receiver, mail_server

MESSAGE = Message(
    message_id="evt_1",
    subject="core: your signature is asked for",
    body="Ballast proposes.",
    link="https://ballast.example/proposals/prop_1/",
    at=datetime(2026, 1, 5, 12, tzinfo=UTC),
    payload={"id": "evt_1"},
    secrets=("whsec_" + "QUJD" * 8,),
)
# One target per kind that could work and is not there; a new kind adds its own.
NOBODY = {
    "email": "nobody@example.org",
    "webhook": "http://127.0.0.1:9/hook",
    "apprise": "slack://nobody",
}
WRONG = ("", " ", "nonsense", "javascript:alert(1)", "file:///etc/passwd", "a@b@c", "http://")


@pytest.fixture(params=sorted(NOTIFIERS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def notifier(kind: str) -> Notifier:
    return notifier_of(kind)


@pytest.fixture(autouse=True)
def smtp_to_nobody(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9


@pytest.fixture
def told(kind: str, settings: Any) -> Iterator[tuple[str, list[Any]]]:
    """A target that is there, and what it was told."""
    if kind == "apprise":
        pytest.skip("its services are elsewhere")
    if kind == "email":
        with mail_server() as server:
            settings.EMAIL_PORT = server.port
            yield "somebody@example.org", server.mails
        return
    with http_receiver() as receiver:
        yield receiver.url, receiver.requests


def test_registry__every_kind__has_an_example_and_its_file() -> None:
    folder = Path(apprise.__file__).parent
    assert sorted(NOBODY) == sorted(NOTIFIERS)
    assert all((folder / f"{kind}.py").exists() for kind in NOTIFIERS)


def test_registry__unknown_kind__says_which_there_are() -> None:
    with pytest.raises(TargetRefusedError, match="email, webhook, apprise"):
        notifier_of("pigeon")


@pytest.mark.parametrize("target", WRONG)
def test_check__what_could_never_work__is_refused_in_words(notifier: Notifier, target: str) -> None:
    with pytest.raises(TargetRefusedError, match=r"\w+ \w+ \w+"):
        notifier.check(target)


def test_send__nobody_there__is_an_answer_and_no_exception(notifier: Notifier, kind: str) -> None:
    answer = notifier.send(NOBODY[kind], MESSAGE)
    assert (answer.is_delivered, answer.is_gone) == (False, False)
    assert answer.text


def test_send__somebody_there__is_told_once(
    notifier: Notifier, told: tuple[str, list[Any]]
) -> None:
    target, received = told
    answer = notifier.send(notifier.check(target), MESSAGE)
    assert answer.is_delivered, answer.text
    assert len(received) == 1


def test_apprise__package_absent__the_channel_is_refused_with_the_way_out() -> None:
    if apprise.is_installed:
        pytest.skip("apprise is installed")
    with pytest.raises(TargetRefusedError, match=r"install ballast\[notify\]"):
        notifier_of("apprise").check("slack://token")
