"""How long a log-in holds, and how long it counts as the person being here now. Wall time: a
session is no rule about money."""

from __future__ import annotations

from datetime import datetime, timedelta

LONGEST = timedelta(hours=12)
IDLE = timedelta(minutes=30)
FRESH = timedelta(minutes=10)


def has_ended(*, signed_in_at: datetime, seen_at: datetime, now: datetime) -> bool:
    """Whether the person has to sign in again. A time in the future is a broken record: ended."""
    if signed_in_at > now or seen_at > now:
        return True
    return now - signed_in_at >= LONGEST or now - seen_at >= IDLE


def is_fresh(*, proved_at: datetime | None, now: datetime) -> bool:
    """Whether the latest proof (log-in, code, wallet) is young enough for a delicate step."""
    return proved_at is not None and timedelta() <= now - proved_at < FRESH
