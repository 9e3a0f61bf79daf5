"""What stands between a person and their signature: question, flags, reasons, a second person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from execution.selectors.transactions import safe_transaction_by_id
from governance.core.questions import Question
from governance.models import Acknowledgement, Answer, Comment, Notice, NoticeKind, Proposal
from governance.selectors.proposals import proposal_by_id
from governance.services.deliberating.scrutinising import scrutinise
from tests.integration.governance.conftest import Stage
from treasury.models import AuditEvent

Sign = Callable[[str, str], bytes]


def collecting(stage: Stage) -> Proposal:
    stage.seeded.shift_strategy()
    proposal = stage.propose("strategic")
    stage.sweep()
    return proposal_by_id(proposal.pk)


def notice(stage: Stage) -> Notice:
    now = stage.head().timestamp
    return Notice.objects.create(
        treasury=stage.seeded.treasury,
        kind=NoticeKind.UPGRADE,
        title="Network upgrade on Tuesday",
        body="Nodes must be updated.",
        source_url="https://example.org/upgrade",
        starts_at=now,
        ends_at=now + 86_400,
        author=stage.people["olga"],
    )


def post(stage: Stage, who: str, proposal: Proposal, action: str, **body: Any) -> tuple[int, Any]:
    url = f"/api/v1/proposals/{proposal.public_id}/{action}"
    answer = stage.client(who).post(url, body)
    return answer.status_code, answer.json()


def question(stage: Stage, who: str, proposal: Proposal) -> Question:
    scrutiny = scrutinise(proposal, block=stage.head(), rpc_url=stage.url)
    asked = scrutiny.question_for(stage.people[who])
    assert asked is not None
    return asked


def confirm(stage: Stage, sign: Sign, proposal: Proposal) -> tuple[int, Any]:
    """Sofia's own signature, from her own session."""
    assert proposal.safe_transaction_id is not None
    row = safe_transaction_by_id(proposal.safe_transaction_id)
    signature = "0x" + sign("owner1", row.safe_tx_hash).hex()
    owner = stage.seeded.deployment.accounts["owner1"]
    return post(stage, "sofia", proposal, "confirmations", owner=owner, signature=signature)


def confirmations(proposal: Proposal) -> int:
    assert proposal.safe_transaction is not None
    return proposal.safe_transaction.confirmations.count()


def actions() -> list[str]:
    return [row.payload["action"] for row in AuditEvent.objects.order_by("id")]


def test_confirm__question_unanswered__refused_and_nothing_stored(stage: Stage, sign: Sign) -> None:
    proposal = collecting(stage)
    status, body = confirm(stage, sign, proposal)
    assert (status, body["code"]) == (422, "question_unanswered")
    assert [item["code"] for item in body["missing"]] == ["question_unanswered"]
    assert confirmations(proposal) == 0
    assert proposal_by_id(proposal.pk).state == "COLLECTING"


def test_confirm__question_answered__taken(stage: Stage, sign: Sign) -> None:
    proposal = collecting(stage)
    asked = question(stage, "sofia", proposal)
    status, body = post(stage, "sofia", proposal, "answers", answer=asked.expected)
    assert (status, body["is_right"]) == (201, True)
    assert confirm(stage, sign, proposal)[0] == 201
    assert confirmations(proposal) == 1


def test_confirm__brought_by_somebody_else__is_its_own_proof(stage: Stage, sign: Sign) -> None:
    """The gate is for people who look at the page; a signature from elsewhere was thought over
    elsewhere."""
    proposal = collecting(stage)
    assert proposal.safe_transaction is not None
    signature = "0x" + sign("owner1", proposal.safe_transaction.safe_tx_hash).hex()
    owner = stage.seeded.deployment.accounts["owner1"]
    body = {"owner": owner, "signature": signature}
    assert post(stage, "fiona", proposal, "confirmations", **body)[0] == 201


def test_answer__wrong__recorded_and_limited(stage: Stage, sign: Sign) -> None:
    proposal = collecting(stage)
    for _ in range(3):
        status, body = post(stage, "sofia", proposal, "answers", answer="1")
        assert (status, body["is_right"]) == (201, False)
    assert confirm(stage, sign, proposal)[1]["code"] == "question_unanswered"
    asked = question(stage, "sofia", proposal)
    status, body = post(stage, "sofia", proposal, "answers", answer=asked.expected)
    assert (status, body["code"]) == (429, "too_many_answers")
    assert Answer.objects.filter(is_right=False).count() == 3
    assert not Answer.objects.filter(is_right=True).exists()
    assert actions().count("proposal.question_answered") == 3
    other = question(stage, "stefan", proposal)
    assert post(stage, "stefan", proposal, "answers", answer=other.expected)[1]["is_right"] is True


def test_answer__of_another_person__does_not_help(stage: Stage, sign: Sign) -> None:
    proposal = collecting(stage)
    asked = question(stage, "stefan", proposal)
    assert post(stage, "stefan", proposal, "answers", answer=asked.expected)[0] == 201
    assert confirm(stage, sign, proposal)[1]["code"] == "question_unanswered"


def test_flag__up__must_be_acknowledged_by_its_name(stage: Stage, sign: Sign) -> None:
    notice(stage)
    proposal = collecting(stage)
    asked = question(stage, "sofia", proposal)
    assert post(stage, "sofia", proposal, "answers", answer=asked.expected)[0] == 201
    status, body = confirm(stage, sign, proposal)
    assert (status, body["code"]) == (422, "flag_unacknowledged")
    assert body["missing"][0]["flag"] == "notice_in_window"
    shown = stage.client("sofia").get(f"/api/v1/proposals/{proposal.public_id}/scrutiny").json()
    assert [m["flag"] for m in shown["missing"]] == ["notice_in_window"]
    assert post(stage, "sofia", proposal, "acknowledgements", flag="notice_in_window")[0] == 201
    assert confirm(stage, sign, proposal)[0] == 201
    assert actions().count("proposal.flag_acknowledged") == 1


