"""What is stored is computed again on every look: sound proposals pass every check, and a changed
byte is named by the rule that it breaks."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from execution.core.types import Rule
from governance.core.conformity import Status, Subject, worst_of
from governance.core.routing import Level
from governance.models import Proposal
from governance.selectors.conformity import conformity, findings
from governance.selectors.proposals import proposal_by_id
from governance.services.halts import Trip, trip
from tests.integration.governance.conftest import Stage
from treasury.core.types import Actor, ActorKind

QUERIES_MAX = 12


def collecting(stage: Stage, tier: str) -> Proposal:
    if tier == "strategic":
        stage.seeded.shift_strategy()
    else:
        stage.move("WETH", 900)
    proposal = stage.propose(tier)
    stage.sweep()
    return proposal_by_id(proposal.pk)


def tamper(table: str, row_id: int, column: str, value: Any) -> None:
    """As the owner of the database, past the guards."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(f'UPDATE {table} SET "{column}" = %s WHERE id = %s', [value, row_id])  # noqa: S608  names of ours
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@pytest.mark.parametrize("tier", ["strategic", "core", "yield"])
def test_conformity__sound_proposal__passes_every_check(stage: Stage, tier: str) -> None:
    proposal = collecting(stage, tier)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        checks = conformity(proposal)
    assert worst_of(checks) is Status.PASS, [c for c in checks if c.status is not Status.PASS]
    assert [check.name for check in checks] == list(Subject)
    assert len(queries) <= QUERIES_MAX, len(queries)


def test_findings__each_stored_field_changed__is_named(stage: Stage) -> None:
    proposal = collecting(stage, "strategic")
    signed, plan = proposal.safe_transaction, proposal.plan
    assert signed is not None
    assert plan is not None
    stranger = "0x" + "11" * 20
    attacks: list[tuple[str, int, str, Any, Rule]] = [
        ("execution_safetransaction", signed.pk, "to", stranger, Rule.HASH),
        ("execution_safetransaction", signed.pk, "value", 1, Rule.HASH),
        ("execution_safetransaction", signed.pk, "data", b"\x01", Rule.HASH),
        ("execution_safetransaction", signed.pk, "operation", 0, Rule.HASH),
        ("execution_safetransaction", signed.pk, "nonce", 77, Rule.HASH),
        ("execution_safetransaction", signed.pk, "chain_id", 1, Rule.HASH),
        ("execution_safetransaction", signed.pk, "safe_tx_hash", "0x" + "22" * 32, Rule.HASH),
        ("execution_plan", plan.pk, "digest", "33" * 32, Rule.PLAN),
        ("execution_plan", plan.pk, "document", "{}", Rule.PLAN),
        ("execution_plan", plan.pk, "expires_at", 1, Rule.PLAN),
        ("execution_plan", plan.pk, "evidence", "{}", Rule.EVIDENCE),
        ("execution_plan", plan.pk, "evidence_digest", "44" * 32, Rule.EVIDENCE),
        ("governance_proposal", proposal.pk, "policy_hash", "55" * 32, Rule.POLICY),
        ("governance_proposal", proposal.pk, "expires_at", 2**40, Rule.DEADLINE),
        ("treasury_policyversion", proposal.policy_version_id, "document", "{}", Rule.POLICY),
        ("treasury_decision", proposal.decision_id, "digest", "66" * 32, Rule.EVIDENCE),
    ]
    for table, row_id, column, value, rule in attacks:
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT "{column}" FROM {table} WHERE id = %s', [row_id])  # noqa: S608  names of ours
            (before,) = cursor.fetchone()
        tamper(table, row_id, column, value)
        found = findings(proposal_by_id(proposal.pk))
        tamper(table, row_id, column, before)
        assert rule in {violation.rule for violation in found.violations}, (table, column)
    assert findings(proposal_by_id(proposal.pk)).violations == ()


def test_conformity__open_halt__fails_its_check_only(stage: Stage) -> None:
    proposal = collecting(stage, "strategic")
    trip(
        treasury_id=stage.seeded.treasury.pk,
        tier_id=None,
        found=Trip("BY_HAND", Level.FROZEN, "1", "0", "test"),
        actor=Actor(ActorKind.SYSTEM, "test"),
        block=stage.head(),
    )
    checks = conformity(proposal_by_id(proposal.pk))
    assert [check.name for check in checks if check.status is Status.FAIL] == [Subject.HALTS]


def test_conformity__an_hour_later__asks_to_look_closer(stage: Stage) -> None:
    proposal = collecting(stage, "strategic")
    checks = conformity(proposal, now=proposal.triggered_at + 3_601)
    assert [check.name for check in checks if check.status is Status.WARN] == [Subject.SIMULATION]
