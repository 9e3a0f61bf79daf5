"""Decisions on record: complete, once, replayable from the row alone, and tampering shows."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from tests.integration.treasury.sql import execute, of_table
from tests.integration.treasury.world import (
    ACTOR,
    World,
    context,
    policy_document,
    publish_core_policy,
)
from treasury.core.canonical import canonical_bytes
from treasury.core.policy_documents import PolicyDocumentError
from treasury.models import AuditEvent, Decision, OutboxEvent, PolicyVersion, Snapshot
from treasury.selectors.decisions import latest_evaluation_at, revive_decision
from treasury.selectors.policies import NoPolicyInForceError, policy_in_force
from treasury.services.decisions import decide_tier
from treasury.services.policies import UnableToPublishPolicyError, publish_policy
from treasury.services.snapshots import take_snapshot

GONE = ("treasury_price", "treasury_position", "treasury_lot", "treasury_policyversion")
pytestmark = pytest.mark.django_db


@pytest.fixture
def snapshot(world: World) -> Snapshot:
    return take_snapshot(treasury_id=world.treasury.id, block=world.head(), rpc_url=world.url)


def decide(world: World, snapshot: Snapshot) -> Decision:
    return decide_tier(
        tier_id=world.core.id, snapshot_id=snapshot.id, context=context(world), actor=ACTOR
    )


def replay(row: Decision) -> str:
    out = StringIO()
    call_command("replay_decision", row.public_id, stdout=out)
    return out.getvalue()


def test_a_fired_decision_is_stored_with_everything_it_saw(
    world: World, snapshot: Snapshot
) -> None:
    version = publish_core_policy(world)
    row = decide(world, snapshot)
    inputs, result = revive_decision(row)
    assert (row.outcome, row.is_fired) == ("TRADES", True)
    assert canonical_bytes(inputs).decode() == row.inputs
    assert canonical_bytes(result).decode() == row.result
    assert inputs.policy_hash == version.document_hash
    assert inputs.portfolio.block.hash == snapshot.block_hash
    assert inputs.treasury_nav_usd == snapshot.nav_usd
    assert inputs.gas.base_fee_wei == snapshot.base_fee_wei
    assert inputs.gas.native_price_usd > 0
    assert result.trades
    event = OutboxEvent.objects.get(kind="trigger.evaluated")
    assert event.payload["digest"] == row.digest
    assert AuditEvent.objects.order_by("-id")[0].payload["object_id"] == row.public_id


def test_a_decision_that_does_not_fire_is_stored_too(world: World, snapshot: Snapshot) -> None:
    weights = {"WETH": 4_000, "USDC": 4_000, "WBTC": 2_000}
    publish_policy(
        tier_id=world.core.id,
        document=policy_document(world, weights),
        effective_at=snapshot.block_timestamp,
        actor=ACTOR,
        block=world.head(),
    )
    row = decide(world, snapshot)
    assert (row.outcome, row.is_fired) == ("NOT_FIRED", False)
    assert "the same" in replay(row)


def test_a_missing_price_gates(bare_world: World) -> None:
    publish_core_policy(bare_world)
    snapshot = take_snapshot(
        treasury_id=bare_world.treasury.id, block=bare_world.head(), rpc_url=bare_world.url
    )
    row = decide(bare_world, snapshot)
    assert row.outcome == "GATED"
    assert "the same" in replay(row)


def test_one_decision_per_tier_snapshot_and_policy(world: World, snapshot: Snapshot) -> None:
    publish_core_policy(world)
    first = decide(world, snapshot)
    audit = AuditEvent.objects.count()
    assert decide(world, snapshot) == first
    assert (Decision.objects.count(), AuditEvent.objects.count()) == (1, audit)
    publish_core_policy(world, min_trade_usd="600")
    assert decide(world, snapshot) != first
    now = snapshot.block_timestamp
    assert latest_evaluation_at(tier_id=world.core.id, before=now + 1) == now
    assert latest_evaluation_at(tier_id=world.core.id, before=now) is None


def test_replay_needs_nothing_but_the_row(world: World, snapshot: Snapshot) -> None:
    publish_core_policy(world)
    row = decide(world, snapshot)
    with transaction.atomic():
        execute("SET LOCAL session_replication_role = replica")
        for table in GONE:
            execute(of_table("DELETE FROM TABLE", table))
        out = replay(row)
        transaction.set_rollback(True)
    assert f"stored    {row.digest}" in out
    assert f"replayed  {row.digest}" in out


def tampered(row: Decision, column: str, text: str) -> Decision:
    execute("SET LOCAL session_replication_role = replica")
    change = of_table("UPDATE treasury_decision SET TABLE = %s WHERE id = %s", column)
    execute(change, [text, row.id])
    execute("SET LOCAL session_replication_role = origin")
    row.refresh_from_db()
    return row


def test_a_stored_price_changed_by_one_unit_is_found(world: World, snapshot: Snapshot) -> None:
    publish_core_policy(world)
    row = decide(world, snapshot)
    inputs = json.loads(row.inputs)
    holding = inputs["portfolio"]["holdings"][0]
    digits = holding["price_usd"]
    holding["price_usd"] = digits[:-1] + str((int(digits[-1]) + 1) % 10)
    tampered(row, "inputs", json.dumps(inputs))
    with pytest.raises(CommandError, match="different: ") as error:
        replay(row)
    assert error.value.returncode == 1


def test_what_differs_is_named(world: World, snapshot: Snapshot) -> None:
    publish_core_policy(world)
    row = decide(world, snapshot)
    result = json.loads(row.result)
    result["trades"][0]["sell_units"] = str(int(result["trades"][0]["sell_units"]) + 1)
    tampered(row, "result", json.dumps(result))
    with pytest.raises(CommandError, match=r"different: trades$"):
        replay(row)
    inputs = json.loads(row.inputs)
    inputs["tier"] = "other"
    tampered(row, "inputs", json.dumps(inputs))
    with pytest.raises(CommandError, match="trades"):
        replay(row)
    with pytest.raises(CommandError, match="damaged"):
        replay(tampered(row, "inputs", "{}"))


def test_an_unknown_decision_is_no_difference() -> None:
    with pytest.raises(CommandError, match="no decision") as error:
        call_command("replay_decision", "dec_X")
    assert error.value.returncode == 2


# ------------------------------------------------------------------------------------- policies
def test_the_version_in_force_is_the_latest_whose_time_has_come(world: World) -> None:
    now = world.head().timestamp
    with pytest.raises(NoPolicyInForceError):
        policy_in_force(tier_id=world.core.id, now=now)
    first = publish_core_policy(world)
    document = policy_document(world, {"WETH": 10_000, "USDC": 0})
    second = publish_policy(
        tier_id=world.core.id,
        document=document,
        effective_at=now + 100,
        actor=ACTOR,
        block=world.head(),
    )
    assert (first.number, second.number) == (1, 2)
    assert policy_in_force(tier_id=world.core.id, now=now + 99)[0] == first
    version, policy = policy_in_force(tier_id=world.core.id, now=now + 100)
    assert version == second
    assert policy.targets[0].weight_bps == 10_000
    with pytest.raises(NoPolicyInForceError):
        policy_in_force(tier_id=world.core.id, now=now - 1)


def test_a_policy_that_does_not_fit_is_not_published(world: World) -> None:
    head = world.head()
    good = policy_document(world, {"WETH": 10_000, "USDC": 0})
    foreign = policy_document(world, {"DAI": 10_000, "USDC": 0})
    cases = (
        (good | {"colour": "red"}, head.timestamp, PolicyDocumentError),
        (good, head.timestamp - 1, UnableToPublishPolicyError),
        (foreign, head.timestamp, UnableToPublishPolicyError),
    )
    before = AuditEvent.objects.count()
    for document, effective_at, error in cases:
        with pytest.raises(error):
            publish_policy(
                tier_id=world.core.id,
                document=document,
                effective_at=effective_at,
                actor=ACTOR,
                block=head,
            )
    assert (PolicyVersion.objects.count(), AuditEvent.objects.count()) == (0, before)
