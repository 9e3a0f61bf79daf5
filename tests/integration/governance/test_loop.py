"""From drift to books: on the real chain, over the REST API, with real signatures."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from governance.core.lifecycle import ProposalState
from governance.models import Proposal
from tests.integration.governance.conftest import Stage
from treasury.models import AuditEvent, JournalEntry
from treasury.selectors.audit import verify_chain

Sign = Callable[[str, str], bytes]


def confirm(stage: Stage, sign: Sign, proposal: Proposal, *owners: str) -> None:
    """Whoever owns the Safe reads the verification page, signs its hash and posts the signature."""
    for name in owners:
        client = stage.client("fiona")
        url = f"/api/v1/proposals/{proposal.public_id}"
        shown = client.get(f"{url}/verification").json()["safe_transaction"]
        assert shown["hash_matches"] is True
        owner = stage.seeded.deployment.accounts[name]
        answer = client.post(
            f"{url}/confirmations",
            {"owner": owner, "signature": "0x" + sign(name, shown["safe_tx_hash"]).hex()},
        )
        assert answer.status_code == 201, answer.json()


def test_multisig_from_shift_to_books(stage: Stage, sign: Sign) -> None:
    stage.seeded.shift_strategy()
    proposal = stage.propose("strategic")
    assert (proposal.route, proposal.state) == ("MULTISIG", "PROPOSED")
    stage.sweep()
    proposal.refresh_from_db()
    assert proposal.state == ProposalState.COLLECTING
    confirm(stage, sign, proposal, "owner1", "owner2")
    stage.sweep()
    proposal.refresh_from_db()
    assert proposal.state == ProposalState.COLLECTING
    confirm(stage, sign, proposal, "owner3")
    done = stage.settle(proposal, {"DONE", "FROZEN", "SUPERSEDED"})
    assert (done.state, done.outcome) == ("DONE", "EXECUTED"), done.state_reason
    assert done.actual_cost_usd is not None
    assert done.actual_cost_usd > 0
    assert done.safe_transaction is not None
    entries = JournalEntry.objects.filter(proposal_ref=done.public_id) | (
        JournalEntry.objects.filter(safe_tx_hash=done.safe_transaction.safe_tx_hash)
    )
    assert "SWAP" in {entry.kind for entry in entries}
    assert verify_chain().problem == ""
    actions = [row.payload["action"] for row in AuditEvent.objects.order_by("id")]
    order = ["proposal.proposed", "proposal.collecting", "proposal.ready", "proposal.handed_over"]
    assert [action for action in actions if action in order] == order
    assert stage.sweep() == {} or done.state == "DONE"


def test_operator_safe(stage: Stage, sign: Sign) -> None:
    stage.move("WETH", 1_100)
    proposal = stage.propose("core")
    assert proposal.route == "OPERATOR", proposal.route_reason
    stage.sweep()
    confirm(stage, sign, proposal, "operator")
    done = stage.settle(proposal, {"DONE", "FROZEN", "SUPERSEDED"})
    assert (done.state, done.outcome) == ("DONE", "EXECUTED"), done.state_reason


def test_automatic(stage: Stage) -> None:
    proposal = stage.propose("yield")
    assert proposal.route == "AUTOMATIC", proposal.route_reason
    done = stage.settle(proposal, {"DONE", "FROZEN", "SUPERSEDED"})
    assert (done.state, done.outcome) == ("DONE", "EXECUTED"), done.state_reason
    assert done.estimated_cost_usd > Decimal(0)


@pytest.mark.parametrize("times", [1, 2, 5])
def test_advancing_again_and_again_executes_once(stage: Stage, times: int) -> None:
    proposal = stage.propose("yield")
    for _ in range(12):
        for _ in range(times):
            stage.sweep()
        stage.market.mine(12)
    proposal.refresh_from_db()
    assert (proposal.state, proposal.outcome) == ("DONE", "EXECUTED"), proposal.state_reason
    assert proposal.plan is not None
    assert proposal.plan.transactions.count() == 1
    assert JournalEntry.objects.filter(kind="DEPOSIT").count() <= 1
