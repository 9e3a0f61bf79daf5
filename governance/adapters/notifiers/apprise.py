"""Chat services (Slack, Discord, Telegram and many more) by the library `apprise`, an extra:
`pip install ballast[notify]`. Without it no such channel can be made, and one that exists says so
in its delivery log.

The target is one of apprise's addresses, for example `slack://token/#channel`. Only services by
name are allowed: apprise's own `json://` or `xml://` would call any address that is typed in,
past the guard of webhooks.
"""

from __future__ import annotations

import time
from typing import Any

from governance.adapters.notifiers.base import Answer, Message, TargetRefusedError

try:
    import apprise as library
except ImportError:
    library = None

is_installed = library is not None
HOSTED = frozenset({"discord", "gchat", "pover", "signl4", "slack", "tgram", "twilio", "zulip"})
"""Schemes that lead to the service's own address and to no other."""


class AppriseNotifier:
    has_secret = False

    def check(self, target: str) -> str:
        if library is None:
            raise TargetRefusedError(
                "the package apprise is not installed: install ballast[notify], or use a webhook"
            )
        scheme = target.partition("://")[0].lower()
        if scheme not in HOSTED:
            raise TargetRefusedError(
                f"{scheme or 'no'}:// is not allowed here; one of: {', '.join(sorted(HOSTED))}"
            )
        if not library.Apprise().add(target):
            raise TargetRefusedError(f"apprise does not understand this {scheme}:// address")
        return target

    def send(self, target: str, message: Message) -> Answer:
        started = time.monotonic()
        try:
            told: Any = _told(self.check(target), message)
        except TargetRefusedError as refused:
            return Answer(is_delivered=False, text=str(refused), latency_ms=0)
        latency_ms = round((time.monotonic() - started) * 1000)
        text = "taken by the service" if told else "the service did not take it"
        return Answer(is_delivered=bool(told), text=text, latency_ms=latency_ms)


def _told(target: str, message: Message) -> Any:
    channel = library.Apprise()
    channel.add(target)
    return channel.notify(title=message.subject, body=f"{message.body}\n\n{message.link}".rstrip())
