"""The audit chain: made by the database, checked by a command, broken by its owner and found
out."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
import structlog
from django.core.management import CommandError, call_command
from django.db import OperationalError, connections, transaction

from tests.integration.treasury.sql import execute, rows
from tests.integration.treasury.world import ACTOR
from treasury.core.canonical import NotCanonicalError
from treasury.core.types import BlockRef
from treasury.models import AuditEvent
from treasury.selectors.audit import verify_chain
from treasury.services.record import record_audit

BLOCK = BlockRef(7, "0x" + "12" * 32, 1_767_600_000)


def record(number: int) -> None:
    record_audit(
        actor=ACTOR,
        action="test.done",
        object_type="test",
        object_id=str(number),
        block=BLOCK,
        after={"amount": 10**30},
        reason="because",
    )


def verify(*arguments: str) -> str:
    out = StringIO()
    call_command("verify_audit", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_an_event_says_who_what_and_at_which_block() -> None:
    with structlog.contextvars.bound_contextvars(request_id="req-1"):
        record(1)
    event = AuditEvent.objects.get()
    assert event.id == 1
    assert bytes(event.prev) == bytes(32)
    assert json.loads(bytes(event.body)) == event.payload
    assert event.payload == {
        "actor": "tester",
        "actor_kind": "PERSON",
        "action": "test.done",
        "object_type": "test",
        "object_id": "1",
        "request_id": "req-1",
        "ip_hash": "",
        "block": {"number": 7, "hash": BLOCK.hash, "timestamp": BLOCK.timestamp},
        "before": None,
        "after": {"amount": str(10**30)},
        "reason": "because",
    }


@pytest.mark.django_db
def test_a_float_never_gets_into_the_chain() -> None:
    with pytest.raises(NotCanonicalError):
        record_audit(
            actor=ACTOR,
            action="test",
            object_type="test",
            object_id="1",
            block=None,
            after={"amount": 0.1},
        )
    assert AuditEvent.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.usefixtures("as_application")
def test_the_application_cannot_choose_number_time_or_hash() -> None:
    execute(
        "INSERT INTO audit_event (id, at, body, payload, prev, hash) VALUES "
        "(99, '2001-01-01', '{}', '{\"a\": 1}', %s, %s)",
        [b"\1" * 32, b"\2" * 32],
    )
    event = AuditEvent.objects.get()
    assert (event.id, event.payload, bytes(event.prev)) == (1, {}, bytes(32))
    assert event.at.year > 2001
    assert verify_chain().first_bad_id is None


@pytest.mark.django_db
def test_a_whole_chain_is_whole_and_names_its_anchor() -> None:
    for number in range(20):
        record(number)
    verdict = verify_chain()
    assert (verdict.count, verdict.first_bad_id) == (20, None)
    anchor = f"20:{verdict.last_hash}"
    assert f"anchor {anchor}" in verify("--anchor", anchor)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("statement", "bad_id"),
    [
        ("UPDATE audit_event SET body = '{}', payload = '{}' WHERE id = 7", 7),
        ("UPDATE audit_event SET payload = '{}' WHERE id = 7", 7),
        ("UPDATE audit_event SET at = at + interval '1 microsecond' WHERE id = 7", 7),
        ("UPDATE audit_event SET prev = hash WHERE id = 7", 7),
        ("DELETE FROM audit_event WHERE id = 7", 8),
    ],
)
def test_an_edit_by_the_owner_is_found(statement: str, bad_id: int) -> None:
    for number in range(12):
        record(number)
    execute("ALTER TABLE audit_event DISABLE TRIGGER USER")
    execute(statement)
    execute("ALTER TABLE audit_event ENABLE TRIGGER USER")
    with pytest.raises(CommandError, match=f"first bad id {bad_id}:") as error:
        verify()
    assert error.value.returncode == 2


@pytest.mark.django_db
def test_a_cut_tail_and_a_rewritten_chain_are_found_by_an_anchor_only() -> None:
    for number in range(12):
        record(number)
    verdict = verify_chain()
    anchor = f"12:{verdict.last_hash}"
    execute("ALTER TABLE audit_event DISABLE TRIGGER audit_event_2_append_only")
    execute("DELETE FROM audit_event WHERE id > 9")
    assert verify_chain().first_bad_id is None
    with pytest.raises(CommandError, match="first bad id 12: anchored event 12 is missing"):
        verify("--anchor", anchor)
    for number in range(3):
        record(100 + number)
    assert verify_chain().first_bad_id is None
    with pytest.raises(CommandError, match="first bad id 12: differs from its anchor"):
        verify("--anchor", anchor)


@pytest.mark.django_db
def test_verify_audit__file_of_signed_anchors__finds_a_cut_tail(tmp_path: Path) -> None:
    """The file as `anchor_audit` writes it: proofs behind `#` are for other readers."""
    for number in range(12):
        record(number)
    verdict = verify_chain()
    anchors = tmp_path / "audit-anchors.txt"
    proof = "v1 count=12 at=2026-01-05T12:00:00Z previous=00 ed25519=00"
    anchors.write_text(f"# ballast audit anchors v1\n12:{verdict.last_hash} # {proof}\n")
    assert "whole: 12 events" in verify("--anchors", str(anchors))
    execute("ALTER TABLE audit_event DISABLE TRIGGER USER")
    execute("DELETE FROM audit_event WHERE id > 9")
    with pytest.raises(CommandError, match="first bad id 12") as error:
        verify("--anchors", str(anchors))
    assert error.value.returncode == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("# nothing but a header\n", "has no anchor"),
        ("7:aa\n7:bb\n", "contradict each other"),
        ("seven\n", "an anchor is ID:HASH"),
    ],
)
def test_verify_audit__useless_file__says_why(tmp_path: Path, text: str, problem: str) -> None:
    anchors = tmp_path / "anchors.txt"
    anchors.write_text(text)
    with pytest.raises(CommandError, match=problem):
        verify("--anchors", str(anchors))


@pytest.mark.django_db(transaction=True)
def test_a_rollback_leaves_no_gap_and_two_connections_make_one_chain() -> None:
    with transaction.atomic():
        record(1)
    with transaction.atomic():
        record(2)
        transaction.set_rollback(True)
    other = connections.create_connection("default")
    try:
        with transaction.atomic():
            record(3)
            with other.cursor() as cursor:
                cursor.execute("SET lock_timeout = '100ms'")
                with pytest.raises(OperationalError, match="lock timeout"):
                    cursor.execute("INSERT INTO audit_event (body) VALUES ('{}')")
        with other.cursor() as cursor:
            cursor.execute("INSERT INTO audit_event (body) VALUES ('{}')")
    finally:
        other.close()
    assert rows("SELECT id FROM audit_event ORDER BY id") == [(1,), (2,), (3,)]
    assert verify_chain().first_bad_id is None
