"""The command by which two people end a halt, each by their own password."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from config.local.seed.treasury import PASSWORD
from governance.models import Halt
from tests.integration.governance.conftest import Stage
from tests.integration.governance.test_halts import stop


def reset(monkeypatch: pytest.MonkeyPatch, halt: Halt, person: str, password: str) -> str:
    """The terminal's part only: what the person types."""
    monkeypatch.setattr("getpass.getpass", lambda: password)
    out = StringIO()
    call_command("reset_halt", halt.public_id, person=person, reason="looked at it", stdout=out)
    return out.getvalue().strip()


def test_reset_halt__two_people__closed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    halt = stop(stage)
    assert reset(monkeypatch, halt, "fiona", PASSWORD).startswith("asked for")
    with pytest.raises(CommandError, match="another person"):
        reset(monkeypatch, halt, "fiona", PASSWORD)
    assert reset(monkeypatch, halt, "felix", PASSWORD) == "closed"
    halt.refresh_from_db()
    assert halt.closed_at is not None


@pytest.mark.parametrize(
    ("person", "password", "why"),
    [("fiona", "a guess", "do not fit"), ("arne", PASSWORD, "may not")],
)
def test_reset_halt__wrong_password_or_role__nothing_happens(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, person: str, password: str, why: str
) -> None:
    halt = stop(stage)
    with pytest.raises(CommandError, match=why):
        reset(monkeypatch, halt, person, password)
    halt.refresh_from_db()
    assert halt.first_closer_id is None
