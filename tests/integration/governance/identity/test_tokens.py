"""Machines' keys over REST: issued by people who have just proved themselves, narrowed, revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from governance.models import ApiToken, Halt
from governance.services.identity import IdentityError, issue_token
from tests.integration.governance.conftest import Stage
from treasury.core.types import Actor, ActorKind
from treasury.models import AuditEvent

TOKENS = "/api/v1/tokens"


def wanted(stage: Stage, **more: Any) -> dict[str, Any]:
    return {
        "treasury": stage.seeded.treasury.public_id,
        "name": "books",
        "scopes": ["proposal:read"],
        "expires_at": (timezone.now() + timedelta(days=30)).isoformat(),
        **more,
    }


def issued(stage: Stage, **more: Any) -> str:
    answer = stage.client("ada").post(TOKENS, wanted(stage, **more))
    assert answer.status_code == 201, answer.json()
    return str(answer.json()["secret"])


def test_issue__by_an_administrator__is_shown_once_and_audited(stage: Stage) -> None:
    secret = issued(stage, networks=["127.0.0.0/8"])
    listed = stage.client("ada").get(TOKENS).json()["data"]
    row = next(item for item in listed if item["name"] == "books")
    assert (row["issuer"], row["networks"]) == ("ada", ["127.0.0.0/8"])
    assert secret not in str(listed)
    last = AuditEvent.objects.order_by("-id")[0].payload
    assert (last["action"], last["actor"]) == ("token.created", "ada")
    assert secret not in str(last)
    assert stage.bearer(secret).get("/api/v1/proposals").status_code == 200


def test_issue__without_a_fresh_proof__is_step_up_required_and_issues_nothing(
    stage: Stage,
) -> None:
    client = stage.client("ada")
    session = client.session
    session["proved_at"] = int((timezone.now() - timedelta(minutes=10)).timestamp())
    session.save()
    before = ApiToken.objects.count()
    answer = client.post(TOKENS, wanted(stage))
    assert (answer.status_code, answer.json()["code"]) == (403, "step_up_required")
    assert "/login/again" in answer.json()["detail"]
    assert ApiToken.objects.count() == before
    assert client.get(TOKENS).status_code == 200


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"scopes": ["proposal:approve"]}, "no such scope"),
        ({"scopes": []}, "no such scope"),
        ({"networks": ["10.0.0.1/8"]}, "no network in CIDR"),
        ({"expires_at": "2099-01-01T00:00:00Z"}, "ends within a year"),
    ],
)
def test_issue__bad_wish__says_what_to_mend(stage: Stage, more: Any, words: str) -> None:
    before = ApiToken.objects.count()
    answer = stage.client("ada").post(TOKENS, wanted(stage, **more))
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert ApiToken.objects.count() == before


def test_issue__tier_of_another_treasury__is_refused(stage: Stage) -> None:
    with pytest.raises(IdentityError, match="another treasury"):
        issue_token(
            treasury_id=stage.seeded.treasury.pk,
            name="x",
            scopes=["proposal:read"],
            expires_at=timezone.now() + timedelta(days=1),
            now=timezone.now(),
            is_live=False,
            actor=Actor(ActorKind.SYSTEM, "test"),
            tier_id=0,
        )


def test_revoke__at_once_and_twice__ends_it(stage: Stage) -> None:
    secret = issued(stage)
    token = ApiToken.objects.get(name="books")
    for _ in range(2):
        answer = stage.client("ada").delete(f"{TOKENS}/{token.public_id}")
        assert answer.status_code == 204
    assert stage.bearer(secret).get("/api/v1/proposals").status_code == 401
    assert AuditEvent.objects.filter(payload__action="token.revoked").count() == 1
    assert stage.client("fiona").delete(f"{TOKENS}/{token.public_id}").status_code == 403


# ------------------------------------------------------------------------------------ narrowing
@pytest.mark.parametrize(("network", "status"), [("127.0.0.1/32", 200), ("192.0.2.0/24", 401)])
def test_network__caller_inside_or_outside(stage: Stage, network: str, status: int) -> None:
    client = stage.bearer(issued(stage, networks=[network]))
    assert client.get("/api/v1/proposals").status_code == status


def test_network__forged_forwarded_for__is_not_believed(stage: Stage) -> None:
    secret = issued(stage, networks=["192.0.2.0/24"])
    client = stage.bearer(secret)
    answer = client.get("/api/v1/proposals", headers={"X-Forwarded-For": "192.0.2.1"})
    assert answer.status_code == 401


def test_network__behind_our_proxy__what_the_proxy_saw_counts(stage: Stage, settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    client = stage.bearer(issued(stage, networks=["192.0.2.0/24"]))
    for forwarded, status in (
        ("192.0.2.1", 200),
        ("192.0.2.1, 198.51.100.7", 401),
        ("198.51.100.7, 192.0.2.9", 200),
        ("", 401),
    ):
        answer = client.get("/api/v1/proposals", headers={"X-Forwarded-For": forwarded})
        assert answer.status_code == status, forwarded


def test_tier__narrowed_token__sees_and_touches_its_tier_only(stage: Stage) -> None:
    tier = stage.seeded.tiers["yield"]
    stage.seeded.shift_strategy()
    own, other = stage.propose("yield"), stage.propose("strategic")
    scopes = ["proposal:read", "proposal:write", "breaker:trip", "treasury:read", "ledger:read"]
    client = stage.bearer(issued(stage, tier=tier.public_id, scopes=scopes))
    listed = client.get("/api/v1/proposals").json()["data"]
    assert [row["id"] for row in listed] == [own.public_id]
    assert client.get(f"/api/v1/proposals/{own.public_id}").status_code == 200
    for path in ("", "/explanation", "/verification"):
        assert client.get(f"/api/v1/proposals/{other.public_id}{path}").status_code == 404
    for path in ("journal-entries", "tiers", "positions"):
        assert client.get(f"/api/v1/{path}").status_code == 403, path
    foreign = stage.seeded.tiers["core"].public_id
    assert client.post(f"/api/v1/tiers/{foreign}/checks", {}).status_code == 404
    assert client.post(f"/api/v1/tiers/{tier.public_id}/checks", {}).status_code == 200
    halt = {"treasury": stage.seeded.treasury.public_id, "reason": "strange"}
    assert client.post("/api/v1/halts", halt).status_code == 404
    assert client.post("/api/v1/halts", {**halt, "tier": foreign}).status_code == 404
    assert not Halt.objects.exists()
    assert client.post("/api/v1/halts", {**halt, "tier": tier.public_id}).status_code == 201


def test_halt_reset__stale_log_in__is_step_up_required_and_asks_nothing(stage: Stage) -> None:
    body = {"treasury": stage.seeded.treasury.public_id, "reason": "strange"}
    halt = stage.client("fiona").post("/api/v1/halts", body).json()["id"]
    client = stage.client("fiona")
    session = client.session
    del session["proved_at"]
    session.save()
    answer = client.post(f"/api/v1/halts/{halt}/resets", {"reason": "looked"})
    assert (answer.status_code, answer.json()["code"]) == (403, "step_up_required")
    assert Halt.objects.get(public_id=halt).first_closer is None
