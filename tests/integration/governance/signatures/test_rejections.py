"""Rejecting on the chain: an empty call at the same nonce, by the owners' signatures."""

from __future__ import annotations

from config.local.chain.accounts import ACCOUNTS
from config.local.chain.rpc import Rpc
from execution.core.safe_tx import exec_transaction
from execution.models import SafeTransaction, Transaction
from execution.selectors.plans import fields_of
from execution.selectors.transactions import (
    failed_streak,
    rejection_of,
    safe_transaction_by_id,
    turnover_usd,
)
from execution.services.confirming import packed_signatures
from governance.core.lifecycle import ProposalState
from governance.core.routing import Level
from governance.models import Approval, Proposal
from governance.selectors.proposals import proposal_by_id
from governance.services.halts import Trip, trip
from tests.integration.governance.conftest import Stage
from tests.integration.governance.signatures.signing import (
    ask_for_rejection,
    collecting,
    give,
    requests_of,
)
from treasury.core.types import Actor, ActorKind
from treasury.models import AuditEvent, JournalEntry

ACTOR = Actor(ActorKind.SYSTEM, "test")


def signed_of(proposal: Proposal) -> SafeTransaction:
    assert proposal.safe_transaction_id is not None
    return safe_transaction_by_id(proposal.safe_transaction_id)


def rejection(proposal: Proposal) -> SafeTransaction:
    found = rejection_of(signed_of(proposal).pk)
    assert found is not None
    return found


def nonce_of(stage: Stage) -> int:
    rpc = Rpc(stage.url)
    try:
        return int(rpc.read_int(stage.seeded.deployment.safes.main, "nonce()"))
    finally:
        rpc.close()


def execute_as_stranger(stage: Stage, proposal: Proposal) -> str:
    """Whoever holds the signatures may send the original; "0x0" when the chain refuses it."""
    stx = signed_of(proposal)
    blob = packed_signatures(safe_transaction_id=stx.pk, block=stage.head(), rpc_url=stage.url)
    rpc = Rpc(stage.url)
    try:
        stranger = ACCOUNTS["stranger"]
        rpc("anvil_setBalance", stranger.address, hex(10**18))
        sent = rpc.submit(
            stranger,
            31337,
            rpc.nonce(stranger.address),
            stage.seeded.deployment.safes.main,
            exec_transaction(fields_of(stx), blob),
            gas=2_000_000,
        )
        rpc.mine(rpc.timestamp() + 12)
        return str(rpc("eth_getTransactionReceipt", sent)["status"])
    finally:
        rpc.close()


def test_rejection__executed__the_original_can_never_be(stage: Stage) -> None:
    proposal = collecting(stage)
    nonce = nonce_of(stage)
    give(stage, proposal, "owner1", "owner2")  # two of three have signed the original
    ask_for_rejection(stage, proposal)
    ask_for_rejection(stage, proposal)  # twice is once
    assert SafeTransaction.objects.filter(rejects__isnull=False).count() == 1
    fields = fields_of(rejection(proposal))
    assert (fields.to, fields.value, fields.data, int(fields.operation)) == (
        fields.safe,
        0,
        b"",
        0,
    )
    assert fields.nonce == signed_of(proposal).nonce
    give(stage, proposal, "owner1", "owner3", of_rejection=True)  # signing both is allowed
    assert requests_of(stage, proposal, "owner1", of_rejection=True) == []
    stage.sweep()
    assert proposal_by_id(proposal.pk).state == ProposalState.COLLECTING
    give(stage, proposal, "board1", "board2", of_rejection=True)
    done = stage.settle(proposal, {"REJECTED", "DONE", "FROZEN"})
    assert done.state == ProposalState.REJECTED, done.state_reason
    assert "rejected on the chain by 0x" in done.state_reason
    assert nonce_of(stage) == nonce + 1
    assert signed_of(done).status == "DEAD"
    assert rejection(done).status == "EXECUTED"
    (row,) = Transaction.objects.all()
    assert row.safe_transaction == rejection(done)
    assert row.state == "RECONCILED"
    assert [entry.kind for entry in JournalEntry.objects.exclude(tx_hash="")] == ["GAS"]
    assert turnover_usd(tier_id=done.tier_id, since=0) == 0
    assert failed_streak(tier_id=done.tier_id) == 0
    assert Approval.objects.get(proposal=done).kind == "DECLINE"
    shown = stage.client("arne").get(f"/api/v1/proposals/{done.public_id}/verification").json()
    assert shown["rejection"]["status"] == "EXECUTED"
    assert {row["kind"] for row in shown["rejection"]["confirmations"]} == {"EOA", "CONTRACT"}


