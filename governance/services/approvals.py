"""What people do to a proposal: approve, confirm, veto, decline. State and audit event in one
transaction.

A machine's token never gets here: the role matrix gives no scope for any of it, and an Approval
needs a User row.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models.functions import Now

from execution.services.confirming import (
    ConfirmationRefusedError,
    ConfirmationStatus,
    add_confirmation,
    confirmation_status,
    require_our_hash,
)
from execution.services.signatures.members import add_member_confirmation, require_our_message
from governance.core.approvals import (
    ApprovalCase,
    ApprovalRefusedError,
    check_approval,
    check_confirmer,
    check_reason,
    check_stop,
    is_out_of_reach,
)
from governance.core.lifecycle import ProposalState
from governance.core.routing import RouteKind
from governance.models import Approval, ApprovalKind, Proposal, User, Wallet
from governance.selectors import people
from governance.selectors.proposals import (
    is_rejection_under_way,
    needs_safe_transaction,
    plan_of,
    proposal_by_id,
)
from governance.services.deliberating.gate import require_deliberation
from governance.services.guarding.freezing import freeze, require_sound
from governance.services.moves import move
from governance.services.steps.recording import record_approval, record_signed_approvals
from treasury.core.types import Actor, Address, BlockRef
from treasury.services.record import record_audit

INCIDENT_CODES = frozenset({"wrong_hash"})
"""Refusals that from an owner's own session mean: that person's tools showed something else."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What somebody brought; `kind` is what they say it is, None when they do not."""

    owner: Address
    member: Address | None
    raw: bytes
    kind: str | None


class SignatureRefusedError(ValueError):
    """Execution's refusal, in the words of the REST API."""

    def __init__(self, refused: ConfirmationRefusedError) -> None:
        super().__init__(refused.detail)
        self.problem_code = refused.code


def approve(
    *,
    proposal_id: int,
    user: User,
    seen_digest: str,
    actor: Actor,
    block: BlockRef,
    rpc_url: str,
) -> Approval:
    """An operator's one-click approval (P2), once they have dealt with flags and question. Doing
    it twice is doing it once."""
    proposal = proposal_by_id(proposal_id)
    case = ApprovalCase(
        state=ProposalState(proposal.state),
        route=RouteKind(proposal.route),
        plan_digest=plan_of(proposal).digest,
        seen_digest=seen_digest,
        author=proposal.author.public_id if proposal.author else "",
        person=user.public_id,
        needs_signature=needs_safe_transaction(proposal),
    )
    _check_approval(case, proposal, actor=actor, block=block)
    require_sound(proposal, actor=actor, block=block)
    require_deliberation(proposal_id=proposal_id, user=user, block=block, rpc_url=rpc_url)
    with transaction.atomic():
        _lock(proposal)
        return record_approval(proposal, user, ApprovalKind.APPROVE, "", actor=actor, block=block)


def _check_approval(
    case: ApprovalCase, proposal: Proposal, *, actor: Actor, block: BlockRef
) -> None:
    """An attempt to approve one's own proposal is kept on record."""
    try:
        check_approval(case)
    except ApprovalRefusedError as refused:
        if refused.code == "separation_of_duties":
            with transaction.atomic():
                record_audit(
                    actor=actor,
                    action="approval.refused",
                    object_type="proposal",
                    object_id=proposal.public_id,
                    block=block,
                    after={"code": refused.code},
                    reason=str(refused),
                )
        raise


def veto(*, proposal_id: int, user: User, reason: str, actor: Actor, block: BlockRef) -> Proposal:
    """Ends the proposal before it is handed over. Signatures that exist stay executable by
    anybody until the deadline; the page says so."""
    check_reason(reason)
    with transaction.atomic():
        proposal = proposal_by_id(proposal_id)
        _lock(proposal)
        if proposal.state == ProposalState.VETOED:
            return proposal
        check_stop(ProposalState(proposal.state))
        _require_no_rejection_sent(proposal)
        record_approval(proposal, user, ApprovalKind.VETO, reason, actor=actor, block=block)
        move(proposal, ProposalState.VETOED, actor=actor, block=block, reason=reason)
    return proposal


def decline(
    *, proposal_id: int, user: User, reason: str, actor: Actor, block: BlockRef, rpc_url: str
) -> Proposal:
    """One person's recorded no. REJECTED once so many current owners declined that the threshold
    is out of reach."""
    check_reason(reason)
    proposal = proposal_by_id(proposal_id)
    check_stop(ProposalState(proposal.state))
    status: ConfirmationStatus | None = None
    if proposal.safe_transaction_id is not None:
        status = confirmation_status(
            safe_transaction_id=proposal.safe_transaction_id, block=block, rpc_url=rpc_url
        )
    with transaction.atomic():
        _lock(proposal)
        check_stop(ProposalState(proposal.state))
        _require_no_rejection_sent(proposal)
        record_approval(proposal, user, ApprovalKind.DECLINE, reason, actor=actor, block=block)
        if status is not None and _is_lost(proposal, status):
            if proposal.state == ProposalState.READY:
                move(proposal, ProposalState.COLLECTING, actor=actor, block=block, reason=reason)
            move(proposal, ProposalState.REJECTED, actor=actor, block=block, reason=reason)
    return proposal


