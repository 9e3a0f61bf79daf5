"""Where the proposal stands: the part of the page that changes by itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from execution.selectors.transactions import fills
from governance.core.following.progress import Step
from governance.core.lifecycle import ProposalOutcome, ProposalState
from governance.core.recommendation import venue_name
from governance.models import Proposal, Route
from governance.selectors.pages.proposal.board import Board, Seats, board
from governance.selectors.pages.proposal.sheet import steps_of
from governance.selectors.pages.proposal.wording import Amount

WORDS: Final[dict[str, tuple[str, str, str]]] = {
    ProposalState.DRAFT: ("Draft", "", "○"),
    ProposalState.PROPOSED: ("Proposed", "", "○"),
    ProposalState.COLLECTING: ("Waits for people", "warn", "◔"),
    ProposalState.READY: ("Ready to execute", "good", "●"),
    ProposalState.HANDED_OVER: ("Being executed", "good", "▶"),
    ProposalState.REJECTED: ("Rejected", "bad", "✕"),
    ProposalState.VETOED: ("Vetoed", "bad", "✕"),
    ProposalState.EXPIRED: ("Expired", "bad", "✕"),
    ProposalState.SUPERSEDED: ("Replaced", "", "↷"),
    ProposalState.FROZEN: ("Frozen", "bad", "❄"),
    ProposalOutcome.EXECUTED: ("Executed and reconciled", "good", "✓"),
    ProposalOutcome.FAILED: ("Failed", "bad", "✕"),
    ProposalOutcome.CANCELLED: ("Cancelled", "bad", "✕"),
    ProposalOutcome.RECORDED: ("Recorded only", "", "○"),
}
"""(word, tone, icon) by state, or by outcome where there is one."""
STILL_ALIVE: Final = frozenset(
    {ProposalState.REJECTED, ProposalState.VETOED, ProposalState.SUPERSEDED}
)


@dataclass(frozen=True, slots=True)
class FillLine:
    leg: int
    sold: Amount
    got: Amount
    venue: str
    estimated_usd: Decimal
    actual_usd: Decimal


@dataclass(frozen=True, slots=True)
class Standing:
    word: str
    tone: str
    icon: str
    reason: str
    steps: tuple[Step, ...]
    board: Board
    fills: tuple[FillLine, ...]
    warning: str

    @property
    def is_counted(self) -> bool:
        """Whether the board says what the reason would say again."""
        return self.word == WORDS[ProposalState.COLLECTING][0] and bool(self.board.threshold)


def standing(
    proposal: Proposal, *, roster: Seats | None, now: int, also: Iterable[int] = ()
) -> Standing:
    """`roster` is who can sign now; None where nobody signs, or no node answers. `also` are further
    Safe transactions whose signatures the board reads along."""
    word, tone, icon = WORDS[proposal.outcome or proposal.state]
    return Standing(
        word=word,
        tone=tone,
        icon=icon,
        reason=proposal.state_reason,
        steps=steps_of(proposal),
        board=board(proposal, roster=roster, also=also),
        fills=_fills(proposal),
        warning=_warning(proposal, now),
    )


def _fills(proposal: Proposal) -> tuple[FillLine, ...]:
    """What the legs really did, once it is known."""
    if proposal.outcome != ProposalOutcome.EXECUTED or proposal.transaction_id is None:
        return ()
    return tuple(
        FillLine(
            leg=row.leg_index + 1,
            sold=Amount(row.sell_units, row.sell.decimals, row.sell.symbol),
            got=Amount(row.buy_units, row.buy.decimals, row.buy.symbol),
            venue=venue_name(row.venue),
            estimated_usd=row.estimated_cost_usd,
            actual_usd=row.actual_cost_usd,
        )
        for row in fills(transaction_id=proposal.transaction_id)
    )


def _warning(proposal: Proposal, now: int) -> str:
    """Our end is not the end of signatures that exist."""
    if proposal.state not in STILL_ALIVE or proposal.safe_transaction_id is None:
        return ""
    if proposal.route != Route.MULTISIG or now >= proposal.expires_at:
        return ""
    return (
        "Signatures that were given can still be executed by anybody until the deadline or until"
        " another transaction takes the nonce."
    )
