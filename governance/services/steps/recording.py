"""Our record of who approved, declined or vetoed: once per person and kind, with event and audit
row."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models.functions import Now

from governance.models import Approval, ApprovalKind, Proposal, Route, User
from governance.selectors.people import user_of_wallet
from governance.selectors.proposals import plan_of
from treasury.core.types import Actor, BlockRef
from treasury.services.record import emit_event, record_audit


def record_approval(
    proposal: Proposal,
    user: User,
    kind: ApprovalKind,
    reason: str,
    *,
    actor: Actor,
    block: BlockRef,
) -> Approval:
    """Inside the caller's transaction. Doing it twice is doing it once."""
    approval, created = Approval.objects.get_or_create(
        proposal=proposal,
        user=user,
        kind=kind.value,
        defaults={"plan_digest": plan_of(proposal).digest, "reason": reason[:300]},
    )
    if created:
        Proposal.objects.filter(pk=proposal.pk).update(
            next_action_at=block.timestamp, updated_at=Now()
        )
        emit_event(
            treasury_id=proposal.tier.treasury_id,
            kind="proposal.updated",
            payload={"proposal": proposal.public_id, "by": user.public_id, "kind": kind.value},
        )
        record_audit(
            actor=actor,
            action=f"approval.{kind.value.lower()}",
            object_type="proposal",
            object_id=proposal.public_id,
            block=block,
            after={"plan_digest": plan_of(proposal).digest, "user": user.public_id},
            reason=reason[:300],
        )
    return approval


def record_signed_approvals(
    proposal: Proposal, owners: Iterable[str], *, actor: Actor, block: BlockRef
) -> None:
    """On the operator Safe a signature is the approval: keep our record of whose. Inside the
    caller's transaction."""
    if proposal.route != Route.OPERATOR:
        return
    for owner in owners:
        user = user_of_wallet(owner)
        if user is not None:
            record_approval(proposal, user, ApprovalKind.APPROVE, "", actor=actor, block=block)
