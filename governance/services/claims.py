"""Saves work, guards nothing: one process at a time takes a proposal's step or evaluates a tier.

A session advisory lock of PostgreSQL, gone at once when its holder is killed. Safety is
elsewhere: in the compare-and-set of each move, the unique intent key, the unique decision per
snapshot.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from django.db import connection


class Claim(IntEnum):
    """The first number of the lock's key; 7411 and its neighbours belong to the records."""

    PROPOSAL = 7501
    TIER = 7502


@contextmanager
def claimed(kind: Claim, row_id: int) -> Iterator[bool]:
    """Whether we have it. Never waits."""
    key = [kind.value, row_id % 2**31]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        row = cursor.fetchone()
    got = bool(row and row[0])
    try:
        yield got
    finally:
        if got:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)
