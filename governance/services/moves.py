"""The only place that changes a proposal's state: compare-and-set, event and audit row together."""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.db.models.functions import Now

from execution.services.opening import close_safe_transaction
from governance.core.lifecycle import ProposalOutcome, ProposalState, check_move
from governance.models import Proposal
from treasury.core.types import Actor, ActorKind, BlockRef
from treasury.services.record import emit_event, record_audit

PROCESS = Actor(ActorKind.SYSTEM, "governance.process")
GENERATOR = Actor(ActorKind.SYSTEM, "governance.generator")

EVENT_KINDS: dict[ProposalState, str] = {
    ProposalState.PROPOSED: "proposal.created",
    ProposalState.READY: "proposal.approved",
    ProposalState.REJECTED: "proposal.declined",
    ProposalState.VETOED: "proposal.vetoed",
    ProposalState.EXPIRED: "proposal.expired",
    ProposalState.SUPERSEDED: "proposal.superseded",
    ProposalState.FROZEN: "proposal.frozen",
    ProposalState.HANDED_OVER: "execution.started",
}


ENDS_UNSENT = frozenset(
    {
        ProposalState.REJECTED,
        ProposalState.VETOED,
        ProposalState.EXPIRED,
        ProposalState.SUPERSEDED,
    }
)


class LostRaceError(RuntimeError):
    """Somebody else moved the proposal meanwhile. Nothing was changed; look again."""

    problem_code = "state_conflict"
    problem_status = 409
    retryable = True


def move(
    proposal: Proposal,
    to: ProposalState,
    *,
    actor: Actor,
    block: BlockRef,
    reason: str = "",
    **columns: Any,
) -> None:
    """Inside the caller's transaction, as its last statement. The state and version that the caller
    looked at must still stand, else LostRaceError; the passed row is brought up to date."""
    old = ProposalState(proposal.state)
    check_move(old, to)
    changes: dict[str, Any] = {
        "state": to.value,
        "state_reason": reason[:300],
        "next_action_at": block.timestamp,
        "failed_steps": 0,
        **columns,
    }
    won = Proposal.objects.filter(pk=proposal.pk, state=old.value, version=proposal.version).update(
        version=F("version") + 1, updated_at=Now(), **changes
    )
    if not won:
        raise LostRaceError(f"proposal {proposal.public_id} is no longer {old}")
    proposal.refresh_from_db()
    _free_nonce(proposal, actor=actor, block=block, reason=reason)
    payload = {
        "proposal": proposal.public_id,
        "state": to.value,
        "previous_state": old.value,
        "outcome": proposal.outcome,
        "reason": reason[:300],
    }
    emit_event(
        treasury_id=proposal.tier.treasury_id,
        kind=EVENT_KINDS.get(to, "proposal.updated"),
        payload=payload,
    )
    record_audit(
        actor=actor,
        action=f"proposal.{to.value.lower()}",
        object_type="proposal",
        object_id=proposal.public_id,
        block=block,
        before={"state": old.value},
        after={"state": to.value, "outcome": proposal.outcome},
        reason=reason[:300],
    )


def _free_nonce(proposal: Proposal, *, actor: Actor, block: BlockRef, reason: str) -> None:
    """A proposal that ends without an execution gives its Safe nonce to the next one."""
    is_unexecuted = proposal.outcome in {ProposalOutcome.FAILED, ProposalOutcome.CANCELLED}
    if proposal.safe_transaction_id is None or not (proposal.state in ENDS_UNSENT or is_unexecuted):
        return
    close_safe_transaction(
        safe_transaction_id=proposal.safe_transaction_id,
        replaced=proposal.state == ProposalState.SUPERSEDED,
        reason=reason[:300],
        actor=actor,
        block=block,
    )


def postpone(proposal: Proposal, *, until: int, reason: str, counted: bool = False) -> None:
    """Look again later. `counted` is for a step that failed. Writes nothing into the audit
    trail: waiting is no action. Loses quietly against a move."""
    Proposal.objects.filter(pk=proposal.pk, state=proposal.state, version=proposal.version).update(
        next_action_at=until,
        state_reason=reason[:300],
        failed_steps=F("failed_steps") + (1 if counted else 0),
    )
    proposal.refresh_from_db()
