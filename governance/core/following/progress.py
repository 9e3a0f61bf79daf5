"""The steps from a proposal to the books, each done, under way, still to come, or failed.

Times are block times (Unix seconds), None where a step has none yet. A step says what its number
means: confirmations out of those that make it final.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from execution.core.lifecycle import TransactionState

S = TransactionState


class Mark(StrEnum):
    DONE = "DONE"
    NOW = "NOW"
    COMING = "COMING"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    mark: Mark
    at: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Times:
    """When each thing happened. `head` is the newest block's number, None when no node answers."""

    proposed_at: int | None = None
    approved_at: int | None = None
    final_at: int | None = None
    mined_at: int | None = None
    reconciled_at: int | None = None
    mined_block: int | None = None
    head: int | None = None
    finality_depth: int = 0


NAMES: Final = ("Proposed", "Approved", "Sent", "Mined", "Final", "Reconciled")
REACHED: Final[dict[TransactionState, int]] = {
    S.EXEC_INTENT: 1,
    S.SIGNED_RAW: 1,
    S.BROADCAST: 2,
    S.UNKNOWN: 2,
    S.MINED: 3,
    S.FINAL: 4,
    S.RECONCILED: 5,
    S.FAILED_ONCHAIN: 4,
    S.CANCELLED: 1,
}
"""Index of the last step that is done."""


def steps(state: TransactionState, times: Times) -> tuple[Step, ...]:
    reached = REACHED[state]
    at = {
        0: times.proposed_at,
        1: times.approved_at,
        3: times.mined_at,
        4: times.final_at,
        5: times.reconciled_at,
    }
    return tuple(
        Step(name, _mark(index, reached, state), at.get(index), _note(index, state, times))
        for index, name in enumerate(NAMES)
    )


def confirmations(times: Times) -> int | None:
    """Blocks on top of its own, its own included; None while not mined or no node answers."""
    if times.mined_block is None or times.head is None:
        return None
    return max(times.head - times.mined_block + 1, 0)


def _mark(index: int, reached: int, state: TransactionState) -> Mark:
    if index <= reached:
        return Mark.DONE
    if state in {S.FAILED_ONCHAIN, S.CANCELLED}:
        return Mark.FAILED if index == reached + 1 else Mark.COMING
    return Mark.NOW if index == reached + 1 else Mark.COMING


def _note(index: int, state: TransactionState, times: Times) -> str:
    if index == reached_and_failed(state):
        return "refused by the chain" if state is S.FAILED_ONCHAIN else "cancelled"
    if NAMES[index] == "Sent" and state is S.UNKNOWN:
        return "no node knows it"
    if NAMES[index] == "Final" and state is S.MINED:
        count = confirmations(times)
        wanted = times.finality_depth + 1
        return (
            f"of {wanted} blocks" if count is None else f"{min(count, wanted)} of {wanted} blocks"
        )
    return ""


def reached_and_failed(state: TransactionState) -> int | None:
    """Index of the step at which it ended without success."""
    return REACHED[state] + 1 if state in {S.FAILED_ONCHAIN, S.CANCELLED} else None
