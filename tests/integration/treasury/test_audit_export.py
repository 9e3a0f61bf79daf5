"""An export of the real chain, checked by the verifier that knows nothing of the service."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.integration.treasury.test_audit import record

VERIFIER = Path(__file__).parents[3] / "docs" / "verify" / "verify_audit.py"


def check(export: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-I", "-S", VERIFIER, export], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.django_db
def test_audit_export__untouched__verifies_offline(tmp_path: Path) -> None:
    for number in range(5):
        record(number)
    export = tmp_path / "audit.jsonl"
    call_command("export_audit", "--output", str(export))
    assert len(export.read_text().splitlines()) == 5
    assert check(export)[0] == 0


@pytest.mark.django_db
def test_audit_export__one_line_removed__is_noticed(tmp_path: Path) -> None:
    for number in range(5):
        record(number)
    export = tmp_path / "audit.jsonl"
    call_command("export_audit", "--output", str(export))
    lines = export.read_text().splitlines()
    export.write_text("\n".join(lines[:2] + lines[3:]) + "\n")
    status, said = check(export)
    assert status == 2
    assert "3" in said
    assert json.loads(lines[0])["id"] == 1
