"""Legal moves of a proposal. Mirrored by a database constraint; the meaning of each state and who
drives it on is told in docs/architecture.md."""

from __future__ import annotations

from enum import StrEnum


class ProposalState(StrEnum):
    DRAFT = "DRAFT"
    PROPOSED = "PROPOSED"
    COLLECTING = "COLLECTING"
    READY = "READY"
    HANDED_OVER = "HANDED_OVER"
    DONE = "DONE"
    REJECTED = "REJECTED"
    VETOED = "VETOED"
    EXPIRED = "EXPIRED"
    SUPERSEDED = "SUPERSEDED"
    FROZEN = "FROZEN"


class ProposalOutcome(StrEnum):
    """How a DONE proposal ended."""

    EXECUTED = "EXECUTED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    RECORDED = "RECORDED"


P = ProposalState
MOVES: dict[ProposalState, frozenset[ProposalState]] = {
    P.DRAFT: frozenset({P.PROPOSED, P.REJECTED, P.SUPERSEDED}),
    P.PROPOSED: frozenset(
        {P.COLLECTING, P.READY, P.DONE, P.REJECTED, P.VETOED, P.SUPERSEDED, P.EXPIRED, P.FROZEN}
    ),
    P.COLLECTING: frozenset({P.READY, P.REJECTED, P.VETOED, P.SUPERSEDED, P.EXPIRED, P.FROZEN}),
    P.READY: frozenset({P.HANDED_OVER, P.COLLECTING, P.VETOED, P.SUPERSEDED, P.EXPIRED, P.FROZEN}),
    P.HANDED_OVER: frozenset({P.DONE, P.READY, P.FROZEN}),
    P.DONE: frozenset({P.HANDED_OVER}),
    P.REJECTED: frozenset(),
    P.VETOED: frozenset(),
    P.EXPIRED: frozenset(),
    P.SUPERSEDED: frozenset(),
    P.FROZEN: frozenset({P.PROPOSED, P.COLLECTING, P.READY, P.HANDED_OVER, P.REJECTED}),
}
"""DONE goes back to HANDED_OVER only when outcome EXECUTED is undone by a reorganisation. FROZEN
goes back to the state before it, by two people."""

OPEN = frozenset({P.DRAFT, P.PROPOSED, P.COLLECTING, P.READY, P.HANDED_OVER, P.FROZEN})


class IllegalMoveError(ValueError):
    """The table does not know this move: a bug, never a user's mistake."""


def check_move(old: ProposalState, new: ProposalState) -> None:
    if new not in MOVES[old]:
        raise IllegalMoveError(f"a proposal does not go from {old} to {new}")
