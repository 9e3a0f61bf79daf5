"""When people are reminded, and when silence has a consequence (G11). Block time throughout.

Asking opens the first period; a policy's `silence_seconds` is a period's length. At the end of
each one, those who are still missing are reminded once. The first period in which nobody did
anything at all is silence, and the policy says what follows.
"""

from __future__ import annotations

EXPIRING_SHARE = 4
"""Expiring means: a quarter of the life is left, or less."""


def period_at(*, asked_at: int, now: int, silence_seconds: int) -> int:
    """0 in the first period, 1 after it, ... A policy without such a time reminds nobody."""
    if silence_seconds <= 0 or now < asked_at:
        return 0
    return (now - asked_at) // silence_seconds


def is_expiring(*, triggered_at: int, expires_at: int, now: int) -> bool:
    return now < expires_at and EXPIRING_SHARE * (expires_at - now) <= expires_at - triggered_at


def turn(missing: tuple[int, ...], *, needed: int, period: int) -> tuple[int, ...]:
    """Whom to remind in this period (1, 2, ...). As many as are needed, and in the next period the
    next ones: five people are not asked again and again for one signature."""
    count = len(missing)
    if needed <= 0 or period < 1 or not count:
        return ()
    if needed >= count:
        return missing
    start = (period - 1) * needed % count
    return tuple(sorted(missing[(start + step) % count] for step in range(needed)))
