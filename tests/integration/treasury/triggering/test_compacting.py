"""T6: evaluations grow old, not lost; nothing but a summed-up one may go."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import Error, transaction

from tests.integration.treasury.sql import execute
from tests.integration.treasury.triggering.speaking import TRIGGER
from tests.integration.treasury.world import ACTOR, World, context, publish_core_policy
from treasury.core.canonical import digest
from treasury.models import AuditEvent, Decision, EvaluationDay, Snapshot
from treasury.selectors.snapshots import block_of
from treasury.services.compacting import compact_evaluations
from treasury.services.decisions import decide_tier
from treasury.services.snapshots import take_snapshot

pytestmark = pytest.mark.django_db
DAY = 86_400
WIDE = {"kind": "ABSOLUTE", "absolute_bps": 10_000, "relative_bps": 0}


@pytest.fixture
def history(world: World) -> World:
    """Three evaluations on the day before a midnight and one after it, of which one fired; the
    newest is far from them."""
    targets = [
        {"asset": world.address(name), "weight_bps": bps, "band": WIDE, "reserve_units": 0}
        for name, bps in (("WETH", 2_000), ("USDC", 5_000), ("WBTC", 3_000))
    ]
    publish_core_policy(world, trigger=TRIGGER, targets=targets)
    midnight = (world.head().timestamp // DAY + 1) * DAY
    evaluate(world, world.head().timestamp + 60, None)
    evaluate(world, world.head().timestamp + 60, "asked")
    evaluate(world, midnight - 1, None)
    evaluate(world, midnight, None)
    evaluate(world, midnight + 60 * DAY, None)
    return world


def evaluate(world: World, at: int, forced: str | None) -> Decision:
    world.chain.rpc("evm_setNextBlockTimestamp", at)
    world.chain.rpc("evm_mine")
    snapshot = take_snapshot(treasury_id=world.treasury.pk, block=world.head(), rpc_url=world.url)
    return decide_tier(
        tier_id=world.core.pk,
        snapshot_id=snapshot.pk,
        context=replace(context(world), forced_reason=forced),
        actor=ACTOR,
    )


def compact(world: World, keep_days: int = 30) -> int:
    return compact_evaluations(
        treasury_id=world.treasury.pk, block=world.head(), keep_days=keep_days
    )


def test_compact__old_days__one_row_each_with_counts_extremes_and_digest(history: World) -> None:
    unfired = list(Decision.objects.filter(is_fired=False).order_by("id"))
    assert len(unfired) == 4
    assert compact(history) == 3
    first, second = EvaluationDay.objects.order_by("day")
    assert (first.count, second.count) == (2, 1)
    assert (second.day - first.day).days == 1
    assert first.outcomes == {"NOT_FIRED": 1, "GATED": 1}  # prices are old by midnight
    assert first.reasons == {"THRESHOLD": 1, "NONE": 1}
    assert first.digest == digest([row.digest for row in unfired[:2]])
    assert set(first.weights) == {history.address(name) for name in ("WETH", "USDC", "WBTC")}
    assert (first.first_at, first.last_at) == tuple(
        row.snapshot.block_timestamp for row in unfired[:2]
    )
    event = AuditEvent.objects.order_by("-id")[0].payload
    assert (event["action"], event["after"]["digest"]) == ("evaluations.compacted", second.digest)


def test_compact__fired_and_latest__are_never_touched(history: World) -> None:
    compact(history)
    left = Decision.objects.order_by("id")
    assert [row.is_fired for row in left] == [True, False]
    newest = Snapshot.objects.order_by("-block_timestamp")[0]
    assert left[1].snapshot_id == newest.pk


def test_compact__again_or_too_young__changes_nothing(history: World) -> None:
    assert compact(history, keep_days=62) == 0
    assert not EvaluationDay.objects.exists()
    assert compact(history) == 3
    events = AuditEvent.objects.count()
    assert compact(history) == 0
    assert (EvaluationDay.objects.count(), AuditEvent.objects.count()) == (2, events)


def test_compact__fewer_days_than_the_database_allows__refused(history: World) -> None:
    with pytest.raises(ValueError, match="at least 7"):
        compact(history, keep_days=6)
    assert Decision.objects.count() == 5


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM treasury_decision WHERE NOT is_fired",
        "DELETE FROM treasury_decision WHERE is_fired",
        "UPDATE treasury_decision SET outcome = 'HALTED'",
        "DELETE FROM treasury_evaluationday",
        "UPDATE treasury_evaluationday SET count = 9",
    ],
)
def test_database__anything_else__is_refused(history: World, statement: str) -> None:
    """Whoever asks: also what is left after a compaction, and the summaries."""
    compact(history)
    count = Decision.objects.count()
    with pytest.raises(Error, match="append-only"), transaction.atomic():
        execute(statement)
    assert (Decision.objects.count(), EvaluationDay.objects.count()) == (count, 2)


@pytest.mark.usefixtures("history", "as_application")
def test_compact__as_the_application__needs_no_right_to_delete() -> None:
    tier = Decision.objects.order_by("id")[0].tier
    newest = Snapshot.objects.order_by("-block_timestamp")[0]
    assert compact_evaluations(treasury_id=tier.treasury_id, block=block_of(newest)) == 3
    with pytest.raises(Error, match="permission denied"), transaction.atomic():
        execute("DELETE FROM treasury_decision")
    assert Decision.objects.count() == 2
