"""What the API and the commands say."""

from __future__ import annotations

import json
from io import StringIO
from itertools import pairwise
from typing import Any

from django.core.management import call_command

from execution.models import Attempt
from governance.core.lifecycle import ProposalState
from governance.models import Halt
from governance.selectors.proposals import proposal_by_id
from governance.tasks import advance_proposals, generate_proposals
from tests.integration.governance.conftest import Stage
from treasury.models import OutboxEvent


def test_explanation_and_verification(stage: Stage) -> None:
    stage.seeded.shift_strategy()
    proposal = stage.propose("strategic")
    client, base = stage.client("arne"), f"/api/v1/proposals/{proposal.public_id}"
    why = client.get(f"{base}/explanation").json()
    assert why["trigger"]["fired"] is True
    assert why["digest"] == proposal.decision.digest
    assert {rule["rule"] for rule in why["rules"]} >= {"cost_cap"}
    draft = client.get(f"{base}/verification").json()
    assert draft["safe_transaction"] is None
    assert draft["plan_digest_matches"] is True
    stage.sweep()
    shown = client.get(f"{base}/verification/").json()
    signed = shown["safe_transaction"]
    assert len(signed["fields"]) == 10
    assert signed["hash_matches"] is True
    assert signed["fields"]["operation"] == 1
    assert shown["expires_at"] == proposal.expires_at
    assert shown["evidence"]["digest"] == proposal.plan.evidence_digest  # type: ignore[union-attr]
    purposes = [call["purpose"] for call in shown["calls"]]
    assert purposes[0] == purposes[-1] == "approve"


def test_nested_work_shows_both_hashes(stage: Stage) -> None:
    """Too large for an operator: the main Safe signs for the tier Safe."""
    stage.move("WETH", 4_000)
    proposal = stage.propose("core")
    assert proposal.route == "MULTISIG", proposal.route_reason
    stage.sweep()
    base = f"/api/v1/proposals/{proposal.public_id}"
    shown = stage.client("arne").get(f"{base}/verification").json()
    (nested,) = shown["nested"]
    assert nested["safe"] == stage.seeded.deployment.safes.core
    assert nested["hash_matches"] is True
    (leg,) = shown["calls"]
    assert leg["purpose"] == "nested"
    assert leg["inner"]


def test_lists_and_filters(stage: Stage) -> None:
    stage.seeded.shift_strategy()
    proposals = [stage.propose(name) for name in ("strategic", "yield")]
    client = stage.client("arne")
    ids = [row["id"] for row in client.get("/api/v1/proposals?limit=1").json()["data"]]
    assert ids == [proposals[1].public_id]
    waiting = client.get("/api/v1/proposals?state=COLLECTING,READY").json()["data"]
    assert waiting == []
    tier = stage.seeded.tiers["yield"].public_id
    (row,) = client.get(f"/api/v1/proposals?tier={tier}").json()["data"]
    assert (row["object"], row["tier_name"], row["state"]) == ("proposal", "yield", "PROPOSED")
    assert isinstance(row["value_usd"], str)
    for wrong, code in {"state=NONE": "invalid_filter", "colour=red": "unknown_filter"}.items():
        answer = client.get(f"/api/v1/proposals?{wrong}")
        assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_a_check_says_why_not(stage: Stage) -> None:
    path = f"/api/v1/tiers/{stage.seeded.tiers['core'].public_id}/checks"
    answer = stage.client("olga").post(path, {}).json()
    assert (answer["outcome"], answer["is_fired"], answer["proposal"]) == ("NOT_FIRED", False, None)
    assert "band" in answer["trigger_reason"]


def test_a_forced_check_names_its_author(stage: Stage) -> None:
    path = f"/api/v1/tiers/{stage.seeded.tiers['yield'].public_id}/checks"
    answer = stage.client("olga").post(path, {"reason": "month end"}).json()
    assert answer["proposal"], answer
    shown = stage.client("arne").get(f"/api/v1/proposals/{answer['proposal']}").json()
    assert shown["author"] == "olga"