def test_rejection__the_original_fully_signed_too__a_stop_beats_a_go(stage: Stage) -> None:
    proposal = collecting(stage)
    ask_for_rejection(stage, proposal)
    give(stage, proposal, "owner1", "owner2", "owner3")
    give(stage, proposal, "owner1", "owner2", "owner3", of_rejection=True)
    done = stage.settle(proposal, {"REJECTED", "DONE", "FROZEN"})
    assert done.state == ProposalState.REJECTED
    assert execute_as_stranger(stage, proposal) == "0x0"
    assert Transaction.objects.count() == 1


def test_rejection__the_original_sent_first__dies(stage: Stage) -> None:
    proposal = collecting(stage)
    ask_for_rejection(stage, proposal)
    give(stage, proposal, "owner1", "owner2", of_rejection=True)
    give(stage, proposal, "owner1", "owner2", "owner3")
    for _ in range(6):
        stage.sweep()
        if Transaction.objects.filter(state="BROADCAST").exists():
            break
    assert Transaction.objects.get().state in {"BROADCAST", "MINED"}
    status = stage.client("fiona").post(
        f"/api/v1/proposals/{proposal.public_id}/rejections", {"reason": "no"}
    )
    assert (status.status_code, status.json()["code"]) == (422, "too_late")
    done = stage.settle(proposal, {"REJECTED", "DONE", "FROZEN"})
    assert (done.state, done.outcome) == ("DONE", "EXECUTED"), done.state_reason
    assert rejection(done).status == "DEAD"
    assert requests_of(stage, done, "owner3", of_rejection=True) == []


def test_rejection__under_a_freezing_halt__is_executed(stage: Stage) -> None:
    proposal = collecting(stage)
    trip(
        treasury_id=stage.seeded.treasury.pk,
        tier_id=None,
        found=Trip("BY_HAND", Level.FROZEN, "1", "0", "test"),
        actor=ACTOR,
        block=stage.head(),
    )
    give(stage, proposal, "owner1", "owner2", "owner3")
    stage.sweep()
    assert proposal_by_id(proposal.pk).state == ProposalState.READY
    assert not Transaction.objects.exists()
    ask_for_rejection(stage, proposal)
    give(stage, proposal, "owner1", "owner2", "owner3", of_rejection=True)
    done = stage.settle(proposal, {"REJECTED", "DONE"})
    assert done.state == ProposalState.REJECTED
    assert done.outcome == ""


def test_rejection__of_a_frozen_proposal__ends_it(stage: Stage) -> None:
    proposal = collecting(stage)
    (request,) = requests_of(stage, proposal, "owner1")
    body = {"owner": request.owner, "signature": "0x" + "11" * 64 + "1b"}
    url = f"/api/v1/proposals/{proposal.public_id}/confirmations"
    assert stage.client("sofia").post(url, body).status_code == 422
    assert proposal_by_id(proposal.pk).state == ProposalState.FROZEN
    ask_for_rejection(stage, proposal)
    give(stage, proposal, "owner1", "owner2", "owner3", of_rejection=True)
    assert stage.settle(proposal, {"REJECTED"}).state == ProposalState.REJECTED


