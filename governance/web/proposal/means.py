"""What this person can do with this proposal now, and why not more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from execution.core.safe_tx import approve_hash
from governance.core.approvals import STOPPABLE
from governance.core.lifecycle import ProposalState
from governance.models import Proposal, Route, User
from governance.selectors.pages.proposal.board import Board
from governance.selectors.proposals import is_for_editing, needs_safe_transaction
from governance.services.signing import Asked, SigningRequest, signing_requests
from governance.services.steps.rejecting import REJECTABLE
from treasury.core import access
from treasury.core.types import BlockRef

if TYPE_CHECKING:
    from execution.models import SafeTransaction

TOUCHED = frozenset({"SIGNED", "INVALID", "DECLINED"})
EXECUTABLE = frozenset({ProposalState.READY, ProposalState.HANDED_OVER})


@dataclass(frozen=True, slots=True)
class Means:
    """`requests` are the signatures that this person's wallets can give now. `note` says in words
    why there is nothing to sign or approve."""

    requests: tuple[SigningRequest, ...]
    may_approve: bool
    may_decline: bool
    may_veto: bool
    may_comment: bool
    may_execute: bool
    may_reject: bool
    may_edit: bool
    rejection_requests: tuple[SigningRequest, ...]
    note: str

    @property
    def may_decide(self) -> bool:
        return bool(self.requests) or self.may_approve


@dataclass(frozen=True, slots=True)
class Person:
    """Who looks: `allowed` says in which treasuries an action is theirs."""

    user: User
    wallets: frozenset[str]
    allowed: Callable[[str], frozenset[int]]

    def may(self, action: str, proposal: Proposal) -> bool:
        return proposal.tier.treasury_id in self.allowed(action)


def means_of(
    person: Person,
    proposal: Proposal,
    board: Board,
    *,
    rejection: SafeTransaction | None,
    block: BlockRef,
    rpc_url: str,
) -> Means:
    """The board says cheaply whether this person's wallets are wanted at all; only then is it asked
    what exactly they sign. `rejection` is the empty transaction while it can be signed."""
    state = ProposalState(proposal.state)
    wanted = partial(
        signing_requests,
        proposal=proposal,
        user=person.user,
        wallets=person.wallets,
        block=block,
        rpc_url=rpc_url,
    )
    own = Asked(proposal.safe_transaction, board.given)
    requests = wanted(asked=own) if _is_wanted(person, board) else ()
    may_approve = _may_approve(person, proposal, board)
    is_stoppable = state in STOPPABLE
    return Means(
        requests=requests,
        may_approve=may_approve,
        may_decline=is_stoppable and person.may(access.PROPOSAL_DECLINE, proposal),
        may_veto=is_stoppable and person.may(access.PROPOSAL_VETO, proposal),
        may_comment=person.may(access.PROPOSAL_COMMENT, proposal),
        may_execute=state in EXECUTABLE and person.may(access.PROPOSAL_EXECUTE, proposal),
        may_reject=rejection is None and _may_reject(person, proposal),
        may_edit=rejection is None and _may_edit(person, proposal, board),
        rejection_requests=wanted(asked=Asked(rejection, board.given)),
        note="" if requests or may_approve else _note(person, proposal),
    )


def _is_wanted(person: Person, board: Board) -> bool:
    """Whether an owner, or a member of an owner Safe, among the missing is this person."""
    return any(
        seat.state not in {"SIGNED", "LATER"}
        and person.wallets & {seat.address, *seat.may_sign} - set(seat.has_signed)
        for seat in board.seats
    )


def _may_reject(person: Person, proposal: Proposal) -> bool:
    """A signer asks for the empty transaction at the same nonce."""
    signed = proposal.safe_transaction
    return (
        signed is not None
        and proposal.state in REJECTABLE
        and person.may(access.PROPOSAL_CONFIRM, proposal)
    )


def _may_edit(person: Person, proposal: Proposal, board: Board) -> bool:
    """As the board shows it; the service looks again at everything that was ever given."""
    is_touched = any(seat.state in TOUCHED or seat.members for seat in board.seats)
    return (
        not is_touched and is_for_editing(proposal) and person.may(access.PROPOSAL_EDIT, proposal)
    )


def _may_approve(person: Person, proposal: Proposal, board: Board) -> bool:
    """One click is an approval only where the chain asks for no signature."""
    name = person.user.get_username()
    return (
        proposal.route == Route.OPERATOR
        and proposal.state == ProposalState.COLLECTING
        and not needs_safe_transaction(proposal)
        and person.may(access.PROPOSAL_APPROVE, proposal)
        and proposal.author_id != person.user.pk
        and not any(seat.name == name and seat.state == "SIGNED" for seat in board.seats)
    )


def _note(person: Person, proposal: Proposal) -> str:
    if proposal.state == ProposalState.PROPOSED:
        return "Signatures are not asked for yet."
    if proposal.state not in {ProposalState.COLLECTING, ProposalState.READY}:
        return ""
    if proposal.author_id == person.user.pk and proposal.route == Route.OPERATOR:
        return "You asked for this proposal, so somebody else approves it."
    if not person.wallets:
        return "No wallet is known of you, so there is nothing for you to sign here."
    return "Nothing is missing from you: you have signed, or your wallets do not sign this."


@dataclass(frozen=True, slots=True)
class OnChain:
    """A transaction of the owner's own that counts as their signature (`approveHash`)."""

    to: str
    data: str


def on_chain(proposal: Proposal, means: Means) -> OnChain | None:
    """For a direct owner only: a member approves inside the owner Safe, with that Safe's tools."""
    signed = proposal.safe_transaction
    if signed is None or not means.requests or means.requests[0].is_member:
        return None
    return OnChain(signed.safe.address, "0x" + approve_hash(signed.safe_tx_hash).hex())
