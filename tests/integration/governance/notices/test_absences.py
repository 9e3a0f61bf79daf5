"""Absences: the deputy is another person with the same right, and nothing else is accepted."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from governance.models import Absence, User
from governance.services.registers.absences import AbsenceError, end_absence, set_absence
from governance.services.signers import OwnersUnknownError
from tests.integration.governance.conftest import Stage
from tests.integration.governance.notices.conftest import ACTOR, wall
from treasury.models import AuditEvent


def absence(stage: Stage, user: str, deputy: str | None, **more: Any) -> Absence:
    now: datetime = more.pop("now", wall())
    return set_absence(
        user=stage.people[user],
        deputy=stage.people[deputy] if deputy else None,
        starts_at=more.pop("starts_at", now),
        ends_at=more.pop("ends_at", now + timedelta(days=7)),
        now=now,
        rpc_url=more.pop("rpc_url", stage.url),
        actor=ACTOR,
    )


@pytest.mark.parametrize(
    ("user", "deputy"),
    [("sofia", "stefan"), ("sofia", "bea"), ("fiona", "felix"), ("arne", "olga"), ("olga", None)],
)
def test_set__somebody_with_the_same_right__is_the_deputy(
    stage: Stage, user: str, deputy: str | None
) -> None:
    row = absence(stage, user, deputy)
    assert (row.user.username, row.deputy.username if row.deputy else None) == (user, deputy)
    event = AuditEvent.objects.order_by("-id")[0].payload
    assert (event["action"], event["object_id"]) == ("absence.set", row.public_id)


@pytest.mark.parametrize(
    ("user", "deputy", "code"),
    [
        ("sofia", "sofia", "deputy_is_absentee"),
        ("sofia", "fiona", "deputy_lacks_right"),
        ("sofia", "olga", "deputy_lacks_right"),
        ("olga", "sofia", "deputy_lacks_right"),
        ("fiona", "arne", "deputy_lacks_right"),
    ],
)
def test_set__deputy_who_may_not_act__refused_and_nothing_written(
    stage: Stage, user: str, deputy: str, code: str
) -> None:
    before = AuditEvent.objects.count()
    with pytest.raises(AbsenceError) as refused:
        absence(stage, user, deputy)
    assert refused.value.code == code
    assert not Absence.objects.exists()
    assert AuditEvent.objects.count() == before


@pytest.mark.parametrize(
    ("start", "end", "code"),
    [(2, 1, "absence_backward"), (-9, -8, "absence_past"), (0, 400, "absence_too_long")],
)
def test_set__impossible_times__refused(stage: Stage, start: int, end: int, code: str) -> None:
    now = wall()
    with pytest.raises(AbsenceError) as refused:
        absence(
            stage,
            "olga",
            None,
            now=now,
            starts_at=now + timedelta(days=start),
            ends_at=now + timedelta(days=end),
        )
    assert refused.value.code == code
    assert not Absence.objects.exists()


def test_set__overlaps_another__refused(stage: Stage) -> None:
    absence(stage, "olga", None)
    with pytest.raises(AbsenceError) as refused:
        absence(stage, "olga", None)
    assert refused.value.code == "absence_overlaps"
    assert Absence.objects.count() == 1


def test_set__inactive_deputy__refused(stage: Stage) -> None:
    User.objects.filter(username="felix").update(is_active=False)
    stage.people["felix"].refresh_from_db()
    with pytest.raises(AbsenceError, match="cannot sign in"):
        absence(stage, "fiona", "felix")


def test_set__chain_does_not_say_who_signs__not_guessed(stage: Stage) -> None:
    with pytest.raises(OwnersUnknownError):
        absence(stage, "sofia", "stefan", rpc_url="http://127.0.0.1:1")
    assert not Absence.objects.exists()


def test_end__back_early__twice_is_once(stage: Stage) -> None:
    row = absence(stage, "olga", None)
    now = wall()
    ended = end_absence(absence_id=row.pk, now=now, actor=ACTOR)
    assert ended.ends_at == now
    end_absence(absence_id=row.pk, now=now + timedelta(days=1), actor=ACTOR)
    assert AuditEvent.objects.filter(payload__action="absence.ended").count() == 1


def test_end__not_begun__never_begins(stage: Stage) -> None:
    now = wall()
    row = absence(stage, "olga", None, now=now, starts_at=now + timedelta(days=3))
    end_absence(absence_id=row.pk, now=now, actor=ACTOR)
    later = now + timedelta(days=4)
    assert not Absence.objects.filter(starts_at__lte=later, ends_at__gt=later).exists()
