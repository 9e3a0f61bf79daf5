"""Users and roles by two administrators."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from config.local.seed.treasury import PASSWORD
from governance.core.roles import Role
from governance.models import RoleGrant, RoleRequest, User
from governance.services.identity import create_user, grant_role
from tests.integration.governance.conftest import Stage, prove
from tests.integration.governance.identity.conftest import Browser
from treasury.core.types import Actor, ActorKind
from treasury.models import AuditEvent

ACTOR = Actor(ActorKind.SYSTEM, "test")
NEW_PASSWORD = "a password of one's own"  # noqa: S105


@pytest.fixture
def second(stage: Stage) -> User:
    """The second administrator."""
    user = create_user(username="anton", password=PASSWORD, actor=ACTOR)
    treasury_id = stage.seeded.treasury.pk
    grant_role(user=user, treasury_id=treasury_id, role=Role.ADMIN, actor=ACTOR)
    return user


def page_of(user: User) -> Browser:
    browser = Browser()
    browser.client.force_login(user)
    prove(browser.client)
    return browser


def ask(stage: Stage, user: User, **more: Any) -> Any:
    form = {
        "do": "ask", "username": "gustav", "role": "AUDITOR", "reason": "the yearly audit",
        "treasury": stage.seeded.treasury.public_id, **more,
    }  # fmt: skip
    return page_of(user).client.post("/people", form)


def decide(user: User, do: str) -> Any:
    asked = RoleRequest.objects.latest("pk")
    return page_of(user).client.post("/people", {"do": do, "request": asked.public_id})


def test_new_person__asked_and_granted_by_two__sets_a_password_and_reads(
    stage: Stage, second: User
) -> None:
    assert ask(stage, stage.people["ada"]).status_code == 302
    assert not User.objects.filter(username="gustav").exists()
    granted = decide(second, "grant")
    assert granted.status_code == 200
    link = granted.content.decode().partition("/login/first/")[2].partition("<")[0]
    audited = [row.payload["action"] for row in AuditEvent.objects.order_by("-id")[:3]]
    assert audited == ["role.request_granted", "role.granted", "user.created"]
    person = Browser()
    form = person.client.get(f"/login/first/{link}")["Location"]
    passwords = {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    assert person.client.post(form, passwords).status_code == 302
    used = Browser().client.get(f"/login/first/{link}")
    assert "was used already" in used.content.decode()
    person.client.post("/login", {"username": "gustav", "password": NEW_PASSWORD})
    assert person.who == "gustav"
    assert person.client.get("/").status_code == 200


def test_grant__by_the_one_who_asked__is_refused(stage: Stage, second: User) -> None:
    ask(stage, stage.people["ada"])
    answer = decide(stage.people["ada"], "grant")
    assert answer.status_code == 422
    assert "Another administrator" in answer.content.decode()
    assert not User.objects.filter(username="gustav").exists()
    with pytest.raises(IntegrityError), transaction.atomic():
        RoleRequest.objects.update(
            outcome="GRANTED", decided_by=stage.people["ada"], decided_at=timezone.now()
        )


def test_grant__to_oneself__is_refused(stage: Stage, second: User) -> None:
    ask(stage, stage.people["ada"], username="anton", role="FINANCE")
    assert "to themselves" in decide(second, "grant").content.decode()
    assert not RoleGrant.objects.filter(user=second, role="FINANCE").exists()


def test_grant__after_seven_days_or_twice__is_refused(stage: Stage, second: User) -> None:
    ask(stage, stage.people["ada"])
    RoleRequest.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert decide(second, "grant").status_code == 422
    assert not User.objects.filter(username="gustav").exists()
    assert ask(stage, stage.people["ada"]).status_code == 302
    assert decide(second, "grant").status_code == 200
    assert decide(second, "grant").status_code == 422


def test_request__refused__grants_nothing(stage: Stage, second: User) -> None:
    ask(stage, stage.people["ada"])
    assert decide(second, "refuse").status_code == 302
    assert decide(second, "grant").status_code == 422
    assert not User.objects.filter(username="gustav").exists()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"role": "SIGNER"}, "owners of the Safe"),
        ({"role": "KING"}, "owners of the Safe"),
        ({"username": "a b<c>"}, "letters, digits"),
        ({"reason": " "}, "Say why"),
        ({"username": "fiona", "role": "FINANCE"}, "has this role already"),
        ({"treasury": "trea_0"}, "no such treasury"),
    ],
)
def test_ask__bad_wish__says_what_to_mend_and_keeps_it(
    stage: Stage, more: dict[str, str], words: str
) -> None:
    answer = ask(stage, stage.people["ada"], **more)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not RoleRequest.objects.exists()


def test_ask__the_same_twice__waits_once(stage: Stage) -> None:
    ask(stage, stage.people["ada"])
    assert "waits" in ask(stage, stage.people["ada"]).content.decode()
    assert RoleRequest.objects.count() == 1


def test_revoke__at_once_but_not_the_last_administrator(stage: Stage) -> None:
    ada = stage.people["ada"]
    for role, name, left in (("OPERATOR", "olga", False), ("ADMIN", "ada", True)):
        grant = RoleGrant.objects.get(user=stage.people[name], role=role)
        answer = page_of(ada).client.post("/people", {"do": "revoke", "grant": grant.pk})
        assert answer.status_code == (422 if left else 302)
        assert RoleGrant.objects.filter(pk=grant.pk).exists() == left
    assert AuditEvent.objects.order_by("-id")[0].payload["action"] == "role.revoked"


def test_people__everybody_but_administrators__is_shut_out(stage: Stage) -> None:
    for name in ("fiona", "olga", "sofia", "arne"):
        client = page_of(stage.people[name]).client
        assert client.get("/people").status_code == 403
        assert ask(stage, stage.people[name]).status_code == 403
    assert not RoleRequest.objects.exists()
