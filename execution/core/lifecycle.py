"""Legal moves of a transaction (one execution of a plan). Mirrored by a database constraint.

Governance drives; execution's tracker and reconciler read the chain and never send.
"""

from __future__ import annotations

from enum import StrEnum


class TransactionState(StrEnum):
    EXEC_INTENT = "EXEC_INTENT"
    SIGNED_RAW = "SIGNED_RAW"
    BROADCAST = "BROADCAST"
    MINED = "MINED"
    FINAL = "FINAL"
    RECONCILED = "RECONCILED"
    UNKNOWN = "UNKNOWN"
    FAILED_ONCHAIN = "FAILED_ONCHAIN"
    CANCELLED = "CANCELLED"


S = TransactionState
MOVES: dict[TransactionState, frozenset[TransactionState]] = {
    S.EXEC_INTENT: frozenset({S.SIGNED_RAW, S.CANCELLED}),
    S.SIGNED_RAW: frozenset({S.BROADCAST, S.CANCELLED}),
    S.BROADCAST: frozenset({S.MINED, S.UNKNOWN}),
    S.MINED: frozenset({S.FINAL, S.BROADCAST}),
    S.FINAL: frozenset({S.RECONCILED, S.FAILED_ONCHAIN, S.BROADCAST}),
    S.RECONCILED: frozenset({S.BROADCAST}),
    S.UNKNOWN: frozenset({S.BROADCAST, S.MINED, S.CANCELLED}),
    S.FAILED_ONCHAIN: frozenset(),
    S.CANCELLED: frozenset(),
}
"""RECONCILED and FINAL go back to BROADCAST only by a reorganisation below our finality."""

ACTIVE = frozenset({S.EXEC_INTENT, S.SIGNED_RAW, S.BROADCAST, S.MINED, S.FINAL, S.UNKNOWN})
TERMINAL = frozenset({S.RECONCILED, S.FAILED_ONCHAIN, S.CANCELLED})


class IllegalMoveError(ValueError):
    """The table does not know this move: a bug, never a user's mistake."""


def check_move(old: TransactionState, new: TransactionState) -> None:
    if new not in MOVES[old]:
        raise IllegalMoveError(f"a transaction does not go from {old} to {new}")
