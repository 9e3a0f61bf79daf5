"""Named lines at which a test may kill the process, so that "any process may be killed at any line"
is something that we try and not something that we believe. A no-op unless settings.CRASH_AT is set,
which production refuses to start with.

`CRASH_AT=step:n` kills at the n-th passage of that step in this process. Steps: reliability
reference 16.2.
"""

from __future__ import annotations

import os
import signal
from collections import Counter

from django.conf import settings

STEPS = (
    "intent.before",
    "intent.after",
    "confirmation.after",
    "ready.after",
    "authorised.after",
    "raw.before",
    "raw.after",
    "broadcast.before",
    "broadcast.after",
    "mined.after",
    "final.after",
    "reconcile.before",
    "reconcile.after",
    "outbox.before",
    "outbox.after",
    "webhook.after",
)
_passages: Counter[str] = Counter()


class UnknownStepError(ValueError):
    """The code names a step that the list does not know."""


def passage(step: str) -> None:
    if step not in STEPS:
        raise UnknownStepError(step)
    armed = getattr(settings, "CRASH_AT", "")
    if not armed:
        return
    wanted, _, count = armed.partition(":")
    _passages[step] += 1
    if wanted == step and _passages[step] == int(count or 1):
        os.kill(os.getpid(), signal.SIGKILL)
