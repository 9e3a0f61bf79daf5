"""Audit page: filters, how far it is verified, what a forger cannot hide, the export."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.db import connection

from governance.models import AuditAnchor
from governance.services.registers import trail_mark as marking
from governance.services.registers.trail_mark import trail_mark
from tests.integration.governance.conftest import Stage
from tests.integration.governance.registers.conftest import Reader
from treasury.models import AuditEvent
from treasury.selectors.audit import chain_head

Readers = Callable[[str], Reader]


def forge(sql: str, event_id: int) -> None:
    """As the owner of the database, past the triggers."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_event DISABLE TRIGGER USER")
        cursor.execute(sql, [event_id])
        cursor.execute("ALTER TABLE audit_event ENABLE TRIGGER USER")


def test_audit__filters__keep_to_what_was_asked(stage: Stage, reader: Readers) -> None:
    proposal = stage.propose("yield")
    arne = reader("arne")
    assert "proposal.proposed" in arne.page("/audit/")
    own = arne.page(f"/audit/?object={proposal.public_id}")
    assert "proposal.proposed" in own
    assert "market.allowed" not in own
    assert "market.allowed" in arne.page("/audit?action=market.allowed")
    assert "No event fits" in arne.page("/audit?actor=nobody")
    (made,) = (
        row for row in AuditEvent.objects.all() if row.payload["action"] == "proposal.proposed"
    )
    day = f"{made.at:%Y-%m-%d}"  # of the test's beginning, whatever day it is by now
    assert "proposal.proposed" in arne.page(f"/audit/?from={day}&to={day}")
    assert "No event fits" in arne.page("/audit/?to=2020-01-01")


@pytest.mark.parametrize("query", ["from=yesterday", "to=2026-13-01", f"object={'x' * 81}"])
def test_audit__bad_filter__says_which(reader: Readers, query: str) -> None:
    answer = reader("arne").get(f"/audit/?{query}")
    assert answer.status == 422
    assert 'aria-invalid="true"' in answer.text


def test_audit__older__goes_on_where_the_page_ended(stage: Stage, reader: Readers) -> None:
    page = reader("arne").page("/audit/")
    before = page.partition("before=")[2].partition('"')[0]
    older = reader("arne").page(f"/audit/?before={before}")
    assert f"#{int(before) - 1}<" in older
    assert f"#{before}<" not in older
    assert AuditEvent.objects.count() > 40


def test_audit__who_may_not__is_refused(reader: Readers) -> None:
    for path in ("/audit/", "/audit/export"):
        assert reader("olga").get(path).status == 403


def test_mark__goes_on_by_steps__until_all_is_read(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marking, "STEP", 10)
    newest = AuditEvent.objects.latest("id").id
    first, second = trail_mark(), trail_mark()
    assert (first.verified, second.verified, first.newest) == (10, 20, newest)
    while not trail_mark().is_complete:
        pass
    assert trail_mark().verified == newest


def test_mark__event_changed_behind_the_service__is_told(stage: Stage, reader: Readers) -> None:
    assert "Verified to #" in reader("arne").page("/audit/")
    stage.propose("yield")
    newest = AuditEvent.objects.latest("id").id
    forge("UPDATE audit_event SET body = '{}' WHERE id = %s", newest)
    page = reader("arne").page("/audit/")
    assert "Broken after #" in page
    assert "body, time or hash was changed" in page


def test_mark__verified_event_replaced__is_told(stage: Stage, reader: Readers) -> None:
    reader("arne").page("/audit/")
    marked = cache.get(marking.KEY)[0]
    forge("UPDATE audit_event SET hash = sha256('x') WHERE id = %s", marked)
    assert "Broken after #" in reader("arne").page("/audit/")


def test_mark__tail_cut_off__the_anchor_tells(stage: Stage, reader: Readers) -> None:
    head = chain_head()
    assert head is not None
    AuditAnchor.objects.create(
        event_id=head.event_id, event_hash=head.event_hash, count=head.count, sink="file"
    )
    assert f"Anchored at #{head.event_id}" in reader("arne").page("/audit/")
    forge("DELETE FROM audit_event WHERE id = %s", head.event_id)
    cache.clear()
    assert "Contradicts its anchor" in reader("arne").page("/audit/")


def test_export__auditor__gets_every_event_as_a_line(stage: Stage, reader: Readers) -> None:
    answer = reader("arne").client.get("/audit/export")
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert len(lines) == AuditEvent.objects.count()
    assert json.loads(lines[0])["id"] == 1
