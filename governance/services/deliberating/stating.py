"""Comments and acknowledged flags: append-only, bound to the plan that was looked at."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from governance.core.approvals import ApprovalRefusedError
from governance.core.scrutiny import Flag, Severity
from governance.models import Acknowledgement, Comment, Proposal, User
from governance.selectors.proposals import plan_of
from treasury.core.types import Actor, BlockRef
from treasury.services.record import emit_event, record_audit

TEXT_MAX = 2000
REASON_MAX = 300


def comment(*, proposal: Proposal, user: User, text: str, actor: Actor, block: BlockRef) -> Comment:
    """Anybody with an acting role, in any state: what was learned later belongs here too."""
    said = text.strip()
    if not said:
        raise ApprovalRefusedError("text_required", "write something first")
    if len(said) > TEXT_MAX:
        raise ApprovalRefusedError("text_too_long", f"at most {TEXT_MAX} characters")
    with transaction.atomic():
        row = Comment.objects.create(
            proposal=proposal, user=user, plan_digest=plan_of(proposal).digest, text=said
        )
        _told(proposal, user, "COMMENT")
        record_audit(
            actor=actor,
            action="proposal.commented",
            object_type="proposal",
            object_id=proposal.public_id,
            block=block,
            after={"comment": row.public_id},
            reason=said[:REASON_MAX],
        )
    return row


def acknowledge(
    *,
    proposal: Proposal,
    user: User,
    flag: str,
    reason: str,
    up: Iterable[Flag],
    actor: Actor,
    block: BlockRef,
) -> Acknowledgement:
    """`up` are the flags of this moment: what is not up cannot be acknowledged, so nobody clears a
    risk in advance. Doing it twice is doing it once."""
    found = next((item for item in up if item.name == flag), None)
    if found is None:
        raise ApprovalRefusedError("flag_unknown", f"no flag {flag!r} is up on this proposal")
    said = reason.strip()
    if found.severity is Severity.CRITICAL and not said:
        raise ApprovalRefusedError("reason_required", f"say in writing why, of: {found.title}")
    with transaction.atomic():
        row, is_new = Acknowledgement.objects.get_or_create(
            proposal=proposal,
            user=user,
            flag=flag,
            plan_digest=plan_of(proposal).digest,
            defaults={"reason": said[:REASON_MAX]},
        )
        if not is_new:
            return row
        _told(proposal, user, "ACKNOWLEDGE")
        record_audit(
            actor=actor,
            action="proposal.flag_acknowledged",
            object_type="proposal",
            object_id=proposal.public_id,
            block=block,
            after={"flag": flag, "severity": found.severity.value, "plan_digest": row.plan_digest},
            reason=row.reason,
        )
    return row


def _told(proposal: Proposal, user: User, kind: str) -> None:
    emit_event(
        treasury_id=proposal.tier.treasury_id,
        kind="proposal.updated",
        payload={"proposal": proposal.public_id, "by": user.public_id, "kind": kind},
    )
