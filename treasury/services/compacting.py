"""Evaluations that did not fire, made smaller with age: one row per tier, policy and UTC day (T6).

What fired stays whole for ever, and so does the latest evaluation of each tier, whose memory the
next one needs. The audit trail keeps the digest of each evaluation; the summary's digest covers
them in order. The database itself refuses to delete anything that is not summed up.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, date, datetime

from django.db import connection, transaction
from django.db.models import Max, Min, QuerySet

from treasury.core.decisions import Decision
from treasury.core.revival import revive
from treasury.core.types import Actor, ActorKind, BlockRef
from treasury.engine.triggers.days import Evaluation, summarise
from treasury.models import Decision as DecisionRow
from treasury.models import EvaluationDay, Tier
from treasury.selectors.portfolio import tiers
from treasury.services.record import record_audit

COMPACTOR = Actor(ActorKind.SYSTEM, "treasury.compact_evaluations")
KEEP_DAYS = 30
KEEP_DAYS_MIN = 7
"""The database refuses less (migration 0007)."""
DAY_SECONDS = 86_400


class UnevenSummaryError(RuntimeError):
    """What would be deleted is not what was summed up: nothing is."""


def compact_evaluations(
    *, treasury_id: int, block: BlockRef, keep_days: int = KEEP_DAYS, actor: Actor = COMPACTOR
) -> int:
    """Sums up whole UTC days that ended `keep_days` before the block, one transaction each; how
    many evaluations were deleted. A day that is summed up already is not looked at again, so that
    a second call finds nothing."""
    if keep_days < KEEP_DAYS_MIN:
        raise ValueError(f"keep_days is {keep_days}; at least {KEEP_DAYS_MIN} are kept whole")
    last_day = block.timestamp // DAY_SECONDS - keep_days  # this one is kept whole
    return sum(
        _compact_day(tier, start, block, actor)
        for tier in tiers(treasury_id)
        for start in _days(tier, last_day * DAY_SECONDS)
    )


def _days(tier: Tier, before: int) -> list[int]:
    """Starts of the days that have something to sum up, oldest first."""
    found = _unfired(tier).filter(snapshot__block_timestamp__lt=before)
    span = found.aggregate(
        first=Min("snapshot__block_timestamp"), last=Max("snapshot__block_timestamp")
    )
    if span["first"] is None:
        return []
    first, last = (at // DAY_SECONDS * DAY_SECONDS for at in (span["first"], span["last"]))
    return list(range(first, last + 1, DAY_SECONDS))


def _compact_day(tier: Tier, start: int, block: BlockRef, actor: Actor) -> int:
    day = datetime.fromtimestamp(start, UTC).date()
    with transaction.atomic():
        Tier.objects.select_for_update(no_key=True).get(pk=tier.pk)
        latest = DecisionRow.objects.filter(tier=tier).order_by("-id").values_list("id", flat=True)
        rows = list(
            _unfired(tier)
            .filter(
                snapshot__block_timestamp__gte=start,
                snapshot__block_timestamp__lt=start + DAY_SECONDS,
            )
            .exclude(pk=latest[0])
            .select_related("snapshot")
            .defer("inputs")
            .order_by("id")
        )
        by_policy: dict[int, list[DecisionRow]] = {}
        for row in rows:
            by_policy.setdefault(row.policy_version_id, []).append(row)
        return sum(
            _compact(tier, policy_id, day, some, block, actor)
            for policy_id, some in sorted(by_policy.items())
        )


def _compact(
    tier: Tier, policy_id: int, day: date, rows: list[DecisionRow], block: BlockRef, actor: Actor
) -> int:
    if EvaluationDay.objects.filter(tier=tier, policy_version_id=policy_id, day=day).exists():
        return 0
    summary = summarise(
        [
            Evaluation(
                at=row.snapshot.block_timestamp,
                decision=revive(Decision, json.loads(row.result)),
                digest=row.digest,
            )
            for row in rows
        ]
    )
    row = EvaluationDay.objects.create(
        tier=tier,
        policy_version_id=policy_id,
        day=day,
        first_decision=rows[0].pk,
        last_decision=rows[-1].pk,
        **asdict(summary),
    )
    forgotten = _forget(row)
    if forgotten != len(rows):
        raise UnevenSummaryError(f"{row}: {len(rows)} were summed up, {forgotten} deleted")
    record_audit(
        actor=actor,
        action="evaluations.compacted",
        object_type="tier",
        object_id=tier.public_id,
        block=block,
        after={"day": day.isoformat(), "count": summary.count, "digest": summary.digest},
    )
    return forgotten


def _forget(row: EvaluationDay) -> int:
    """By the database's own function: the application has no right to delete evaluations."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT treasury_forget_evaluations(%s)", [row.pk])
        return int(cursor.fetchone()[0])


def _unfired(tier: Tier) -> QuerySet[DecisionRow]:
    return DecisionRow.objects.filter(tier=tier, is_fired=False)
