"""How long a log-in holds, and how long it counts as the person being here now. Wall time: a
session is no rule about money."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

LONGEST = timedelta(hours=12)
IDLE = timedelta(minutes=30)
FRESH = timedelta(minutes=10)
PROVED_AT: Final = "proved_at"
"""Under this name a session keeps when the person last showed that it is them."""


def moment(session: Mapping[str, Any], name: str) -> datetime | None:
    """A time that the session remembers, in whole Unix seconds; None when there is none."""
    stored = session.get(name)
    return datetime.fromtimestamp(stored, UTC) if isinstance(stored, int) else None


def has_ended(*, signed_in_at: datetime, seen_at: datetime, now: datetime) -> bool:
    """Whether the person has to sign in again. A time in the future is a broken record: ended."""
    if signed_in_at > now or seen_at > now:
        return True
    return now - signed_in_at >= LONGEST or now - seen_at >= IDLE


def is_fresh(*, proved_at: datetime | None, now: datetime) -> bool:
    """Whether the latest proof (log-in, code, wallet) is young enough for a delicate step."""
    return proved_at is not None and timedelta() <= now - proved_at < FRESH
