"""What really goes over the line: webhooks to a receiver that misbehaves, mail to a mail server."""

from __future__ import annotations

import base64
import email
import email.policy
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from governance.adapters.notifiers import outbound
from governance.adapters.notifiers.base import Message
from governance.adapters.notifiers.email import EmailNotifier
from governance.adapters.notifiers.webhook import WebhookNotifier
from tests.receivers import MailServer, Receiver, http_receiver, mail_server


def secret(letter: str) -> str:
    return "whsec_" + base64.b64encode(letter.encode() * 32).decode()


OLD, NEW, OTHER = secret("o"), secret("n"), secret("x")
MESSAGE = Message(
    message_id="evt_01",
    subject="core: your signature\r\nBcc: everybody@example.org",
    body="Ballast proposes to trade 1.234,56 \u20ac.",
    link="https://ballast.example/proposals/prop_1/",
    at=datetime(2026, 1, 5, 12, tzinfo=UTC),
    payload={"id": "evt_01", "type": "proposal.updated", "data": {"reason": "gr\u00f6\u00dfer"}},
    secrets=(NEW, OLD),
)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with http_receiver() as found:
        yield found


@pytest.fixture
def mail(settings: Any) -> Iterator[MailServer]:
    with mail_server() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield server


def send(receiver: Receiver, message: Message = MESSAGE) -> Any:
    return WebhookNotifier().send(receiver.url, message)


def test_webhook__rotation__either_secret_verifies_and_no_other(receiver: Receiver) -> None:
    answer = send(receiver, replace(MESSAGE, at=datetime.now(UTC)))  # a receiver wants it fresh
    assert (answer.is_delivered, answer.status, answer.text) == (True, 200, "thanks")
    [request] = receiver.requests
    assert request.headers["webhook-id"] == "evt_01"
    for good in (OLD, NEW):
        assert Webhook(good).verify(request.body, request.headers) == MESSAGE.payload
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(request.body, request.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(request.body + b" ", request.headers)


def test_webhook__second_try__same_id_and_body_new_time(receiver: Receiver) -> None:
    send(receiver)
    later = replace(MESSAGE, at=datetime.fromtimestamp(MESSAGE.at.timestamp() + 100, UTC))
    send(receiver, later)
    first, second = receiver.requests
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]


@pytest.mark.parametrize(
    ("status", "is_delivered", "is_gone"),
    [(200, True, False), (204, True, False), (302, False, False), (410, False, True)]
    + [(status, False, False) for status in (400, 404, 429, 500, 503)],
)
def test_webhook__status__delivered_gone_or_tried_again(
    receiver: Receiver, status: int, is_delivered: bool, is_gone: bool
) -> None:
    receiver.answer = lambda _: (status, {}, b"")
    answer = send(receiver)
    assert (answer.status, answer.is_delivered, answer.is_gone) == (status, is_delivered, is_gone)


def test_webhook__redirect_to_metadata__not_followed(receiver: Receiver) -> None:
    receiver.answer = lambda _: (302, {"Location": "http://169.254.169.254/latest/"}, b"")
    answer = send(receiver)
    assert (answer.status, answer.is_delivered) == (302, False)
    assert len(receiver.requests) == 1


def test_webhook__endless_answer__64_kib_are_read_and_2000_characters_kept(
    receiver: Receiver,
) -> None:
    receiver.answer = lambda _: (200, {}, b"y" * 5_000_000)
    assert len(send(receiver).text) == 2_000


def test_webhook__private_networks_not_named__loopback_is_refused(
    receiver: Receiver, settings: Any
) -> None:
    settings.NOTIFY_PRIVATE_NETWORKS = []
    answer = send(receiver)
    assert not answer.is_delivered
    assert answer.text.startswith("refused: ")
    assert receiver.requests == []


def test_webhook__name_resolved_again_to_elsewhere__the_judged_address_is_called(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rebinding: whoever asks the resolver a second time is led to another place."""
    real, asked = socket.getaddrinfo, []

    def rebinding(host: str, *arguments: Any, **named: Any) -> Any:
        if host != "rebind.example":
            return real(host, *arguments, **named)
        asked.append(host)
        return real("127.0.0.1" if len(asked) == 1 else "203.0.113.9", *arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    url = receiver.url.replace("127.0.0.1", "rebind.example")
    answer = WebhookNotifier().send(url, MESSAGE)
    assert answer.is_delivered, answer.text
    assert asked == ["rebind.example"]
    assert receiver.requests[0].headers["host"].startswith("rebind.example:")


def test_webhook__answer_that_drips__ends_at_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each byte comes in time, the whole never does."""
    monkeypatch.setattr(outbound, "TOTAL_SECONDS", 1.0)
    stop = threading.Event()
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                while not stop.wait(0.05):
                    try:
                        connection.sendall(b"y")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        started = time.monotonic()
        answer = WebhookNotifier().send(f"http://127.0.0.1:{server.getsockname()[1]}/", MESSAGE)
        took = time.monotonic() - started
        stop.set()
        thread.join()
    assert not answer.is_delivered
    assert "Timeout" in answer.text
    assert took < 3


@pytest.mark.parametrize(
    ("certified", "is_delivered"), [("hook.example", True), ("other.example", False)]
)
def test_webhook__tls__the_certificate_must_be_for_the_name(
    certified: str, is_delivered: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection goes to an address, the check goes by the name."""
    server_side, client_side = certificates(certified, tmp_path)
    monkeypatch.setattr(outbound, "trusted_roots", lambda: client_side)
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda _, *rest, **named: real("127.0.0.1", *rest, **named)
    )
    with http_receiver(tls=server_side) as receiver:
        url = receiver.url.replace("127.0.0.1", "hook.example")
        answer = WebhookNotifier().send(url, MESSAGE)
    assert answer.is_delivered is is_delivered, answer.text
    assert len(receiver.requests) == int(is_delivered)
    if not is_delivered:
        assert "certificate" in answer.text.lower()


def certificates(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server that shows a certificate for the name, and a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(Encoding.PEM)
    secret_key = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "pair.pem").write_bytes(secret_key + pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "pair.pem")
    return server, ssl.create_default_context(cadata=pem.decode())


def test_mail__goes_out__subject_body_link_and_no_smuggled_header(mail: MailServer) -> None:
    answer = EmailNotifier().send("sofia@example.org", MESSAGE)
    assert answer.is_delivered, answer.text
    [(_, recipient, text)] = mail.mails
    read = email.message_from_bytes(text.encode(), policy=email.policy.default)
    assert recipient.startswith("<sofia@example.org>")
    assert read["Bcc"] is None
    assert read["Subject"] == "core: your signature Bcc: everybody@example.org"
    body = read.get_content()
    assert "1.234,56 \u20ac" in body
    assert MESSAGE.link in body


def test_mail__recipient_refused__number_and_words_are_kept(mail: MailServer) -> None:
    mail.refusal = "550 no such user here"
    answer = EmailNotifier().send("nobody@example.org", MESSAGE)
    assert (answer.is_delivered, answer.status) == (False, 550)
    assert "no such user" in answer.text
    assert mail.mails == []


def test_payload__is_canonical_enough__same_bytes_as_json(receiver: Receiver) -> None:
    send(receiver)
    assert json.loads(receiver.requests[0].body) == MESSAGE.payload
