"""What people may do to a proposal, and what no machine may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from config.local.seed.policies import strategic_policy
from governance.core.lifecycle import ProposalState
from governance.core.routing import Level
from governance.models import Approval, Proposal
from governance.selectors.proposals import proposal_by_id
from governance.services.halts import Trip, trip
from governance.services.identity import TokenRefusedError, authenticate_token, issue_token
from tests.integration.governance.conftest import Stage
from treasury.core.access import SCOPES
from treasury.core.types import Actor, ActorKind
from treasury.models import AuditEvent

ACTOR = Actor(ActorKind.SYSTEM, "test")
Sign = Callable[[str, str], bytes]


def asked_for_approval(stage: Stage, **more: Any) -> Proposal:
    """A proposal of the executor-key tier that waits for an operator's click."""
    trip(
        treasury_id=stage.seeded.treasury.pk,
        tier_id=stage.tier_id("yield"),
        found=Trip("BY_HAND", Level.SEMI, "1", "0", "test"),
        actor=ACTOR,
        block=stage.head(),
    )
    proposal = stage.propose("yield", **more)
    stage.sweep()
    return proposal_by_id(proposal.pk)


def collecting(stage: Stage) -> Proposal:
    stage.seeded.shift_strategy()
    proposal = stage.propose("strategic")
    stage.sweep()
    return proposal_by_id(proposal.pk)


def post(stage: Stage, who: str, proposal: Proposal, action: str, **body: Any) -> tuple[int, Any]:
    url = f"/api/v1/proposals/{proposal.public_id}/{action}"
    answer = stage.client(who).post(url, body)
    return answer.status_code, answer.json()


# ------------------------------------------------------------------------------------ approve
def test_one_click_executes(stage: Stage) -> None:
    proposal = asked_for_approval(stage)
    assert proposal.plan is not None
    status, body = post(stage, "olga", proposal, "approvals", plan_digest=proposal.plan.digest)
    assert status == 201, body
    assert post(stage, "olga", proposal, "approvals")[0] == 201
    assert Approval.objects.filter(proposal=proposal).count() == 1
    assert stage.settle(proposal, {"DONE"}).outcome == "EXECUTED"


def test_another_plan_is_not_approved(stage: Stage) -> None:
    proposal = asked_for_approval(stage)
    status, body = post(stage, "olga", proposal, "approvals", plan_digest="0" * 64)
    assert (status, body["code"]) == (422, "plan_changed")


def test_who_asked_for_it_does_not_approve_it(stage: Stage) -> None:
    proposal = asked_for_approval(stage, forced_reason="I want it", author=stage.people["olga"])
    status, body = post(stage, "olga", proposal, "approvals")
    assert (status, body["code"]) == (422, "separation_of_duties")
    assert proposal_by_id(proposal.pk).state == ProposalState.COLLECTING


def test_a_multisig_proposal_is_not_approved_by_a_click(stage: Stage) -> None:
    status, body = post(stage, "olga", collecting(stage), "approvals")
    assert (status, body["code"]) == (422, "not_for_approval")


# ------------------------------------------------------------------------------------ stop
def test_a_veto_ends_it_and_frees_the_nonce(stage: Stage) -> None:
    proposal = collecting(stage)
    status, body = post(stage, "olga", proposal, "vetoes", reason="not now")
    assert (status, body["state"]) == (201, "VETOED")
    assert proposal.safe_transaction is not None
    proposal.safe_transaction.refresh_from_db()
    assert proposal.safe_transaction.status == "DEAD"
    last = AuditEvent.objects.order_by("-id")[0].payload
    assert (last["action"], last["actor"], last["reason"]) == ("proposal.vetoed", "olga", "not now")
    stage.sweep()
    assert proposal_by_id(proposal.pk).state == ProposalState.VETOED


def test_a_veto_needs_a_reason(stage: Stage) -> None:
    status, body = post(stage, "olga", collecting(stage), "vetoes", reason="")
    assert status == 400, body


def test_a_veto_after_the_hand_over_comes_too_late(stage: Stage) -> None:
    proposal = stage.propose("yield")
    for _ in range(2):
        stage.sweep()
    status, body = post(stage, "olga", proposal, "vetoes", reason="too late")
    assert (status, body["code"]) == (422, "too_late")
    assert stage.settle(proposal, {"DONE"}).outcome == "EXECUTED"


def test_so_many_declines_that_the_threshold_is_out_of_reach(stage: Stage) -> None:
    proposal = collecting(stage)
    for name, state in (("sofia", "COLLECTING"), ("stefan", "COLLECTING"), ("selma", "REJECTED")):
        status, body = post(stage, name, proposal, "declines", reason="no")
        assert (status, body["state"]) == (201, state)


# ------------------------------------------------------------------------------------ time
@pytest.mark.parametrize("tier", ["strategic", "yield"])
def test_the_deadline_ends_it(stage: Stage, tier: str) -> None:
    stage.seeded.shift_strategy()
    proposal = stage.propose(tier)
    stage.market.mine(proposal.expires_at - stage.head().timestamp)
    stage.sweep()
    assert proposal_by_id(proposal.pk).state == ProposalState.EXPIRED
    assert not proposal_by_id(proposal.pk).plan.transactions.exists()  # type: ignore[union-attr]


