"""Every tier with what is needed to see whether it is looked after: one query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, Q, Subquery

from treasury.core.policies import TierPolicy
from treasury.models import Decision, PolicyVersion, Snapshot, Tier
from treasury.selectors.policies import readable_policy


@dataclass(frozen=True, slots=True)
class TierWatch:
    """`evaluated_at` (block time) and `outcome` of the latest evaluation, None and "" before the
    first; `policy` None where none is in force (the tier is only watched) or it cannot be read."""

    name: str
    evaluated_at: int | None
    outcome: str
    policy: TierPolicy | None


def late_tiers(*, wall: datetime, usual_seconds: int) -> tuple[str, ...]:
    """Tiers with a policy in force that nobody has evaluated for longer than their policy allows
    (`usual_seconds` where it does not say, or cannot be read). Wall time: this is asked when blocks
    may have stopped; where the chain's clock is ahead, the newest snapshot's says which policy is
    in force. Before the first evaluation the time since the policy's start counts."""
    snapshot = Snapshot.objects.filter(treasury_id=OuterRef("tier__treasury_id"))
    newest = Subquery(snapshot.order_by("-block_number").values("block_timestamp")[:1])
    in_force = Q(effective_at__lte=int(wall.timestamp())) | Q(effective_at__lte=newest)
    evaluation = Decision.objects.filter(tier_id=OuterRef("pk")).order_by("-id")
    version = PolicyVersion.objects.filter(in_force, tier_id=OuterRef("pk")).order_by("-number")
    rows = Tier.objects.annotate(
        at=Subquery(evaluation.values("created_at")[:1]),
        policy_at=Subquery(version.values("created_at")[:1]),
        effective_at=Subquery(version.values("effective_at")[:1]),
        document=Subquery(version.values("document")[:1]),
    ).select_related("treasury")
    late = []
    for row in rows.filter(document__isnull=False).order_by("id"):
        policy = readable_policy(row.document)
        limit = (policy.halts.max_silence_seconds if policy else 0) or usual_seconds
        since = row.at.timestamp() if row.at else max(row.policy_at.timestamp(), row.effective_at)
        if wall.timestamp() - since > limit:
            late.append(f"{row.treasury.name}/{row.name}")
    return tuple(late)


def tier_watch(*, treasury_id: int, now: int) -> tuple[TierWatch, ...]:
    """`now` is block time: it says which policy is in force."""
    evaluation = Decision.objects.filter(tier_id=OuterRef("pk")).order_by("-snapshot_id")
    version = PolicyVersion.objects.filter(tier_id=OuterRef("pk"), effective_at__lte=now).order_by(
        "-number"
    )
    rows = (
        Tier.objects.filter(treasury_id=treasury_id)
        .annotate(
            evaluated_at=Subquery(evaluation.values("snapshot__block_timestamp")[:1]),
            evaluated_to=Subquery(evaluation.values("outcome")[:1]),
            document=Subquery(version.values("document")[:1]),
        )
        .order_by("id")
    )
    return tuple(
        TierWatch(
            name=row.name,
            evaluated_at=row.evaluated_at,
            outcome=row.evaluated_to or "",
            policy=readable_policy(row.document) if row.document else None,
        )
        for row in rows
    )