def test_halts_by_hand(stage: Stage) -> None:
    body = {"treasury": stage.seeded.treasury.public_id, "reason": "strange", "level": "MONITOR"}
    answer = stage.client("sofia").post("/api/v1/halts", body)
    assert answer.status_code == 201, answer.json()
    halt = answer.json()
    path = f"/api/v1/halts/{halt['id']}/resets"
    assert stage.client("olga").post(path, {"reason": "fine"}).status_code == 403
    assert stage.client("fiona").post(path, {"reason": "fine"}).json()["is_open"] is True
    again = stage.client("fiona").post(path, {"reason": "fine"})
    assert (again.status_code, again.json()["code"]) == (409, "second_person_required")
    assert stage.client("sofia").post(path, {"reason": "fine"}).json()["is_open"] is False
    assert Halt.objects.get(public_id=halt["id"]).second_closer == stage.people["sofia"]


def test_the_audit_trail_is_a_chain(stage: Stage) -> None:
    rows = stage.client("arne").get("/api/v1/audit-events?limit=200").json()["data"]
    assert len(rows) > 20
    for earlier, later in pairwise(rows):
        assert later["prev"] == earlier["hash"]


# ------------------------------------------------------------------------------------ commands
def run(name: str, *arguments: str) -> Any:
    out = StringIO()
    call_command(name, *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_commands_do_what_the_tasks_do(stage: Stage) -> None:
    (answer,) = run("propose", "--tier", "yield")
    assert (answer["outcome"], answer["state"]) == ("TRADES", "PROPOSED")
    for _ in range(8):
        run("advance")
        stage.market.mine(12)
    (row,) = run("proposals")
    assert (row["id"], row["state"], row["outcome"]) == (answer["proposal"], "DONE", "EXECUTED")


def test_ticks_alone_drive_automation_to_its_end(stage: Stage) -> None:
    for _ in range(25):
        generate_proposals()
        advance_proposals()
        stage.market.mine(12)
    rows = run("proposals")
    assert [(row["tier"], row["outcome"]) for row in rows] == [("yield", "EXECUTED")]
    assert not OutboxEvent.objects.filter(relayed_at=None, kind="proposal.created").exists()


# ------------------------------------------------------------------------------------ failing
def test_what_is_refused_again_and_again_fails(stage: Stage, settings: Any) -> None:
    """The wrong key: nothing can be sent, and after so many tries the proposal ends."""
    settings.EXECUTOR_KEY = "0x" + "11" * 32
    found = stage.settle(stage.propose("yield"), {"DONE"}, blocks=80)
    assert found.outcome == "FAILED", found.state_reason
    assert not Attempt.objects.exists()


def test_what_breaks_again_and_again_is_frozen_until_two_people_looked(
    stage: Stage, settings: Any
) -> None:
    key, settings.EXECUTOR_KEY = settings.EXECUTOR_KEY, ""
    proposal = stage.settle(stage.propose("yield"), {"FROZEN"}, blocks=80)
    assert proposal.frozen_from == "HANDED_OVER"
    assert "SignerError" in proposal.state_reason
    settings.EXECUTOR_KEY = key
    (halt,) = Halt.objects.filter(breaker="FROZEN_PROPOSAL", closed_at=None)
    path = f"/api/v1/halts/{halt.public_id}/resets"
    for name in ("fiona", "felix"):
        stage.market.mine(60)
        stage.sweep()
        assert proposal_by_id(proposal.pk).state == ProposalState.FROZEN
        assert stage.client(name).post(path, {"reason": "key is back"}).status_code == 201
    stage.market.mine(60)
    assert stage.settle(proposal, {"DONE"}).outcome == "EXECUTED"


def test_a_newer_trigger_supersedes_what_nobody_signed(stage: Stage) -> None:
    stage.seeded.shift_strategy()
    old = stage.propose("strategic")
    stage.sweep()
    stage.market.hold(86_400 + 60)
    stage.market.hold(1_800)
    stage.market.hold(12)
    new = stage.propose("strategic")
    old = proposal_by_id(old.pk)
    assert new.pk != old.pk
    assert (old.state, old.successor) == (ProposalState.SUPERSEDED, new)
    stage.sweep()
    first, second = old.safe_transaction, proposal_by_id(new.pk).safe_transaction
    assert first is not None
    assert second is not None
    assert first.nonce == second.nonce
