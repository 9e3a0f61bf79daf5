"""An owner Safe changes its members while signatures are collected."""

from __future__ import annotations

from config.local.chain.accounts import ACCOUNTS, AccountName
from config.local.chain.rpc import Rpc, encode_call, hexed
from execution.models import Confirmation
from tests.integration.governance.conftest import Stage
from tests.integration.governance.signatures.signing import address, board, collecting, give


def swap_member(stage: Stage, old: AccountName, new: AccountName, *, after: AccountName) -> None:
    """The board Safe calls itself, as if its owners had signed it."""
    board = stage.seeded.deployment.safes.board
    data = encode_call(
        "swapOwner(address,address,address)",
        ACCOUNTS[after].address,
        ACCOUNTS[old].address,
        ACCOUNTS[new].address,
    )
    rpc = Rpc(stage.url)
    try:
        rpc("anvil_setBalance", board, hex(10**18))
        rpc("anvil_impersonateAccount", board)
        sent = rpc("eth_sendTransaction", {"from": board, "to": board, "data": hexed(data)})
        rpc.mine(rpc.timestamp() + 12)
        assert rpc("eth_getTransactionReceipt", sent)["status"] == "0x1"
    finally:
        rpc.close()


def test_members__one_is_replaced__the_owners_signature_stops_to_count_and_is_made_anew(
    stage: Stage,
) -> None:
    proposal = collecting(stage)
    give(stage, proposal, "board1", "board2", "owner1", "owner2")
    before = Confirmation.objects.get(kind="CONTRACT")
    assert before.is_valid
    swap_member(stage, "board2", "stranger", after="board1")
    stage.sweep()
    proposal.refresh_from_db()
    assert proposal.state == "COLLECTING", proposal.state_reason
    assert Confirmation.objects.filter(kind="CONTRACT", is_valid=False).count() == 1
    (seat,) = (seat for seat in board(stage, proposal).seats if seat.address == before.owner)
    assert seat.state == "INVALID"
    assert set(seat.has_signed) == {address("board1")}
    assert set(seat.may_sign) == {address("board1"), address("stranger")}
    give(stage, proposal, "stranger")
    after = Confirmation.objects.get(kind="CONTRACT")
    assert after.is_valid
    assert bytes(after.signature) != bytes(before.signature)
    done = stage.settle(proposal, {"DONE", "FROZEN", "SUPERSEDED"})
    assert (done.state, done.outcome) == ("DONE", "EXECUTED"), done.state_reason
