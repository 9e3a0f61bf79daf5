"""E-mail by Django's backend, which the settings name. Plain text: nothing to click but the link.

Line breaks in the subject would be header lines: Django refuses them, and we never write one.
"""

from __future__ import annotations

import smtplib
import time

from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, get_connection
from django.core.validators import validate_email

from governance.adapters.notifiers.base import (
    ANSWER_CHARACTERS,
    Answer,
    Message,
    TargetRefusedError,
)

TIMEOUT_SECONDS = 10
PERMANENT = 500


class EmailNotifier:
    has_secret = False

    def check(self, target: str) -> str:
        try:
            validate_email(target.strip())
        except ValidationError:
            raise TargetRefusedError(
                f"{target!r} is no e-mail address: write it as name@example.org"
            ) from None
        return target.strip()

    def send(self, target: str, message: Message) -> Answer:
        started = time.monotonic()
        try:
            sent = EmailMessage(
                subject=" ".join(message.subject.splitlines()),
                body=f"{message.body}\n\n{message.link}".rstrip() + "\n",
                to=[target],
                headers={"Message-ID": f"<{message.message_id}@ballast>"},
                connection=get_connection(timeout=TIMEOUT_SECONDS),
            ).send()
        except smtplib.SMTPResponseException as refused:
            text = refused.smtp_error
            shown = text.decode(errors="replace") if isinstance(text, bytes) else text
            return _answer(started, shown, status=refused.smtp_code)
        except smtplib.SMTPRecipientsRefused as refused:
            code, text = next(iter(refused.recipients.values()))
            return _answer(started, text.decode(errors="replace"), status=code)
        except (smtplib.SMTPException, OSError, ValueError) as error:
            return _answer(started, f"{type(error).__name__}: {error}")
        return _answer(started, "taken by the mail server", is_delivered=bool(sent))


def _answer(
    started: float, text: str, *, status: int | None = None, is_delivered: bool = False
) -> Answer:
    latency_ms = round((time.monotonic() - started) * 1000)
    return Answer(is_delivered, text[:ANSWER_CHARACTERS], latency_ms, status)
