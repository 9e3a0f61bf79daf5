"""The steps of a proposal, from the draft to the books: its own states first, then those of its
transaction."""

from __future__ import annotations

from typing import Final

from execution.core.lifecycle import TransactionState
from governance.core.following.progress import Mark, Step
from governance.core.lifecycle import ProposalOutcome, ProposalState

P, S = ProposalState, TransactionState
NAMES: Final = ("Proposed", "Collecting", "Ready", "Sent", "Mined", "Final", "Reconciled")
SENT, LAST = NAMES.index("Sent"), len(NAMES) - 1
REACHED: Final[dict[TransactionState, int]] = {
    S.EXEC_INTENT: 2,
    S.SIGNED_RAW: 2,
    S.BROADCAST: 3,
    S.UNKNOWN: 3,
    S.MINED: 4,
    S.FINAL: 5,
    S.RECONCILED: 6,
    S.FAILED_ONCHAIN: 5,
    S.CANCELLED: 2,
}
"""Index of the last step that is done."""
UNDER_WAY: Final[dict[ProposalState, int]] = {
    P.DRAFT: 0,
    P.PROPOSED: 1,
    P.COLLECTING: 1,
    P.READY: 3,
}
"""Index of the step that is under way before anything is handed over."""
ENDED: Final[dict[ProposalState, str]] = {
    P.REJECTED: "rejected",
    P.VETOED: "vetoed",
    P.EXPIRED: "expired",
    P.SUPERSEDED: "replaced",
    P.FROZEN: "frozen",
}


def proposal_steps(
    state: ProposalState,
    *,
    outcome: str,
    transaction: TransactionState | None,
    frozen_from: ProposalState | None = None,
) -> tuple[Step, ...]:
    """A proposal that ends early shows at which step, and how. One that is only recorded has done
    its one step."""
    if outcome == ProposalOutcome.RECORDED:
        return (Step(NAMES[0], Mark.DONE), Step("Recorded", Mark.DONE))
    now, failed = _position(state, outcome, transaction, frozen_from)
    return tuple(
        Step(name, _mark(index, now, failed is not None), note=failed or "" if index == now else "")
        for index, name in enumerate(NAMES)
    )


def _position(
    state: ProposalState,
    outcome: str,
    transaction: TransactionState | None,
    frozen_from: ProposalState | None,
) -> tuple[int, str | None]:
    """(index of the step under way, how it failed): one past the last when all is done."""
    if state is P.DONE:
        if outcome == ProposalOutcome.EXECUTED:
            return LAST + 1, None
        return min(_of_transaction(transaction) + 1, LAST), outcome.lower()
    if state in ENDED:
        before = frozen_from or P.COLLECTING
        reached = _of_transaction(transaction) + 1 if transaction else UNDER_WAY.get(before, 1)
        return min(reached, LAST), ENDED[state]
    if state is P.HANDED_OVER:
        return _of_transaction(transaction) + 1, None
    return UNDER_WAY[state], None


def _of_transaction(transaction: TransactionState | None) -> int:
    return REACHED[transaction] if transaction else SENT - 1


def _mark(index: int, now: int, is_failed: bool) -> Mark:
    if index < now:
        return Mark.DONE
    if index > now:
        return Mark.COMING
    return Mark.FAILED if is_failed else Mark.NOW
