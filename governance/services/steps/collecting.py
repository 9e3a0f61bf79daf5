"""From PROPOSED to READY: ask for signatures or an approval, and see whether they are there."""

from __future__ import annotations

from django.db import transaction

from execution.services.confirming import confirmation_status
from execution.services.preparing import open_safe_transaction
from execution.services.signatures.members import settle_members
from governance.core.lifecycle import ProposalOutcome, ProposalState
from governance.models import Approval, ApprovalKind, Proposal, Route
from governance.selectors.proposals import needs_safe_transaction, plan_of
from governance.services.moves import PROCESS, postpone
from governance.services.steps.recording import record_signed_approvals
from governance.services.steps.step import (
    POLL_SECONDS,
    Step,
    expire_if_due,
    policy_changed,
    stale_lots,
)
from treasury.selectors.policies import revive_policy
from treasury.services.crash_points import passage

POLICY_CHANGED = "another policy is in force now"


def begin(step: Step) -> None:
    """PROPOSED: a recorded one ends, an automatic one is ready, the others get their Safe
    transaction."""
    proposal = step.proposal
    if proposal.route == Route.RECORD_ONLY:
        step.move(
            ProposalState.DONE,
            "recorded, never executed",
            outcome=ProposalOutcome.RECORDED.value,
            done_at=step.now,
        )
        return
    if expire_if_due(step):
        return
    if policy_changed(step):
        step.move(ProposalState.SUPERSEDED, POLICY_CHANGED)
        return
    if proposal.route == Route.AUTOMATIC:
        step.move(ProposalState.READY, "the policy authorises it")
        passage("ready.after")
        return
    if not needs_safe_transaction(proposal):
        step.move(ProposalState.COLLECTING, "an operator's approval is asked for")
        return
    opened = open_safe_transaction(
        plan_id=plan_of(proposal).pk, block=step.block, rpc_url=step.rpc_url, actor=PROCESS
    )
    step.move(ProposalState.COLLECTING, "signatures are asked for", safe_transaction_id=opened.pk)


def collect(step: Step) -> None:
    """COLLECTING: wait until the current owners' signatures, or an operator's approval, are
    there."""
    if expire_if_due(step):
        return
    if policy_changed(step):
        step.move(ProposalState.SUPERSEDED, POLICY_CHANGED)
        return
    reason = stale_lots(step)
    if reason:
        step.move(ProposalState.SUPERSEDED, reason)
        return
    reason = missing(step)
    if reason:
        postpone(step.proposal, until=step.now + POLL_SECONDS, reason=reason)
        return
    if step.now < review_ends_at(step.proposal):
        reason = "everything is there; it waits for the end of its review time"
        postpone(step.proposal, until=review_ends_at(step.proposal), reason=reason)
        return
    with transaction.atomic():
        _record_signed(step)
        step.move(ProposalState.READY, "everything that was asked for is there")
    passage("ready.after")


def review_ends_at(proposal: Proposal) -> int:
    """Unix seconds of block time: not before then does the service hand it over. People's routes
    only. It holds us back, not the chain: whoever has enough signatures may send them earlier."""
    if proposal.route not in {Route.OPERATOR, Route.MULTISIG}:
        return proposal.triggered_at
    rules = revive_policy(proposal.policy_version).review
    return rules.review_ends_at(proposal.triggered_at)


def _record_signed(step: Step) -> None:
    """A process may have died between a signature and our record of whose approval it is."""
    signed = step.proposal.safe_transaction
    if signed is not None:
        owners = signed.confirmations.filter(is_valid=True).values_list("owner", flat=True)
        members = signed.member_confirmations.values_list("member", flat=True)
        record_signed_approvals(step.proposal, [*owners, *members], actor=PROCESS, block=step.block)


def missing(step: Step) -> str:
    """What the proposal still waits for, empty when nothing. Confirmations are re-validated
    against the owners of this block."""
    proposal = step.proposal
    if proposal.route == Route.AUTOMATIC:
        return ""
    if proposal.safe_transaction_id is None:
        return "" if is_approved(proposal) else "waits for an operator's approval"
    settle_members(
        safe_transaction_id=proposal.safe_transaction_id, block=step.block, rpc_url=step.rpc_url
    )
    status = confirmation_status(
        safe_transaction_id=proposal.safe_transaction_id,
        block=step.block,
        rpc_url=step.rpc_url,
    )
    if status.is_complete:
        return ""
    return f"{len(status.confirmed)} of {status.threshold} signatures are there"


def is_approved(proposal: Proposal) -> bool:
    """Approvals are bound to the plan's digest: a changed plan has none. Nor does the approval of
    the person count who triggered the proposal, however it came into the table."""
    rows = Approval.objects.filter(
        proposal=proposal, kind=ApprovalKind.APPROVE, plan_digest=plan_of(proposal).digest
    )
    return rows.exclude(user_id=proposal.author_id or 0).exists()