def test_a_proposal_that_nobody_signs_expires_and_frees_its_nonce(stage: Stage) -> None:
    proposal = collecting(stage)
    stage.market.mine(proposal.expires_at - stage.head().timestamp + 1)
    stage.sweep()
    found = proposal_by_id(proposal.pk)
    assert found.state == ProposalState.EXPIRED
    assert found.safe_transaction is not None
    assert found.safe_transaction.status == "DEAD"


def test_another_policy_supersedes_what_waits(stage: Stage) -> None:
    proposal = collecting(stage)
    stage.seeded.publish("strategic", strategic_policy(stage.seeded.deployment))
    stage.sweep()
    stage.market.mine(12)
    stage.sweep()
    found = proposal_by_id(proposal.pk)
    assert (found.state, found.state_reason) == ("SUPERSEDED", "another policy is in force now")


# ------------------------------------------------------------------------------------ confirm
def test_a_signature_of_something_else(stage: Stage, sign: Sign) -> None:
    """Brought by anybody it is refused; from the owner's own session it is an incident."""
    proposal = collecting(stage)
    body = {
        "owner": stage.seeded.deployment.accounts["owner1"],
        "signature": "0x" + sign("owner1", "0x" + "11" * 32).hex(),
    }
    status, answer = post(stage, "fiona", proposal, "confirmations", **body)
    assert (status, answer["code"]) == (422, "wrong_hash")
    assert proposal_by_id(proposal.pk).state == ProposalState.COLLECTING
    assert post(stage, "sofia", proposal, "confirmations", **body)[0] == 422
    assert proposal_by_id(proposal.pk).state == ProposalState.FROZEN
    actions = [row.payload["action"] for row in AuditEvent.objects.order_by("-id")[:4]]
    assert {"confirmation.incident", "proposal.frozen"} <= set(actions)


def test_a_stranger_does_not_confirm(stage: Stage, sign: Sign) -> None:
    proposal = collecting(stage)
    assert proposal.safe_transaction is not None
    signature = sign("stranger", proposal.safe_transaction.safe_tx_hash)
    owner = stage.seeded.deployment.accounts["stranger"]
    status, answer = post(
        stage, "fiona", proposal, "confirmations", owner=owner, signature="0x" + signature.hex()
    )
    assert (status, answer["code"]) == (422, "not_an_owner")


def test_garbage_is_limited(stage: Stage) -> None:
    proposal = collecting(stage)
    url = f"/api/v1/proposals/{proposal.public_id}/confirmations"
    body = {"owner": stage.seeded.deployment.accounts["owner1"], "signature": "0x00"}
    codes = [stage.anonymous().post(url, body).status_code for _ in range(31)]
    assert set(codes[:30]) == {422}
    assert codes[30] == 429


# ------------------------------------------------------------------------------------ machines
def test_a_token_with_every_scope_decides_nothing(stage: Stage) -> None:
    proposal = asked_for_approval(stage)
    now = datetime.now(UTC)
    secret = issue_token(
        treasury_id=stage.seeded.treasury.pk,
        name="everything",
        scopes=[scope.replace(".", ":") for scope in SCOPES],
        expires_at=now + timedelta(days=1),
        now=now,
        is_live=False,
        actor=ACTOR,
    ).secret
    client = stage.bearer(secret)
    base = f"/api/v1/proposals/{proposal.public_id}"
    assert client.get(base).status_code == 200
    for action in ("approvals", "vetoes", "declines", "executions"):
        assert client.post(f"{base}/{action}", {"reason": "x"}).status_code == 403, action
    # It brings a signature like anybody; it has none of its own.
    body = {"owner": stage.seeded.deployment.accounts["owner1"], "signature": "0x" + "00" * 65}
    assert client.post(f"{base}/confirmations", body).status_code == 422
    assert not Approval.objects.exists()


def test_tokens_end(stage: Stage) -> None:
    now = datetime.now(UTC)
    issued = issue_token(
        treasury_id=stage.seeded.treasury.pk,
        name="short",
        scopes=["proposal:read"],
        expires_at=now + timedelta(hours=1),
        now=now,
        is_live=False,
        actor=ACTOR,
    )
    assert len(issued.secret) >= len("ballast_test_") + 8 + 43
    assert issued.secret not in {issued.token.secret_hash, issued.token.prefix}
    found = authenticate_token(secret=issued.secret, now=now, allow_test=True)
    assert found.pk == issued.token.pk
    refused: list[tuple[str, datetime, bool]] = [
        (issued.secret, now + timedelta(hours=1), True),
        (issued.secret, now, False),
        (issued.secret[:-1], now, True),
        (issued.secret + "x", now, True),
        ("ballast_test_", now, True),
        ("", now, True),
    ]
    for secret, at, allow_test in refused:
        with pytest.raises(TokenRefusedError):
            authenticate_token(secret=secret, now=at, allow_test=allow_test)
    assert stage.bearer("ballast_test_unknown").get("/api/v1/proposals").status_code == 401
