"""Role x endpoint, generated: each governance address with each principal, here and elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from governance.api.urls import urlpatterns
from governance.core.roles import MATRIX, Role
from governance.core.routing import Level
from governance.services.halts import Trip, trip
from governance.services.identity import create_user, grant_role, issue_token
from tests.integration.governance.conftest import Stage
from tests.rest_client import RestClient
from treasury.core import access
from treasury.core.types import Actor, ActorKind, Address
from treasury.services.portfolio import create_treasury

ACTOR = Actor(ActorKind.SYSTEM, "test")
PEOPLE = {
    "fiona": Role.FINANCE,
    "olga": Role.OPERATOR,
    "sofia": Role.SIGNER,
    "bea": Role.SIGNER,  # owns the board Safe, which is an owner
    "arne": Role.AUDITOR,
    "ada": Role.ADMIN,
}
REFUSED = {401, 403, 404}


def endpoints() -> Iterator[tuple[str, str, str]]:
    """(address name, method, action) of every view of governance."""
    for pattern in urlpatterns:
        view: Any = pattern.callback.view_class  # type: ignore[union-attr]
        for method in ("get", "post"):
            if hasattr(view, method):
                by_method: dict[str, str] = getattr(view, "method_actions", {})
                action = by_method.get(method.upper(), view.required_action)
                yield str(pattern.name), method, action  # type: ignore[union-attr]


ENDPOINTS = list(endpoints())


@pytest.fixture
def there(stage: Stage) -> dict[str, str]:
    """Address name -> path, with a proposal that collects and an open halt behind it."""
    stage.seeded.shift_strategy()
    proposal = stage.propose("strategic")
    stage.sweep()
    halt = trip(
        treasury_id=stage.seeded.treasury.pk,
        tier_id=stage.tier_id("core"),
        found=Trip("BY_HAND", Level.FROZEN, "1", "0", "test", is_self_clearing=False),
        actor=ACTOR,
        block=stage.head(),
    )
    base = f"/api/v1/proposals/{proposal.public_id}"
    paths = {
        "proposals": "/api/v1/proposals",
        "proposal": base,
        "tier-checks": f"/api/v1/tiers/{stage.seeded.tiers['core'].public_id}/checks",
        "halts": "/api/v1/halts",
        "halt-resets": f"/api/v1/halts/{halt.public_id}/resets",
        "audit-events": "/api/v1/audit-events",
    }
    paths |= {name: f"{base}/{name}" for name, _, _ in ENDPOINTS if name not in paths}
    return paths


def ask(client: APIClient, path: str, method: str) -> int:
    """With an empty body: whoever may act is told what is missing (4xx), never 401, 403, 404."""
    body: dict[str, str] = {}
    return int(getattr(client, method)(path, body).status_code)


def test_every_person_at_every_address(stage: Stage, there: dict[str, str]) -> None:
    found, wanted = {}, {}
    for name, role in PEOPLE.items():
        client = stage.client(name)
        for address, method, action in ENDPOINTS:
            key = (name, address, method)
            found[key] = ask(client, there[address], method) not in REFUSED
            allowed = action == access.PROPOSAL_CONFIRM or (
                role is not None and action in MATRIX[role]
            )
            wanted[key] = allowed
    assert found == wanted


@pytest.mark.parametrize("scope", sorted(access.SCOPES))
def test_a_token_does_what_its_scope_names(stage: Stage, there: dict[str, str], scope: str) -> None:
    client = stage.bearer(token_for(stage.seeded.treasury.pk, scope))
    for address, method, action in ENDPOINTS:
        status = ask(client, there[address], method)
        allowed = action in {scope, access.PROPOSAL_CONFIRM}
        assert (status not in REFUSED) == allowed, (address, method, status)


def test_nobody_is_asked_to_sign_in(stage: Stage, there: dict[str, str]) -> None:
    for address, method, action in ENDPOINTS:
        status = ask(stage.anonymous(), there[address], method)
        expected = {400} if action == access.PROPOSAL_CONFIRM else {401}
        assert status in expected, (address, method)


def test_another_treasury_does_not_exist(stage: Stage, there: dict[str, str]) -> None:
    """All roles and all scopes, but elsewhere: single objects are not found, lists are empty."""
    other = create_treasury(
        name="Elsewhere",
        chain_id=31337,
        executor_address=Address("0x000000000000000000000000000000000000dEaD"),
        actor=ACTOR,
    )
    user = create_user(username="eve", password=None, actor=ACTOR)
    for role in Role:
        if role is not Role.SIGNER:
            grant_role(user=user, treasury_id=other.pk, role=role, actor=ACTOR)
    person = RestClient()
    person.force_login(user)
    machine = stage.bearer(token_for(other.pk, *access.SCOPES))
    for client in (person, machine):
        for address, method, action in ENDPOINTS:
            if action in {access.PROPOSAL_CONFIRM, access.AUDIT_READ}:
                continue
            given = {"reason": "x"} if method == "post" else None
            answer = getattr(client, method)(there[address], given)
            if method == "get" and address in {"proposals", "halts"}:
                assert answer.json()["data"] == []
            else:
                assert answer.status_code in {400, 403, 404}, (address, method)
    body = {"treasury": stage.seeded.treasury.public_id, "reason": "x"}
    assert person.post("/api/v1/halts", body).status_code == 404


def token_for(treasury_id: int, *actions: str) -> str:
    now = datetime.now(UTC)
    return issue_token(
        treasury_id=treasury_id,
        name="test",
        scopes=[action.replace(".", ":") for action in actions],
        expires_at=now + timedelta(days=1),
        now=now,
        is_live=False,
        actor=ACTOR,
    ).secret