def confirm(
    *,
    proposal_id: int,
    owner: Address,
    signature: bytes,
    kind: str | None,
    block: BlockRef,
    rpc_url: str,
    actor: Actor,
    is_own_session: bool,
    person: User | None = None,
    member: Address | None = None,
) -> Proposal:
    """An owner's signature, or with `member` one of a member of an owner Safe. It is its own proof,
    whoever brings it. Over anything but our hash it is refused; from the signer's own session
    that is an incident and freezes the proposal. `person` is who brings it in their own session:
    they deal with flags and question first."""
    proposal = proposal_by_id(proposal_id)
    if proposal.safe_transaction_id is None or proposal.state not in {
        ProposalState.COLLECTING,
        ProposalState.READY,
    }:
        raise ApprovalRefusedError("wrong_state", f"the proposal is {proposal.state}")
    check_confirmer(
        author_wallets=_wallets_of_author(proposal),
        owner=member or owner,
        route=RouteKind(proposal.route),
    )
    require_sound(proposal, actor=actor, block=block)
    given = Signature(owner, member, signature, kind)
    try:
        if person is not None:
            _require_ours(proposal.safe_transaction_id, given, block=block, rpc_url=rpc_url)
            require_deliberation(proposal_id=proposal_id, user=person, block=block, rpc_url=rpc_url)
        add_signature(
            proposal.safe_transaction_id, given, block=block, rpc_url=rpc_url, actor=actor
        )
    except ConfirmationRefusedError as refused:
        record_refusal(proposal, refused, actor=actor, block=block, is_own_session=is_own_session)
        raise SignatureRefusedError(refused) from refused
    _approve_by_signature(proposal, member or owner, actor=actor, block=block)
    return proposal_by_id(proposal.pk)


def _require_ours(
    safe_transaction_id: int, given: Signature, *, block: BlockRef, rpc_url: str
) -> None:
    """A signature of something else is an incident, whatever the person has read or answered."""
    if given.member is None:
        require_our_hash(
            safe_transaction_id=safe_transaction_id,
            owner=given.owner,
            signature=given.raw,
            kind=given.kind,
        )
        return
    require_our_message(
        safe_transaction_id=safe_transaction_id,
        owner=given.owner,
        member=given.member,
        signature=given.raw,
        kind=given.kind,
        block=block,
        rpc_url=rpc_url,
    )


def add_signature(
    safe_transaction_id: int, given: Signature, *, block: BlockRef, rpc_url: str, actor: Actor
) -> None:
    if given.member is None:
        add_confirmation(
            safe_transaction_id=safe_transaction_id,
            owner=given.owner,
            signature=given.raw,
            kind=given.kind,
            block=block,
            rpc_url=rpc_url,
            actor=actor,
        )
        return
    add_member_confirmation(
        safe_transaction_id=safe_transaction_id,
        owner=given.owner,
        member=given.member,
        signature=given.raw,
        kind=given.kind,
        block=block,
        rpc_url=rpc_url,
        actor=actor,
    )


def _approve_by_signature(
    proposal: Proposal, signer: Address, *, actor: Actor, block: BlockRef
) -> None:
    """Wakes the proposal, and keeps our record. A process that dies before this loses nothing: on
    the way to READY the record is made good; and whatever it says, the chain asks for the
    signature."""
    with transaction.atomic():
        _lock(proposal)
        Proposal.objects.filter(pk=proposal.pk, state=ProposalState.COLLECTING).update(
            next_action_at=block.timestamp, updated_at=Now()
        )
        record_signed_approvals(proposal, [signer], actor=actor, block=block)


def record_refusal(
    proposal: Proposal,
    refused: ConfirmationRefusedError,
    *,
    actor: Actor,
    block: BlockRef,
    is_own_session: bool,
) -> None:
    """Its own audit row; from the signer's own session the wrong bytes are an incident."""
    is_incident = is_own_session and refused.code in INCIDENT_CODES
    with transaction.atomic():
        record_audit(
            actor=actor,
            action="confirmation.incident" if is_incident else "confirmation.refused",
            object_type="proposal",
            object_id=proposal.public_id,
            block=block,
            after={"code": refused.code},
            reason=str(refused)[:300],
        )
    if is_incident:
        freeze(proposal, reason=f"{actor.name} signed something else: {refused.code}", block=block)


def _lock(proposal: Proposal) -> None:
    """Lock the row and see its newest state."""
    Proposal.objects.select_for_update().get(pk=proposal.pk)
    proposal.refresh_from_db()


def _require_no_rejection_sent(proposal: Proposal) -> None:
    """While a rejection is executed, the chain ends the proposal."""
    if is_rejection_under_way(proposal):
        raise ApprovalRefusedError("too_late", "its rejection on the chain is under way")


def _wallets_of_author(proposal: Proposal) -> frozenset[str]:
    return people.wallets(user=proposal.author) if proposal.author else frozenset()


def _is_lost(proposal: Proposal, status: ConfirmationStatus) -> bool:
    declined = Wallet.objects.filter(
        user__in=Approval.objects.filter(proposal=proposal, kind=ApprovalKind.DECLINE).values(
            "user"
        )
    ).values_list("address", flat=True)
    return is_out_of_reach(
        owners=frozenset(status.owners), declined=frozenset(declined), threshold=status.threshold
    )
