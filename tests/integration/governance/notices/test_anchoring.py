"""Anchors of the real chain of events: once per event and sink, told to webhooks, and what the
offline check needs to find a chain that was written anew."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from governance.adapters.anchor_file import FILE_NAME
from governance.models import AuditAnchor
from tests.integration.governance.conftest import Stage
from treasury.models import AuditEvent, OutboxEvent
from treasury.selectors.audit import verify_chain


@pytest.fixture
def places(settings: Any, tmp_path: Path) -> Path:
    settings.AUDIT_ANCHOR_DIR = str(tmp_path / "anchors")
    settings.AUDIT_ANCHOR_KEYFILE = str(tmp_path / "key.pem")
    return tmp_path


def anchor(*arguments: str) -> str:
    out = StringIO()
    call_command("anchor_audit", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue().strip()


def test_anchor_audit__two_runs__one_line_and_one_row_per_sink(stage: Stage, places: Path) -> None:
    key = anchor("--new-key")
    line = anchor()
    assert anchor() == "nothing new since the latest anchor"
    newest = AuditEvent.objects.order_by("-id")[0]
    assert line.startswith(f"{newest.id}:{bytes(newest.hash).hex()} # v1 count={newest.id} ")
    text = (places / "anchors" / FILE_NAME).read_text()
    assert text == f"# ballast audit anchors v1 {key}\n{line}\n"
    rows = AuditAnchor.objects.order_by("sink").values_list("sink", "event_id", "event_hash")
    hash_ = bytes(newest.hash).hex()
    assert list(rows) == [("event", newest.id, hash_), ("file", newest.id, hash_)]
    event = OutboxEvent.objects.get(kind="audit.anchored")
    assert event.payload == {"line": line, "public_key": key.removeprefix("ed25519=")}


def test_anchor_audit__died_after_the_line__the_next_run_makes_the_rows_good(
    stage: Stage, places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anchor("--new-key")

    def die(**_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("governance.services.registers.anchoring.emit_event", die)
        with pytest.raises(KeyboardInterrupt):
            anchor()
    assert not AuditAnchor.objects.exists()
    line = anchor()
    assert (places / "anchors" / FILE_NAME).read_text().count("\n") == 2
    assert AuditAnchor.objects.count() == 2
    assert OutboxEvent.objects.get(kind="audit.anchored").payload["line"] == line


def test_anchor_audit__line_given_to_the_check__holds_and_a_forged_one_does_not(
    stage: Stage, places: Path
) -> None:
    anchor("--new-key")
    number, hash_ = anchor().split(" ")[0].split(":")
    assert verify_chain({int(number): hash_}).first_bad_id is None
    forged = verify_chain({int(number): "0" * 64})
    assert forged.first_bad_id == int(number)


def test_anchor_audit__without_a_place__says_what_to_set(stage: Stage) -> None:
    with pytest.raises(CommandError, match="AUDIT_ANCHOR_DIR") as refused:
        anchor()
    assert refused.value.returncode == 2
    assert not AuditAnchor.objects.exists()