def test_acknowledgement__flag_not_up__refused(stage: Stage) -> None:
    proposal = collecting(stage)
    status, body = post(stage, "sofia", proposal, "acknowledgements", flag="halted")
    assert (status, body["code"]) == (422, "flag_unknown")
    assert not Acknowledgement.objects.exists()


def test_critical_flag__needs_reason_and_second_person(stage: Stage, sign: Sign) -> None:
    proposal = collecting(stage)
    halt = {"treasury": stage.seeded.treasury.public_id, "reason": "odd", "level": "MONITOR"}
    assert stage.client("olga").post("/api/v1/halts", halt).status_code == 201
    asked = question(stage, "sofia", proposal)
    assert post(stage, "sofia", proposal, "answers", answer=asked.expected)[0] == 201
    assert confirm(stage, sign, proposal)[1]["code"] == "flag_unacknowledged"
    status, body = post(stage, "sofia", proposal, "acknowledgements", flag="halted", reason=" ")
    assert (status, body["code"]) == (422, "reason_required")
    reason = {"flag": "halted", "reason": "the halt is about gas only"}
    assert post(stage, "sofia", proposal, "acknowledgements", **reason)[0] == 201
    assert confirm(stage, sign, proposal)[1]["code"] == "second_person_required"
    assert post(stage, "stefan", proposal, "acknowledgements", **reason)[0] == 201
    assert confirm(stage, sign, proposal)[0] == 201


def test_wrong_hash__own_session_unanswered__is_an_incident_all_the_same(
    stage: Stage, sign: Sign
) -> None:
    proposal = collecting(stage)
    body = {
        "owner": stage.seeded.deployment.accounts["owner1"],
        "signature": "0x" + sign("owner1", "0x" + "11" * 32).hex(),
    }
    status, answer = post(stage, "sofia", proposal, "confirmations", **body)
    assert (status, answer["code"]) == (422, "wrong_hash")
    assert proposal_by_id(proposal.pk).state == "FROZEN"


def test_small_core_proposal__no_question__operator_signs_at_once(stage: Stage) -> None:
    """One click and one signature (P2): nothing is asked where nothing is unusual."""
    stage.move("WETH", 900)
    proposal = stage.propose("core")
    assert proposal.route == "OPERATOR", proposal.route_reason
    scrutiny = scrutinise(proposal_by_id(proposal.pk), block=stage.head(), rpc_url=stage.url)
    assert not scrutiny.asks, scrutiny.flags


def test_fresh_look__market_moved__says_by_how_much(stage: Stage) -> None:
    proposal = collecting(stage)
    before = scrutinise(proposal, block=stage.head(), rpc_url=stage.url)
    assert before.look is not None
    assert before.look.worse_bps == 0
    stage.market.step(600, {"WETH": 2_000})
    after = scrutinise(proposal, block=stage.head(), rpc_url=stage.url)
    assert {flag.name for flag in after.flags} & {"simulation_worse", "simulation_fails"}


def test_confirm__forbidden_by_the_newest_block__refused_on_every_way_of_ones_own(
    stage: Stage, sign: Sign
) -> None:
    """As on the page, where the form is not even shown: by REST, and pasted into a page that was
    loaded before."""
    proposal = collecting(stage)
    assert proposal.safe_transaction is not None
    asked = question(stage, "sofia", proposal)
    assert post(stage, "sofia", proposal, "answers", answer=asked.expected)[0] == 201
    stage.market.step(600, {"WETH": 2_000})
    status, body = confirm(stage, sign, proposal)
    assert (status, body["code"]) == (422, "overtaken"), body
    form = {
        "as": f"{stage.seeded.deployment.accounts['owner1']}:"
        f"{stage.seeded.deployment.accounts['owner1']}",
        "signature": "0x" + sign("owner1", proposal.safe_transaction.safe_tx_hash).hex(),
        "answer": asked.expected,
    }
    browser = Client()
    browser.force_login(stage.people["sofia"])
    pasted = browser.post(f"/proposals/{proposal.public_id}/signatures/", form)
    assert pasted.status_code == 422
    assert confirmations(proposal) == 0
    assert proposal_by_id(proposal.pk).state == "COLLECTING"
    assert "safe_transaction.confirmed" not in actions()


# ------------------------------------------------------------------------------------ comments
def test_comment__kept_with_plan_and_author(stage: Stage) -> None:
    proposal = collecting(stage)
    status, body = post(stage, "fiona", proposal, "comments", text="  Why now? ")
    assert (status, body["text"], body["author"]) == (201, "Why now?", "fiona")
    assert proposal.plan is not None
    assert body["plan_digest"] == proposal.plan.digest
    listed = stage.client("arne").get(f"/api/v1/proposals/{proposal.public_id}/comments").json()
    assert [row["text"] for row in listed] == ["Why now?"]


@pytest.mark.parametrize(
    ("who", "text", "status"), [("arne", "x", 403), ("fiona", " ", 400), ("fiona", "x" * 2001, 400)]
)
def test_comment__not_allowed_or_empty__nothing_stored(
    stage: Stage, who: str, text: str, status: int
) -> None:
    assert post(stage, who, collecting(stage), "comments", text=text)[0] == status
    assert not Comment.objects.exists()
