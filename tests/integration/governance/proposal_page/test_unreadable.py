"""A proposal whose stored text was changed past the service: the page says so, and nobody signs."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from execution.models import Confirmation
from governance.core.lifecycle import ProposalState
from governance.models import Approval, Proposal
from governance.selectors.proposals import proposal_by_id
from tests.integration.governance.conftest import Stage
from tests.integration.governance.guarding.test_conformity import tamper
from tests.integration.governance.proposal_page.test_page import collecting, path, reader
from treasury.models import PolicyVersion, Tier

LIST = "/proposals/?tab=all"
NOT_KNOWN = "not known: the stored policy cannot be read"
WORST = re.compile(r"Worst loss per period</dt><dd class=\"figure-value\">[\d,.]+ USD<")


def rows_of(proposal: Proposal) -> dict[str, int]:
    assert proposal.plan is not None
    return {
        "execution_plan": proposal.plan.pk,
        "treasury_decision": proposal.decision_id,
        "treasury_policyversion": proposal.policy_version_id,
    }


def pages_of(tier: Tier) -> dict[str, str]:
    """Of the tier, of its treasury, and those that tell of many."""
    return {
        "tier": reverse("tier", args=[tier.public_id]),
        "treasury": reverse("treasury", args=[tier.treasury.public_id]),
        **{page: page for page in ("/", LIST, "/proposals/queue/", "/monitoring/", "/addresses/")},
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
    ("table", "column", "said"),
    [
        ("execution_plan", "document", {LIST: "What is stored of it cannot be read back: do not"}),
        ("treasury_decision", "inputs", {}),
        ("treasury_decision", "result", {"tier": "What is stored of it cannot be read back"}),
        ("treasury_policyversion", "document", {"/": "policy unreadable"}),
    ],
)
def test_other_pages__stored_text_cannot_be_read__are_shown_all_the_same(
    stage: Stage, table: str, column: str, said: dict[str, str], text: str
) -> None:
    """One row that somebody changed must not take everybody's pages away."""
    proposal = collecting(stage)
    tamper(table, rows_of(proposal)[table], column, text)
    client = reader(stage, "sofia")
    for name, page in pages_of(proposal.tier).items():
        answer = client.get(page, follow=True)
        assert answer.status_code == 200, page
        assert said.get(name, "") in answer.content.decode(), page


def test_overview__policy_cannot_be_read__says_so_and_calls_no_loss_known(stage: Stage) -> None:
    """A role may spend from the tier, and how much of it stands in the policy alone."""
    stage.evaluate("core")
    tier = stage.seeded.tiers["core"]
    client = reader(stage, "sofia")
    pages = pages_of(tier)
    before = {name: client.get(pages[name]).content.decode() for name in ("/", "treasury", "tier")}
    assert not any(NOT_KNOWN in page for page in before.values())
    tamper("treasury_policyversion", PolicyVersion.objects.get(tier=tier).pk, "document", "{}")
    after = {name: client.get(pages[name]).content.decode() for name in before}
    assert all("policy unreadable" in page for page in after.values())
    assert WORST.search(before["/"]) is not None
    assert WORST.search(after["/"]) is None
    assert NOT_KNOWN in after["treasury"]
    assert NOT_KNOWN in after["tier"]
    assert "The stored policy cannot be read." in after["tier"]
    assert client.get("/healthz/evaluations").status_code in {200, 503}  # as late as the others are


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
