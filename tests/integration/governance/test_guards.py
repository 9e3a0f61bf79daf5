"""The database refuses what the state table does not know, whoever asks."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from governance.core.lifecycle import MOVES, OPEN, ProposalState
from governance.core.routing import Level
from governance.models import Approval, Halt, PolicyApproval, Proposal
from governance.services.halts import Trip, trip
from tests.integration.governance.conftest import Stage
from treasury.core.types import Actor, ActorKind

ACTOR = Actor(ActorKind.SYSTEM, "test")
ANYWHERE = sorted(ProposalState)


def force(proposal: Proposal, state: str) -> None:
    """Put the row into a state past the trigger: tests own the table."""
    outcome = "EXECUTED" if state == "DONE" else ""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE governance_proposal DISABLE TRIGGER guard_proposal")
        cursor.execute(
            "UPDATE governance_proposal SET state = %s, outcome = %s WHERE id = %s",
            [state, outcome, proposal.pk],
        )
        cursor.execute("ALTER TABLE governance_proposal ENABLE TRIGGER guard_proposal")


def database_lets(proposal: Proposal, old: str, new: str) -> bool:
    force(proposal, old)
    frozen_from = new if old == "FROZEN" else ""
    outcome = "EXECUTED" if new == "DONE" else ""
    try:
        with transaction.atomic():
            Proposal.objects.filter(pk=proposal.pk).update(frozen_from=frozen_from)
            Proposal.objects.filter(pk=proposal.pk).update(
                state=new, outcome=outcome, version=proposal.version + 1
            )
            transaction.set_rollback(True)
    except DatabaseError:
        return False
    return True


def test_the_trigger_mirrors_the_table(stage: Stage) -> None:
    """All 110 pairs: what the table knows passes, everything else is refused."""
    proposal = stage.propose("yield")
    for old in ANYWHERE:
        for new in ANYWHERE:
            if old == new:
                continue
            if old == "FROZEN" and new in {"PROPOSED", "COLLECTING", "READY", "HANDED_OVER"}:
                assert database_lets(proposal, old, new)
                continue
            expected = ProposalState(new) in MOVES[ProposalState(old)]
            assert database_lets(proposal, old, new) == expected, (old, new)


@pytest.mark.parametrize(
    "changes",
    [
        {"policy_hash": "0" * 64},
        {"intent_key": "0" * 64},
        {"route": "AUTOMATIC"},
        {"value_usd": 1},
        {"expires_at": 1},
        {"plan_id": None},
        {"tier_id": None},
    ],
)
def test_what_it_was_made_of_never_changes(stage: Stage, changes: dict[str, Any]) -> None:
    stage.seeded.shift_strategy()
    proposal = stage.propose("strategic")
    with pytest.raises(DatabaseError), transaction.atomic():
        Proposal.objects.filter(pk=proposal.pk).update(**changes)


def test_nothing_is_deleted_and_decisions_of_people_never_change(stage: Stage) -> None:
    proposal = stage.propose("yield")
    approval = Approval.objects.create(
        proposal=proposal, user=stage.people["olga"], kind="APPROVE", plan_digest="a" * 64
    )
    attempts: list[Any] = [
        lambda: Proposal.objects.filter(pk=proposal.pk).delete(),
        lambda: Approval.objects.filter(pk=approval.pk).update(plan_digest="b" * 64),
        lambda: Approval.objects.filter(pk=approval.pk).delete(),
        lambda: PolicyApproval.objects.update(reason="another"),
        lambda: PolicyApproval.objects.all().delete(),
    ]
    for attempt in attempts:
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()


def test_a_proposal_begins_at_the_beginning(stage: Stage) -> None:
    proposal = stage.propose("yield")
    proposal.pk, proposal.intent_key, proposal.public_id = None, "c" * 64, "prop_X"
    proposal.state = "READY"
    with pytest.raises(IntegrityError, match="does not begin as"), transaction.atomic():
        proposal.save(force_insert=True)


@pytest.mark.parametrize("state", sorted(OPEN))
def test_one_open_proposal_per_tier(stage: Stage, state: str) -> None:
    proposal = stage.propose("yield")
    force(proposal, state)
    second = Proposal.objects.get(pk=proposal.pk)
    second.pk, second.intent_key, second.public_id = None, "d" * 64, "prop_Y"
    second.state = "PROPOSED"
    with pytest.raises(IntegrityError, match="one_open_per_tier"), transaction.atomic():
        second.save(force_insert=True)


def test_a_halt_needs_two_people(stage: Stage) -> None:
    halt = trip(
        treasury_id=stage.seeded.treasury.pk,
        tier_id=None,
        found=Trip("X", Level.FROZEN, "1", "0", "test"),
        actor=ACTOR,
        block=stage.head(),
    )
    fiona = stage.people["fiona"]
    rows = Halt.objects.filter(pk=halt.pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(closed_at=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(closed_at=1, first_closer=fiona)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(closed_at=1, first_closer=fiona, second_closer=fiona)


@pytest.mark.usefixtures("as_application")
def test_the_service_may_not_rewrite_decisions_of_people(db: None) -> None:
    with connection.cursor() as cursor:
        for statement in (
            "UPDATE governance_approval SET reason = 'x'",
            "DELETE FROM governance_approval",
            "DELETE FROM governance_proposal",
            "ALTER TABLE governance_proposal DISABLE TRIGGER ALL",
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                cursor.execute(statement)
