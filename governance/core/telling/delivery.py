"""When a message is tried again, when a channel is given up, when a digest leaves.

Wall time throughout: it is about receivers, not about money.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

MINUTE, HOUR = 60, 3600
DELAYS_SECONDS = (
    5,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
)
"""After the n-th try that failed; after the last one the message is given up (three days)."""
JITTER_PER_MILLE = 100
DISABLE_AFTER = timedelta(days=5)
DIGEST_HOUR = 8
LEASE = timedelta(minutes=2)
"""How long a message that is being told is nobody else's: longer than any notifier may take, so
that only one whose process died is told again."""


def retry_at(*, tries: int, key: str, now: datetime) -> datetime | None:
    """When to try again after `tries` that failed; None: never. The jitter follows from the
    message and the try, so that the same run gives the same times and a thousand messages to one
    receiver do not return in one second."""
    if not 1 <= tries <= len(DELAYS_SECONDS):
        return None
    delay = DELAYS_SECONDS[tries - 1]
    digest = hashlib.sha256(f"{key}:{tries}".encode()).digest()
    per_mille = int.from_bytes(digest[:4]) % (JITTER_PER_MILLE + 1)
    return now + timedelta(milliseconds=delay * (1000 + per_mille))


def must_disable(*, failing_since: datetime | None, now: datetime) -> bool:
    """Nothing got through for so long that somebody has to look."""
    return failing_since is not None and now - failing_since >= DISABLE_AFTER


def next_digest_at(now: datetime) -> datetime:
    """The next morning at eight, UTC."""
    today = now.replace(hour=DIGEST_HOUR, minute=0, second=0, microsecond=0)
    return today if today > now else today + timedelta(days=1)
