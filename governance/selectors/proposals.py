"""Reads of proposals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Max, QuerySet

from execution.core.lifecycle import ACTIVE
from governance.core.lifecycle import OPEN, ProposalOutcome, ProposalState
from governance.models import Approval, Proposal, Route
from treasury.core.policies import Mode
from treasury.selectors.policies import revive_policy

if TYPE_CHECKING:
    from execution.models import Plan, SafeTransaction, Transaction

NEVER_SUPERSEDED = frozenset({ProposalState.READY, ProposalState.HANDED_OVER, ProposalState.FROZEN})
FULL_RESET = "FULL_RESET"
EDITABLE = frozenset({ProposalState.PROPOSED, ProposalState.COLLECTING})


class IncompleteProposalError(RuntimeError):
    """The proposal has no plan or no transaction where its state promises one: a bug."""


def all_proposals() -> QuerySet[Proposal]:
    return Proposal.objects.select_related(
        "tier__treasury",
        "tier__safe",
        "decision__snapshot",
        "policy_version",
        "plan",
        "transaction",
        "safe_transaction__safe",
        "author",
        "successor",
    )


def whole(rows: QuerySet[Proposal]) -> Proposal | None:
    """The first of the rows, its plan knowing tier and decision without asking again, and its Safe
    transaction knowing the plan."""
    row = rows.first()
    if row is not None and row.plan is not None:
        if row.plan.tier_id == row.tier_id:
            row.plan.tier = row.tier
        if row.plan.decision_id == row.decision_id:
            row.plan.decision = row.decision
    if row is not None and row.safe_transaction is not None:
        acquaint(row.safe_transaction, row)
    return row


def acquaint(signed: SafeTransaction, proposal: Proposal) -> None:
    """The plan and the treasury of a Safe transaction are those of the proposal, where they are."""
    if proposal.plan is not None and signed.plan_id == proposal.plan_id:
        signed.plan = proposal.plan
    if signed.safe.treasury_id == proposal.tier.treasury_id:
        signed.safe.treasury = proposal.tier.treasury


def proposal_by_id(proposal_id: int) -> Proposal:
    return all_proposals().get(pk=proposal_id)


def open_proposal(*, tier_id: int) -> Proposal | None:
    """The one proposal of the tier that is under way; recorded ones do not count."""
    rows = all_proposals().filter(tier_id=tier_id, state__in=sorted(OPEN))
    return rows.exclude(route=Route.RECORD_ONLY).first()


def may_be_superseded(proposal: Proposal) -> bool:
    """Collected signatures and approvals are never wiped by a better idea."""
    if ProposalState(proposal.state) in NEVER_SUPERSEDED:
        return False
    if Approval.objects.filter(proposal=proposal).exists():
        return False
    safe_transaction = proposal.safe_transaction
    if safe_transaction is None:
        return True
    signed = (
        safe_transaction.confirmations.exists(),
        safe_transaction.member_confirmations.exists(),
        safe_transaction.rejections.exists(),
    )
    return not any(signed)


def is_edited(proposal: Proposal) -> bool:
    """Whether a person made it by changing another proposal's legs: both are of one decision."""
    return Proposal.objects.filter(
        successor_id=proposal.pk, decision_id=proposal.decision_id
    ).exists()


def is_for_editing(proposal: Proposal) -> bool:
    """Whether its kind and state let people change its legs: the multisig of a manual policy, not
    yet ready. Whether somebody has signed is not looked at."""
    policy = revive_policy(proposal.policy_version)
    return (
        proposal.route == Route.MULTISIG
        and proposal.state in EDITABLE
        and policy.mode is Mode.MANUAL
    )


def is_rejection_under_way(proposal: Proposal) -> bool:
    """Whether the rejection on the chain has an execution that is not settled."""
    if proposal.safe_transaction is None:
        return False
    return proposal.safe_transaction.rejections.filter(transactions__state__in=ACTIVE).exists()


def needs_safe_transaction(proposal: Proposal) -> bool:
    """MULTISIG always; OPERATOR when the role's member is the operator Safe."""
    if proposal.route == Route.MULTISIG:
        return True
    tier = proposal.tier
    return proposal.route == Route.OPERATOR and (
        bool(tier.member_address) and tier.member_address != tier.treasury.executor_address
    )


def latest_times(*, tier_id: int) -> tuple[int | None, int | None]:
    """Block times of the tier's latest proposal and of its latest executed rebalance."""
    rows = Proposal.objects.filter(tier_id=tier_id).exclude(route=Route.RECORD_ONLY)
    proposed = rows.aggregate(at=Max("triggered_at"))["at"]
    executed = rows.filter(
        state=ProposalState.DONE, outcome=ProposalOutcome.EXECUTED.value
    ).aggregate(at=Max("done_at"))["at"]
    return proposed, executed


def proposals_since(*, tier_id: int, since: int) -> int:
    """How many proposals were made after this block time, recorded ones left out."""
    rows = Proposal.objects.filter(tier_id=tier_id, triggered_at__gt=since)
    return rows.exclude(route=Route.RECORD_ONLY).count()


def latest_full_reset_at(*, tier_id: int) -> int | None:
    """Block time at which the tier's latest full reset was executed."""
    rows = Proposal.objects.filter(
        tier_id=tier_id,
        decision__trigger_kind=FULL_RESET,
        state=ProposalState.DONE,
        outcome=ProposalOutcome.EXECUTED.value,
    ).exclude(route=Route.RECORD_ONLY)
    found: int | None = rows.aggregate(at=Max("done_at"))["at"]
    return found


def plan_of(proposal: Proposal) -> Plan:
    if proposal.plan is None:
        raise IncompleteProposalError(f"{proposal.public_id} has no plan")
    return proposal.plan


def transaction_of(proposal: Proposal) -> Transaction:
    if proposal.transaction is None:
        raise IncompleteProposalError(f"{proposal.public_id} has no transaction")
    return proposal.transaction
