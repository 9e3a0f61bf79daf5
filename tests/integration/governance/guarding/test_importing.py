"""What somebody brings is explained and judged from its bytes, and signed nowhere here."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from governance.core.roles import Role
from governance.models import ImportedProposal, Proposal
from governance.services.identity import create_user, grant_role
from tests.integration.governance.conftest import Stage
from tests.integration.governance.guarding.test_conformity import collecting
from treasury.core.types import Actor, ActorKind, Address
from treasury.models import AuditEvent
from treasury.selectors.portfolio import holdings_by_tier, tier_portfolio, tiers
from treasury.selectors.snapshots import latest
from treasury.services.portfolio import create_treasury

IMPORTS = "/api/v1/proposals/imports"


def export_of(stage: Stage, proposal: Proposal) -> dict[str, Any]:
    answer = stage.client("sofia").get(f"/api/v1/proposals/{proposal.public_id}/verification")
    assert answer.status_code == 200
    return dict(answer.json())


def bring(stage: Stage, document: Any, who: str = "sofia") -> tuple[int, dict[str, Any]]:
    answer = stage.client(who).post(IMPORTS, {"document": document}, format="json")
    return answer.status_code, answer.json()


@pytest.mark.parametrize("tier", ["strategic", "core"])
def test_import__own_export__breaks_no_rule_and_names_ours(stage: Stage, tier: str) -> None:
    proposal = collecting(stage, tier)
    document = export_of(stage, proposal)
    status, told = bring(stage, document)
    assert (status, told["is_refused"], told["refusals"]) == (201, False, [])
    assert told["own_proposal"] == proposal.public_id
    assert proposal.safe_transaction is not None
    assert told["safe_tx_hash"] == proposal.safe_transaction.safe_tx_hash
    assert len(told["calls"]) == len(document["calls"])
    assert bring(stage, document)[1]["id"] == told["id"]
    assert stage.client("arne").get(f"{IMPORTS}/{told['id']}").json() == told
    events = AuditEvent.objects.filter(payload__object_id=told["id"])
    assert [event.payload["action"] for event in events] == ["import.recorded"] * 2


def test_import__ten_fields_by_hand__judged_alike(stage: Stage) -> None:
    signed = export_of(stage, collecting(stage, "strategic"))["safe_transaction"]
    flat = signed["fields"] | {"chain_id": signed["chain_id"], "safe": signed["safe"]}
    status, told = bring(stage, flat)
    assert (status, told["is_refused"]) == (201, False)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"gas_price": "1"}, "GAS"),
        ({"value": "1"}, "OPERATION"),
        ({"to": "0x" + "66" * 20}, "OPERATION"),
        ({"operation": 0}, "BYTES"),
        ({"nonce": "77"}, "HASH"),
    ],
)
def test_import__changed_field__refused_by_its_rule(
    stage: Stage, change: dict[str, Any], rule: str
) -> None:
    document = export_of(stage, collecting(stage, "strategic"))
    document["safe_transaction"]["fields"] |= change
    status, told = bring(stage, document)
    assert (status, told["is_refused"]) == (201, True)
    assert rule in {refusal["rule"] for refusal in told["refusals"]}
    event = AuditEvent.objects.order_by("-id")[0].payload
    assert (event["action"], event["object_id"]) == ("import.refused", told["id"])


def test_import__what_cannot_be_read__says_where_and_keeps_nothing(stage: Stage) -> None:
    document = export_of(stage, collecting(stage, "strategic"))
    cases: dict[str, Any] = {}
    for name in document["safe_transaction"]["fields"]:
        missing = copy.deepcopy(document)
        del missing["safe_transaction"]["fields"][name]
        cases[f"/safe_transaction/fields/{name}"] = missing
    elsewhere = copy.deepcopy(document)
    elsewhere["safe_transaction"]["safe"] = "0x" + "66" * 20
    cases["/safe_transaction/safe"] = elsewhere
    cases["(document)"] = ["no", "object"]
    before = AuditEvent.objects.count()
    for pointer, wrong in cases.items():
        status, told = bring(stage, wrong)
        assert (status, told["code"]) == (422, "malformed_import"), pointer
        assert told["detail"].startswith(pointer)
    assert not ImportedProposal.objects.exists()
    assert AuditEvent.objects.count() == before


def test_import__safe_of_another_treasury__unknown_to_a_stranger(stage: Stage) -> None:
    document = export_of(stage, collecting(stage, "strategic"))
    actor = Actor(ActorKind.SYSTEM, "test")
    other = create_treasury(
        name="Elsewhere",
        chain_id=31337,
        executor_address=Address("0x000000000000000000000000000000000000dEaD"),
        actor=actor,
    )
    stranger = create_user(username="eve", password=None, actor=actor)
    grant_role(user=stranger, treasury_id=other.pk, role=Role.OPERATOR, actor=actor)
    stage.people["eve"] = stranger
    status, told = bring(stage, document, "eve")
    assert (status, told["code"]) == (422, "malformed_import")
    assert "no Safe of a treasury of yours" in told["detail"]
    assert not ImportedProposal.objects.exists()


def test_holdings_by_tier__all_tiers_at_once__as_one_by_one(stage: Stage) -> None:
    stage.propose("yield")
    treasury_id = stage.seeded.treasury.pk
    snapshot = latest(treasury_id)
    assert snapshot is not None
    found = holdings_by_tier(treasury_id=treasury_id)
    rows = list(tiers(treasury_id))
    assert [found[row.pk] for row in rows] == [
        tier_portfolio(tier_id=row.pk, snapshot_id=snapshot.pk)[0].holdings for row in rows
    ]
