"""Whoever acts on a changed proposal freezes it; whoever only reads it is told; nothing is sent."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection

from governance.core.lifecycle import ProposalState
from governance.core.routing import Level
from governance.models import Halt, Proposal
from governance.selectors.halts import open_halts, unproven_halts
from governance.selectors.proposals import proposal_by_id
from governance.services.halts import HaltedError, Trip, close, trip
from governance.services.steps.step import hold_halts
from tests.integration.governance.conftest import Stage
from tests.integration.governance.guarding.test_conformity import collecting, tamper
from treasury.core.types import Actor, ActorKind
from treasury.models import AuditEvent, OutboxEvent

ACTOR = Actor(ActorKind.SYSTEM, "test")
Sign = Callable[[str, str], bytes]


def actions(proposal: Proposal) -> list[str]:
    rows = AuditEvent.objects.order_by("id").filter(payload__object_id=proposal.public_id)
    return [row.payload["action"] for row in rows]


def change_value(proposal: Proposal) -> None:
    assert proposal.safe_transaction is not None
    tamper("execution_safetransaction", proposal.safe_transaction.pk, "value", 1)


def end_halts(stage: Stage, proposal: Proposal) -> None:
    (halt,) = Halt.objects.filter(breaker="FROZEN_PROPOSAL", closed_at=None)
    assert halt.value == proposal.public_id
    for name in ("fiona", "felix"):
        close(
            halt_id=halt.pk,
            user=stage.people[name],
            reason="looked",
            actor=ACTOR,
            block=stage.head(),
        )


def test_sweeper__changed_field__freezes_with_incident(stage: Stage) -> None:
    proposal = collecting(stage, "strategic")
    change_value(proposal)
    stage.market.mine(12)
    stage.sweep()
    found = proposal_by_id(proposal.pk)
    assert (found.state, found.frozen_from) == ("FROZEN", "COLLECTING")
    assert actions(proposal)[-2:] == ["proposal.incident", "proposal.frozen"]
    assert OutboxEvent.objects.filter(
        kind="proposal.frozen", payload__proposal=proposal.public_id
    ).exists()
    assert not found.plan.transactions.exists()  # type: ignore[union-attr]


def test_reading__changed_field__reports_and_writes_nothing(stage: Stage) -> None:
    proposal = collecting(stage, "strategic")
    assert proposal.safe_transaction is not None
    tamper("execution_safetransaction", proposal.safe_transaction.pk, "data", b"\x01")
    before = AuditEvent.objects.count()
    answer = stage.client("sofia").get(f"/api/v1/proposals/{proposal.public_id}/verification")
    assert answer.status_code == 200
    told = answer.json()
    assert told["safe_transaction"]["hash_matches"] is False
    assert told["conformity"]["status"] == "FAIL"
    assert {"HASH", "FIELDS"} <= {item["rule"] for item in told["conformity"]["violations"]}
    assert AuditEvent.objects.count() == before
    assert proposal_by_id(proposal.pk).state == ProposalState.COLLECTING


def test_confirm__changed_field__refused_and_frozen(stage: Stage, sign: Sign) -> None:
    proposal = collecting(stage, "strategic")
    signed = proposal.safe_transaction
    assert signed is not None
    change_value(proposal)
    owner = stage.seeded.deployment.accounts["owner1"]
    answer = stage.client("sofia").post(
        f"/api/v1/proposals/{proposal.public_id}/confirmations",
        {"owner": owner, "signature": "0x" + sign("owner1", signed.safe_tx_hash).hex()},
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "tampered")
    assert proposal_by_id(proposal.pk).state == ProposalState.FROZEN
    assert not signed.confirmations.exists()


def test_resume__still_changed__ends_rejected(stage: Stage) -> None:
    proposal = collecting(stage, "strategic")
    change_value(proposal)
    stage.market.mine(12)
    stage.sweep()
    end_halts(stage, proposal)
    stage.market.mine(60)
    stage.sweep()
    found = proposal_by_id(proposal.pk)
    assert found.state == ProposalState.REJECTED
    assert "still not what was made" in found.state_reason


def test_resume__mended__goes_on(stage: Stage) -> None:
    proposal = collecting(stage, "strategic")
    change_value(proposal)
    stage.market.mine(12)
    stage.sweep()
    assert proposal.safe_transaction is not None
    tamper("execution_safetransaction", proposal.safe_transaction.pk, "value", 0)
    end_halts(stage, proposal)
    stage.market.mine(60)
    stage.sweep()
    assert proposal_by_id(proposal.pk).state == ProposalState.COLLECTING


# ------------------------------------------------------------------------------------ halts
def stop(stage: Stage) -> Halt:
    return trip(
        treasury_id=stage.seeded.treasury.pk,
        tier_id=stage.tier_id("yield"),
        found=Trip("BY_HAND", Level.FROZEN, "1", "0", "test"),
        actor=ACTOR,
        block=stage.head(),
    )


@pytest.mark.parametrize(
    "how",
    [
        "closed_at = 5, first_closer_id = {fiona}, second_closer_id = {felix}",
        "closed_at = 5, is_self_clearing = true",
    ],
)
def test_halt__closed_by_sql__stands_and_is_opened_again(stage: Stage, how: str) -> None:
    proposal = stage.propose("yield")
    halt = stop(stage)
    people = {name: stage.people[name].pk for name in ("fiona", "felix")}
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE governance_halt SET {how.format(**people)} WHERE id = %s",  # noqa: S608  of ours
            [halt.pk],
        )
    covering = {"treasury_id": stage.seeded.treasury.pk, "tier_id": stage.tier_id("yield")}
    assert [notice.breaker for notice in open_halts(**covering)] == ["BY_HAND"]
    with pytest.raises(HaltedError):
        hold_halts(proposal)
    stage.sweep()
    halt.refresh_from_db()
    assert (halt.closed_at, halt.first_closer, halt.second_closer) == (None, None, None)
    events = AuditEvent.objects.filter(payload__object_id=halt.public_id).order_by("id")
    assert [event.payload["action"] for event in events] == ["halt.tripped", "halt.reopened"]
    assert not proposal_by_id(proposal.pk).plan.transactions.exists()  # type: ignore[union-attr]


def test_halt__closed_by_two_people__is_proven(stage: Stage) -> None:
    halt = stop(stage)
    for name in ("fiona", "felix"):
        close(
            halt_id=halt.pk,
            user=stage.people[name],
            reason="looked",
            actor=ACTOR,
            block=stage.head(),
        )
    assert not unproven_halts().exists()
    assert not open_halts(treasury_id=stage.seeded.treasury.pk, tier_id=stage.tier_id("yield"))
    assert stage.settle(stage.propose("yield"), {"DONE"}).outcome == "EXECUTED"


def test_halt__old_events_and_a_new_closing_by_sql__stands(stage: Stage) -> None:
    """The events of an earlier closing prove nothing about another one."""
    halt = stop(stage)
    for name in ("fiona", "felix"):
        close(
            halt_id=halt.pk,
            user=stage.people[name],
            reason="looked",
            actor=ACTOR,
            block=stage.head(),
        )
    Halt.objects.filter(pk=halt.pk).update(closed_at=halt.tripped_at + 999)
    assert unproven_halts().count() == 1
