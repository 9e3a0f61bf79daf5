"""What a test writes is not there for the next one, whether it was rolled back or committed."""

from __future__ import annotations

from typing import Final

import pytest
from django.db import connection, transaction

from governance.models import Proposal
from tests.integration.governance.conftest import Opening, Stage
from treasury.models import AuditEvent
from treasury.selectors.audit import verify_chain

OPENING: Final = dict[int, tuple[int, str]]()
"""What the first of these tests in this process found: head of the chain and its hash."""


def write(stage: Stage) -> tuple[int, int]:
    """A proposal, and past every trigger a forged record: the ids that were given."""
    stage.move("WETH", 200)
    proposal = stage.propose("yield")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE audit_event SET body = '{}' WHERE id = 1")
        cursor.execute("DELETE FROM governance_tierowner")
    return proposal.pk, AuditEvent.objects.latest("id").pk


def found_as_made(stage: Stage, opening: Opening) -> None:
    assert opening.rows.changes() == []
    assert not Proposal.objects.exists()
    head = stage.head()
    assert OPENING.setdefault(0, (head.number, head.hash)) == (head.number, head.hash)


@pytest.mark.parametrize("turn", [1, 2])
def test_stage__whatever_the_test_before_wrote__is_as_it_was_made(
    turn: int, stage: Stage, opening: Opening
) -> None:
    found_as_made(stage, opening)
    write(stage)
    seen_by_others = [name for name in opening.rows.changes() if not name.endswith("_seq")]
    assert seen_by_others == []


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize("turn", [1, 2])
def test_stage__whatever_the_test_before_committed__is_as_it_was_made(
    turn: int, stage: Stage, opening: Opening
) -> None:
    found_as_made(stage, opening)
    write(stage)
    changed = set(opening.rows.changes())
    assert changed >= {"audit_event", "governance_proposal", "governance_tierowner"}
    assert verify_chain().first_bad_id == 1


@pytest.mark.usefixtures("committed")
def test_put_back__rows_sequences_and_chain_of_records__as_they_were(
    stage: Stage, opening: Opening
) -> None:
    with opening.chain.undone():
        ids = write(stage)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_event DISABLE TRIGGER USER")
    opening.rows.put_back()
    assert opening.rows.changes() == []
    assert verify_chain().first_bad_id is None
    with opening.chain.undone():
        assert write(stage) == ids
