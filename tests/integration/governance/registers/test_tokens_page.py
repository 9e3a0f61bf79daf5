"""A token issued on the page: who may, what it says, shown once, nothing done when refused."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from governance.core.identity.sessions import PROVED_AT
from governance.models import ApiToken
from governance.web.registers.tokens import SCOPE_WORDS
from tests.integration.governance.conftest import Stage
from tests.integration.governance.registers.conftest import Reader
from treasury.core.access import SCOPES
from treasury.models import AuditEvent, Tier

Readers = Callable[[str], Reader]
PATH = "/integrations/tokens/new/"
SECRET = re.compile(r"ballast_test_[0-9a-f]{8}_[\w-]{43}")


def form(**changes: object) -> dict[str, object]:
    day = (timezone.now() + timedelta(days=30)).date().isoformat()
    usual = {"name": "books", "scopes": ["proposal:read", "ledger:read"], "expires_at": day}
    return usual | changes


def test_issue__administrator__secret_is_shown_once_and_works(
    stage: Stage, reader: Readers
) -> None:
    ada, tier = reader("ada"), Tier.objects.order_by("pk")[0]
    assert 'value="ledger:read"' in ada.page(PATH)
    given = form(tier=tier.public_id, networks="127.0.0.0/8\n10.0.0.0/8")
    answer = ada.client.post(PATH, given)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    (secret,) = SECRET.findall(answer.content.decode())
    token = ApiToken.objects.get()
    assert (token.name, token.scopes) == ("books", ["ledger:read", "proposal:read"])
    assert (token.tier, token.issuer) == (tier, stage.people["ada"])
    assert token.networks == ["10.0.0.0/8", "127.0.0.0/8"]
    assert token.expires_at - timezone.now() > timedelta(days=29)
    assert stage.bearer(secret).get("/api/v1/proposals").status_code == 200
    assert secret not in ada.page("/integrations/")
    event = AuditEvent.objects.order_by("-id")[0].payload
    assert (event["action"], event["actor"]) == ("token.created", "ada")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "  "}, "Say what it is for"),
        ({"name": "x" * 81}, "At most 80 characters"),
        ({"name": "a\x00b"}, "visible characters"),
        ({"scopes": []}, "Choose at least one"),
        ({"scopes": ["proposal:approve"]}, "Choose from this list only"),
        ({"expires_at": "2020-01-01"}, "Not in the past"),
        ({"expires_at": "9999-12-31"}, "A day, for example"),
        ({"expires_at": "soon"}, "A day, for example"),
        ({"networks": "192.0.2.1/24"}, "no network in CIDR notation"),
        ({"tier": "tier_NOSUCH"}, "Choose a tier of this treasury"),
    ],
)
def test_issue__bad_input__says_where_and_issues_nothing(
    reader: Readers, changes: dict[str, object], field: str
) -> None:
    before = AuditEvent.objects.count()
    answer = reader("ada").post(PATH, **form(**changes))
    assert answer.status == 422
    assert "1 field to mend" in answer.text
    assert field in html.unescape(answer.text)
    assert not ApiToken.objects.exists()
    assert AuditEvent.objects.count() == before


@pytest.mark.parametrize("name", ["olga", "fiona", "arne", "sofia"])
def test_issue__who_does_not_govern__is_forbidden(reader: Readers, name: str) -> None:
    person = reader(name)
    assert person.get(PATH).status == 403
    assert person.post(PATH, **form()).status == 403
    assert PATH not in person.get("/integrations/").text
    assert not ApiToken.objects.exists()


def test_issue__proof_of_long_ago__is_asked_for_and_what_was_typed_is_kept(
    reader: Readers,
) -> None:
    ada = reader("ada")
    session = ada.client.session
    session[PROVED_AT] -= 601
    session.save()
    answer = ada.post(PATH, **form(name="kept name"))
    assert answer.status == 403
    assert "a proof of the last 10 minutes" in answer.text
    assert "kept name" in answer.text
    assert not ApiToken.objects.exists()


def test_scope_words__every_scope_of_the_service__has_its_words() -> None:
    assert set(SCOPE_WORDS) == SCOPES
