"""A signer wants the proposal rejected on the chain; owners sign the rejection like any other
transaction.

A veto or a decline ends our part only. This ends the signatures' life as well: once the empty call
is executed at the same nonce, nobody can execute the original any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from execution.core.lifecycle import ACTIVE
from execution.selectors.transactions import rejection_of
from execution.services.confirming import ConfirmationRefusedError
from execution.services.signatures.rejecting import CannotRejectError, open_rejection
from governance.core.approvals import ApprovalRefusedError, check_reason
from governance.models import ApprovalKind, Proposal, User
from governance.selectors.proposals import proposal_by_id
from governance.services.approvals import (
    Signature,
    SignatureRefusedError,
    add_signature,
    record_refusal,
)
from governance.services.steps.recording import record_approval
from governance.services.steps.rejecting import REJECTABLE, UNSENT
from treasury.core.types import Actor, Address, BlockRef

if TYPE_CHECKING:
    from execution.models import SafeTransaction


def ask_for_rejection(
    *, proposal_id: int, user: User, reason: str, actor: Actor, block: BlockRef, rpc_url: str
) -> SafeTransaction:
    """Open the rejection for signatures, and record that this person declines. Asked again, the
    same one comes back. Who has signed the original may sign the rejection too: both are public,
    and the first that the chain takes makes the other impossible."""
    check_reason(reason)
    proposal = proposal_by_id(proposal_id)
    target = _rejectable(proposal)
    try:
        rejection = open_rejection(
            safe_transaction_id=target, reason=reason, block=block, rpc_url=rpc_url, actor=actor
        )
    except CannotRejectError as refused:
        raise ApprovalRefusedError("too_late", str(refused)) from refused
    with transaction.atomic():
        Proposal.objects.select_for_update().get(pk=proposal.pk)
        record_approval(proposal, user, ApprovalKind.DECLINE, reason, actor=actor, block=block)
    return rejection


def confirm_rejection(
    *,
    proposal_id: int,
    owner: Address,
    signature: bytes,
    kind: str | None,
    block: BlockRef,
    rpc_url: str,
    actor: Actor,
    is_own_session: bool,
    member: Address | None = None,
) -> Proposal:
    """An owner's signature of the rejection, or a member's within an owner Safe. Stopping asks
    neither for flags nor for the question."""
    proposal = proposal_by_id(proposal_id)
    rejection = rejection_of(_rejectable(proposal))
    if rejection is None:
        raise ApprovalRefusedError("not_asked_for", "nobody has asked for a rejection yet")
    given = Signature(owner, member, signature, kind)
    try:
        add_signature(rejection.pk, given, block=block, rpc_url=rpc_url, actor=actor)
    except ConfirmationRefusedError as refused:
        record_refusal(proposal, refused, actor=actor, block=block, is_own_session=is_own_session)
        raise SignatureRefusedError(refused) from refused
    Proposal.objects.filter(pk=proposal.pk, state__in=sorted(REJECTABLE)).update(
        next_action_at=block.timestamp
    )
    return proposal_by_id(proposal.pk)


def _rejectable(proposal: Proposal) -> int:
    """The Safe transaction that can be rejected still."""
    if proposal.safe_transaction_id is None or proposal.state not in REJECTABLE:
        raise ApprovalRefusedError(
            "wrong_state",
            f"the proposal is {proposal.state}: no Safe transaction of it waits at a nonce",
        )
    row = proposal.transaction
    if row is not None and row.state in ACTIVE - UNSENT:
        raise ApprovalRefusedError("too_late", f"its transaction is {row.state}")
    return proposal.safe_transaction_id