def test_rejection__while_it_is_under_way__a_veto_comes_too_late(stage: Stage) -> None:
    proposal = collecting(stage)
    ask_for_rejection(stage, proposal)
    give(stage, proposal, "owner1", "owner2", "owner3", of_rejection=True)
    stage.sweep()
    assert Transaction.objects.exists()
    url = f"/api/v1/proposals/{proposal.public_id}/vetoes"
    answer = stage.client("olga").post(url, {"reason": "me too"})
    assert (answer.status_code, answer.json()["code"]) == (422, "too_late")
    assert stage.settle(proposal, {"REJECTED"}).state == ProposalState.REJECTED


def test_rejection__a_veto_before_it_has_its_signatures__closes_both(stage: Stage) -> None:
    proposal = collecting(stage)
    ask_for_rejection(stage, proposal)
    give(stage, proposal, "owner1", of_rejection=True)
    url = f"/api/v1/proposals/{proposal.public_id}/vetoes"
    assert stage.client("olga").post(url, {"reason": "no"}).status_code == 201
    assert (signed_of(proposal).status, rejection(proposal).status) == ("DEAD", "DEAD")
    stage.sweep()
    assert not Transaction.objects.exists()


def test_rejection__before_signatures_are_asked_for__is_refused(stage: Stage) -> None:
    stage.seeded.shift_strategy()
    proposal = stage.propose("strategic")
    answer = stage.client("sofia").post(
        f"/api/v1/proposals/{proposal.public_id}/rejections", {"reason": "no"}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "wrong_state")
    assert not SafeTransaction.objects.exists()


def test_rejection__confirmed_before_anybody_asked__is_refused(stage: Stage) -> None:
    proposal = collecting(stage)
    (request,) = requests_of(stage, proposal, "owner1")
    answer = stage.client("sofia").post(
        f"/api/v1/proposals/{proposal.public_id}/rejections/confirmations",
        {"owner": request.owner, "signature": "0x" + "11" * 65},
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "not_asked_for")


def test_rejection__with_the_originals_signature__is_refused(stage: Stage) -> None:
    """A signature of the one is none of the other."""
    proposal = collecting(stage)
    ask_for_rejection(stage, proposal)
    give(stage, proposal, "owner1")
    stored = signed_of(proposal).confirmations.get()
    answer = stage.client("fiona").post(
        f"/api/v1/proposals/{proposal.public_id}/rejections/confirmations",
        {"owner": stored.owner, "signature": "0x" + bytes(stored.signature).hex()},
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "wrong_hash")
    assert not rejection(proposal).confirmations.exists()
    last = AuditEvent.objects.order_by("-id")[0].payload
    assert last["action"] == "confirmation.refused"


def test_rejection__of_the_next_plan_at_the_same_nonce__starts_with_no_signature(
    stage: Stage,
) -> None:
    first = collecting(stage)
    ask_for_rejection(stage, first)
    give(stage, first, "owner1", of_rejection=True)
    url = f"/api/v1/proposals/{first.public_id}/vetoes"
    assert stage.client("olga").post(url, {"reason": "no"}).status_code == 201
    stage.market.hold(12)
    second = stage.propose("strategic", forced_reason="again")
    stage.sweep()
    second = proposal_by_id(second.pk)
    assert signed_of(second).nonce == signed_of(first).nonce
    ask_for_rejection(stage, second)
    assert rejection(second).safe_tx_hash == rejection(first).safe_tx_hash
    assert not rejection(second).confirmations.exists()


def test_rejection__of_the_operator_safe__by_the_operator(stage: Stage) -> None:
    stage.move("WETH", 1_100)
    proposal = stage.propose("core")
    stage.sweep()
    proposal = proposal_by_id(proposal.pk)
    ask_for_rejection(stage, proposal, "olga")
    give(stage, proposal, "operator", of_rejection=True)
    assert stage.settle(proposal, {"REJECTED"}).state == ProposalState.REJECTED
