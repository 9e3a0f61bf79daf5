"""A policy version comes into force only with its author and a second person on record (G6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from governance.models import PolicyApproval, User
from treasury.core.types import Actor, BlockRef
from treasury.services.policies import publish_policy
from treasury.services.record import record_audit

if TYPE_CHECKING:
    from treasury.models import PolicyVersion


class PolicyApprovalError(ValueError):
    """The two people or the reason that a policy needs are not there."""

    problem_code = "separation_of_duties"


def publish_approved_policy(
    *,
    tier_id: int,
    document: dict[str, Any],
    effective_at: int,
    author: User,
    approver: User,
    reason: str,
    actor: Actor,
    block: BlockRef,
) -> PolicyVersion:
    """The version and who let it into force, in one transaction. Whether these people may do so
    in this treasury is the caller's question (`policy.approve`)."""
    if author.pk == approver.pk:
        raise PolicyApprovalError("another person than the author approves a policy")
    if not reason.strip():
        raise PolicyApprovalError("say why the policy changes")
    with transaction.atomic():
        version = publish_policy(
            tier_id=tier_id,
            document=document,
            effective_at=effective_at,
            actor=actor,
            block=block,
        )
        PolicyApproval.objects.create(
            policy_version_id=version.pk, author=author, approver=approver, reason=reason[:300]
        )
        record_audit(
            actor=actor,
            action="policy.approved",
            object_type="policy",
            object_id=version.public_id,
            block=block,
            after={
                "author": author.public_id,
                "approver": approver.public_id,
                "policy_hash": version.document_hash,
            },
            reason=reason[:300],
        )
    return version
