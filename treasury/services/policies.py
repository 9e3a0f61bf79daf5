"""Puts a tier's policy on record: one immutable version per change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from treasury.core.canonical import canonical_bytes
from treasury.core.policies import TierPolicy
from treasury.core.policy_documents import parse_policy, policy_document, policy_hash
from treasury.core.types import Actor, BlockRef
from treasury.models import PolicyVersion, Tier, TierAsset
from treasury.services.record import emit_event, record_audit


class UnableToPublishPolicyError(ValueError):
    """The policy is well-formed but does not fit the tier or the time."""

    problem_code = "policy_does_not_fit"


def publish_policy(
    *,
    tier_id: int,
    document: dict[str, Any],
    effective_at: int,
    actor: Actor,
    block: BlockRef,
) -> PolicyVersion:
    """Who may publish, and after whose approval, is governance's matter. Raises
    PolicyDocumentError for a document that is no policy. A policy cannot start in the past: what
    was decided since then would have been decided under another policy than the one in force."""
    policy = parse_policy(document)
    if effective_at < block.timestamp:
        raise UnableToPublishPolicyError(
            f"effective_at {effective_at} is before the block's time {block.timestamp}"
        )
    with transaction.atomic():
        tier = Tier.objects.select_for_update(no_key=True).get(id=tier_id)
        _require_assets(tier, policy)
        latest = PolicyVersion.objects.filter(tier=tier).aggregate(Max("number"))["number__max"]
        version = PolicyVersion.objects.create(
            tier=tier,
            number=(latest or 0) + 1,
            document=canonical_bytes(policy_document(policy)).decode(),
            document_hash=policy_hash(policy),
            effective_at=effective_at,
        )
        payload = {
            "id": version.public_id,
            "tier": tier.public_id,
            "number": version.number,
            "policy_hash": version.document_hash,
            "effective_at": _text(effective_at),
        }
        emit_event(treasury_id=tier.treasury_id, kind="policy.approved", payload=payload)
        record_audit(
            actor=actor,
            action="policy.published",
            object_type="policy",
            object_id=version.public_id,
            block=block,
            after=payload,
        )
    return version


def _text(seconds: int) -> str:
    """As the API writes times: the outbox is read by the same consumers."""
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _require_assets(tier: Tier, policy: TierPolicy) -> None:
    """Every target must be an asset of the tier's Safe, or the tier could trade what it has
    not."""
    known = set(TierAsset.objects.filter(tier=tier).values_list("asset__address", flat=True))
    for target in policy.targets:
        if target.asset not in known:
            raise UnableToPublishPolicyError(
                f"{target.asset} is a target but no asset of tier {tier.name}: assign it first"
            )
