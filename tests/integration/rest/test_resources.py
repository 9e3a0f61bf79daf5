"""What the resources say: generate, simulate, who I am, policies, what changed since."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote

import pytest

from governance.models import Proposal
from tests.integration.governance.conftest import Stage
from tests.integration.governance.test_people import asked_for_approval, collecting
from tests.integration.rest.test_matrix import bearer
from tests.rest_client import RestClient
from treasury.core.canonical import canonical_bytes

API = "/api/v1"


def writer(stage: Stage) -> RestClient:
    return bearer(stage.seeded.treasury.pk, "proposal:write")


def generate(client: RestClient, stage: Stage, tier: str, **more: Any) -> Any:
    body = {"tier": stage.seeded.tiers[tier].public_id, "reason": "month end"}
    return client.post(f"{API}/proposals", body, **more)


def test_generate__by_a_token__makes_a_proposal_and_says_where(stage: Stage) -> None:
    answer = generate(writer(stage), stage, "yield")
    assert answer.status_code == 201, answer.json()
    proposal = Proposal.objects.get()
    assert answer.headers["Location"] == f"{API}/proposals/{proposal.public_id}"
    assert answer.json()["proposal"] == proposal.public_id
    assert proposal.author is None


def test_generate__again_with_the_key__is_the_same_answer(stage: Stage) -> None:
    client, headers = writer(stage), {"Idempotency-Key": "month-end"}
    first = generate(client, stage, "yield", headers=headers)
    stage.market.mine(12)  # at another block it would be another proposal
    again = generate(client, stage, "yield", headers=headers)
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert again.json() == first.json()
    assert again.headers["Location"] == first.headers["Location"]
    assert Proposal.objects.count() == 1


def test_generate__rehearsed__makes_nothing(stage: Stage) -> None:
    body = {"tier": stage.seeded.tiers["yield"].public_id, "reason": "month end"}
    answer = writer(stage).post(f"{API}/proposals?dry_run=true", body).json()
    assert (answer["outcome"], answer["proposal"], answer["decision"]) == ("TRADES", None, None)
    assert not Proposal.objects.exists()


def test_generate__elsewhere_or_without_reason__makes_nothing(stage: Stage) -> None:
    client = writer(stage)
    assert client.post(f"{API}/proposals", {"tier": "tier_0", "reason": "x"}).status_code == 404
    tier = stage.seeded.tiers["yield"].public_id
    assert client.post(f"{API}/proposals", {"tier": tier}).status_code == 400
    unknown = client.post(f"{API}/proposals", {"tier": tier, "reason": "x", "amount": 1})
    assert unknown.json()["errors"][0]["pointer"] == "/amount"
    assert not Proposal.objects.exists()


def test_simulate__an_open_proposal__says_what_would_change_now(stage: Stage) -> None:
    proposal = collecting(stage)
    client = bearer(stage.seeded.treasury.pk, "proposal:read")
    answer = client.post(f"{API}/proposals/{proposal.public_id}/simulations", {}).json()
    assert (answer["ok"], answer["error"]) == (True, ""), answer
    assert answer["as_of"]["block_number"] == stage.head().number
    assert int(answer["gas_used"]) > 21_000
    assert isinstance(answer["worse_bps"], int)
    signs = {int(change["amount"]) > 0 for change in answer["changes"]}
    assert signs == {True, False}


def test_me__a_person_and_a_token__are_told_what_they_may(stage: Stage) -> None:
    sofia = stage.client("sofia").get(f"{API}/me").json()
    (place,) = sofia["treasuries"]
    assert (sofia["kind"], sofia["name"], place["roles"]) == ("PERSON", "sofia", ["SIGNER"])
    assert "proposal.confirm" in place["actions"]
    token = bearer(stage.seeded.treasury.pk, "ledger:read").get(f"{API}/me").json()
    assert (token["kind"], token["scopes"]) == ("TOKEN", ["ledger:read"])
    assert token["treasuries"][0]["actions"] == ["ledger.read"]
    assert stage.anonymous().get(f"{API}/me").status_code == 401


def test_policies__every_version__has_its_document_under_its_hash(stage: Stage) -> None:
    stage.seeded.shift_strategy()
    tier = stage.seeded.tiers["strategic"].public_id
    client = bearer(stage.seeded.treasury.pk, "policy:read")
    newest, oldest = client.get(f"{API}/policies?tier={tier}").json()["data"]
    assert (newest["number"], oldest["number"]) == (2, 1)
    for row in (newest, oldest):
        digest = hashlib.sha256(canonical_bytes(row["document"])).hexdigest()
        assert digest == row["document_hash"]
    assert newest == client.get(f"{API}/policies/{newest['id']}").json()


def test_a_proposal__in_full__has_decisions_signatures_and_times(stage: Stage) -> None:
    proposal = asked_for_approval(stage)
    url = f"{API}/proposals/{proposal.public_id}"
    assert stage.client("olga").post(f"{url}/approvals", {}).status_code == 201
    found = stage.client("arne").get(url).json()
    (approval,) = found["approvals"]
    assert (approval["person"], approval["kind"]) == ("olga", "APPROVE")
    assert found["confirmations"] == []
    assert found["expires_at"].endswith("Z")
    assert found["as_of"]["block_hash"] == proposal.decision.snapshot.block_hash
    assert isinstance(found["value_usd"], str)


def test_updated_since__what_moved__is_given_and_nothing_else(stage: Stage) -> None:
    first, second = collecting(stage), stage.propose("yield")
    client = stage.client("arne")
    since = client.get(f"{API}/proposals").json()["data"][0]["updated_at"]
    since = max(since, client.get(f"{API}/proposals/{first.public_id}").json()["updated_at"])
    stage.client("olga").post(f"{API}/proposals/{second.public_id}/vetoes", {"reason": "no"})
    moved = client.get(f"{API}/proposals?updated_at[gte]={quote(since)}").json()["data"]
    assert second.public_id in [row["id"] for row in moved]
    changed = [row for row in moved if row["updated_at"] > since]
    assert [row["id"] for row in changed] == [second.public_id]
    for wrong in ("2026-01-01", "yesterday", "2026-01-01T00:00:00"):
        answer = client.get(f"{API}/proposals?updated_at[gte]={wrong}")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_filter")


@pytest.mark.parametrize("name", ["treasuries", "tiers", "assets", "prices", "transactions"])
def test_created_since__in_the_far_future__is_nothing(stage: Stage, name: str) -> None:
    client = stage.client("arne")
    assert client.get(f"{API}/{name}?created_at[gte]=2100-01-01T00:00:00Z").json()["data"] == []
    assert client.get(f"{API}/{name}?colour=red").status_code == 400
