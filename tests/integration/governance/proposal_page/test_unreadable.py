"""A proposal whose stored text was changed past the service: the page says so, and nobody signs."""

from __future__ import annotations

import pytest

from execution.models import Confirmation
from governance.core.lifecycle import ProposalState
from governance.models import Approval, Proposal
from governance.selectors.proposals import proposal_by_id
from tests.integration.governance.conftest import Stage
from tests.integration.governance.guarding.test_conformity import tamper
from tests.integration.governance.proposal_page.test_page import collecting, path, reader


def rows_of(proposal: Proposal) -> dict[str, int]:
    assert proposal.plan is not None
    return {
        "execution_plan": proposal.plan.pk,
        "treasury_decision": proposal.decision_id,
        "treasury_policyversion": proposal.policy_version_id,
    }


@pytest.mark.parametrize("text", ["{}", "[]", "no JSON"])
@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("execution_plan", "document"),
        ("treasury_decision", "inputs"),
        ("treasury_decision", "result"),
        ("treasury_policyversion", "document"),
    ],
)
def test_page__stored_text_cannot_be_read__says_do_not_sign(
    stage: Stage, table: str, column: str, text: str
) -> None:
    proposal = collecting(stage)
    tamper(table, rows_of(proposal)[table], column, text)
    answer = reader(stage, "sofia").get(path(proposal))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Do not sign. What is stored cannot be read back." in page
    assert proposal.public_id in page
    assert "Two people" in page
    assert "Sign with your wallet" not in page


@pytest.mark.parametrize("text", ["{}", "[]", "no JSON"])
@pytest.mark.parametrize(
    ("table", "column", "pages"),
    [
        ("execution_plan", "document", ("/", "/proposals/?tab=all", "/proposals/queue/")),
        ("treasury_decision", "result", ("/", "/proposals/?tab=all", "/proposals/queue/")),
        ("treasury_policyversion", "document", ("/proposals/?tab=all", "/proposals/queue/")),
    ],
)
def test_lists__stored_text_cannot_be_read__are_shown_all_the_same(
    stage: Stage, table: str, column: str, pages: tuple[str, ...], text: str
) -> None:
    """One proposal that somebody changed must not take everybody's pages away."""
    proposal = collecting(stage)
    tamper(table, rows_of(proposal)[table], column, text)
    client = reader(stage, "sofia")
    for page in pages:
        answer = client.get(page)
        assert answer.status_code == 200, page
    if table == "execution_plan":
        shown = client.get("/proposals/?tab=all").content.decode()
        assert "What is stored of it cannot be read back: do not sign" in shown


def test_forms__stored_text_cannot_be_read__refused_and_nothing_taken(stage: Stage) -> None:
    proposal = collecting(stage)
    tamper("execution_plan", rows_of(proposal)["execution_plan"], "document", "{}")
    client = reader(stage, "sofia")
    for part in ("preparations/", "signatures/"):
        answer = client.post(path(proposal, part), {"signature": "0x", "answer": "1"})
        assert answer.status_code in {409, 422}
    assert not Confirmation.objects.exists()
    assert not Approval.objects.exists()


def test_sweep__stored_plan_cannot_be_read__frozen_and_the_page_still_says_so(stage: Stage) -> None:
    proposal = collecting(stage)
    tamper("execution_plan", rows_of(proposal)["execution_plan"], "document", "{}")
    stage.market.mine(12)
    stage.sweep()
    assert proposal_by_id(proposal.pk).state == ProposalState.FROZEN
    answer = reader(stage, "fiona").get(path(proposal))
    assert answer.status_code == 200
    assert "Frozen" in answer.content.decode()
