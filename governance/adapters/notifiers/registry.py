"""Every kind of channel. A new one is a file beside this one and a line here."""

from __future__ import annotations

from governance.adapters.notifiers.apprise import AppriseNotifier
from governance.adapters.notifiers.base import Notifier, TargetRefusedError
from governance.adapters.notifiers.email import EmailNotifier
from governance.adapters.notifiers.webhook import WebhookNotifier

NOTIFIERS: dict[str, Notifier] = {
    "email": EmailNotifier(),
    "webhook": WebhookNotifier(),
    "apprise": AppriseNotifier(),
}


def notifier_of(kind: str) -> Notifier:
    if kind not in NOTIFIERS:
        raise TargetRefusedError(f"kind {kind!r} is not one of: {', '.join(NOTIFIERS)}")
    return NOTIFIERS[kind]
