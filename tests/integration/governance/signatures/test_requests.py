"""What people are asked to sign: owners directly, members of an owner Safe for it."""

from __future__ import annotations

import pytest

from config.local.chain.accounts import ACCOUNTS, AccountName
from execution.models import Confirmation, MemberConfirmation
from governance.core.lifecycle import ProposalState
from governance.selectors.proposals import proposal_by_id
from governance.services.signers import signer_treasuries, signers_of
from governance.services.signing import SigningRequest
from tests.integration.governance.conftest import Stage
from tests.integration.governance.signatures.signing import (
    address,
    collecting,
    give,
    post,
    requests_of,
    signed_by_wallet,
)
from treasury.core.types import Address
from treasury.models import AuditEvent


# ------------------------------------------------------------------------------------ who
def test_signers__members_of_an_owner_safe__are_signers(stage: Stage) -> None:
    treasury = stage.seeded.treasury.pk
    names: list[AccountName] = ["owner1", "owner4", "board1", "board2"]
    for name in names:
        wallets = frozenset({str(address(name))})
        assert signer_treasuries(wallets=wallets, rpc_url=stage.url) == {treasury}
    others: list[AccountName] = ["operator", "stranger", "executor"]
    for name in others:
        wallets = frozenset({str(address(name))})
        assert signer_treasuries(wallets=wallets, rpc_url=stage.url) == frozenset()
    safes = stage.seeded.deployment.safes
    found = signers_of([Address(safes.main)], rpc_url=stage.url)[Address(safes.main)]
    assert len(found.owners) == 5
    board = Address(safes.board)
    assert found.members == {board: frozenset({address("board1"), address("board2")})}


# ------------------------------------------------------------------------------------ what
def test_signing_requests__an_owner__signs_the_safe_transaction(stage: Stage) -> None:
    proposal = collecting(stage)
    assert proposal.safe_transaction is not None
    (request,) = requests_of(stage, proposal, "owner1")
    assert (request.owner, request.signer) == (address("owner1"),) * 2
    assert not request.is_member
    assert request.typed_data["primaryType"] == "SafeTx"
    assert request.digest == proposal.safe_transaction.safe_tx_hash
    give(stage, proposal, "owner1")
    assert requests_of(stage, proposal, "owner1") == []


def test_signing_requests__two_wallets_of_one_person__are_two_requests(stage: Stage) -> None:
    proposal = collecting(stage)
    found = requests_of(stage, proposal, "owner1", "board1", "stranger")
    assert {(request.signer, request.is_member) for request in found} == {
        (address("owner1"), False),
        (address("board1"), True),
    }
    assert len(found) == 2


def test_signing_requests__strangers_and_other_states__get_none(stage: Stage) -> None:
    proposal = collecting(stage)
    assert requests_of(stage, proposal, "stranger", "operator", "executor") == []
    assert requests_of(stage, proposal) == []
    url = f"/api/v1/proposals/{proposal.public_id}/vetoes"
    assert stage.client("olga").post(url, {"reason": "not now"}).status_code == 201
    assert requests_of(stage, proposal, "owner1", "board1") == []


def test_signing_requests__operator_safe__asks_the_operator_and_never_the_executor(
    stage: Stage,
) -> None:
    stage.move("WETH", 1_100)
    proposal = stage.propose("core")
    stage.sweep()
    (request,) = requests_of(stage, proposal, "operator", "executor")
    assert request.signer == address("operator")


def test_signing_requests__who_triggered_it__is_not_asked_to_approve(stage: Stage) -> None:
    stage.move("WETH", 1_100)
    proposal = stage.propose("core", forced_reason="I want it", author=stage.people["olga"])
    stage.sweep()
    assert proposal_by_id(proposal.pk).state == ProposalState.COLLECTING
    assert requests_of(stage, proposal, "operator") == []


# ------------------------------------------------------------------------------------ members
def test_members__both_sign__make_the_boards_confirmation_and_execute(stage: Stage) -> None:
    proposal = collecting(stage)
    board = Address(stage.seeded.deployment.safes.board)
    (request,) = requests_of(stage, proposal, "board1")
    assert (request.owner, request.is_member) == (board, True)
    assert request.typed_data["primaryType"] == "SafeMessage"
    give(stage, proposal, "board1")
    assert requests_of(stage, proposal, "board1") == []
    assert MemberConfirmation.objects.count() == 1
    assert not Confirmation.objects.exists()
    stage.sweep()
    assert proposal_by_id(proposal.pk).state_reason == "0 of 3 signatures are there"
    give(stage, proposal, "board2")
    confirmation = Confirmation.objects.get()
    assert (confirmation.owner, confirmation.kind) == (board, "CONTRACT")
    give(stage, proposal, "owner1", "owner2")
    done = stage.settle(proposal, {"DONE", "FROZEN", "SUPERSEDED"})
    assert (done.state, done.outcome) == ("DONE", "EXECUTED"), done.state_reason
    actions = [row.payload["action"] for row in AuditEvent.objects.order_by("id")]
    assert actions.count("safe_transaction.member_confirmed") == 2


def test_members__the_same_signature_twice__is_one_row(stage: Stage) -> None:
    proposal = collecting(stage)
    (request,) = requests_of(stage, proposal, "board1")
    signature = signed_by_wallet("board1", request)
    assert [post(stage, proposal, request, signature)[0] for _ in range(3)] == [201] * 3
    assert MemberConfirmation.objects.count() == 1
    actions = [row.payload["action"] for row in AuditEvent.objects.order_by("id")]
    assert actions.count("safe_transaction.member_confirmed") == 1


@pytest.mark.parametrize(
    ("owner", "member", "signer", "code"),
    [
        ("board", "owner1", "owner1", "not_a_member"),
        ("board", "stranger", "stranger", "not_a_member"),
        ("owner1", "board1", "board1", "not_a_safe"),
        ("stranger", "board1", "board1", "not_an_owner"),
        ("board", "board1", "board2", "wrong_hash"),
    ],
)
def test_members__wrong_ones__are_refused_and_nothing_is_kept(
    stage: Stage, owner: str, member: AccountName, signer: AccountName, code: str
) -> None:
    proposal = collecting(stage)
    (request,) = requests_of(stage, proposal, "board1")
    addresses: dict[str, str] = {name: row.address for name, row in ACCOUNTS.items()}
    addresses["board"] = request.owner
    forged = SigningRequest(
        Address(addresses[owner]),
        Address(addresses[member]),
        True,
        request.typed_data,
        request.digest,
    )
    status, body = post(stage, proposal, forged, signed_by_wallet(signer, request))
    assert (status, body["code"]) == (422, code)
    assert not MemberConfirmation.objects.exists()
    assert not Confirmation.objects.exists()
    assert proposal_by_id(proposal.pk).state == ProposalState.COLLECTING


def test_members__signature_of_something_else_from_the_own_session__freezes(stage: Stage) -> None:
    proposal = collecting(stage)
    (request,) = requests_of(stage, proposal, "board1")
    assert proposal.safe_transaction is not None
    other = bytes.fromhex(proposal.safe_transaction.safe_tx_hash[2:])
    raw = ACCOUNTS["board1"].unsafe_sign_hash(other).signature  # type: ignore[arg-type]
    status, body = post(stage, proposal, request, "0x" + bytes(raw).hex(), who="bea")
    assert (status, body["code"]) == (422, "wrong_hash")
    assert proposal_by_id(proposal.pk).state == ProposalState.FROZEN
