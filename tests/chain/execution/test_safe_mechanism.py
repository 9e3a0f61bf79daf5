"""The multisig way: batches of the main Safe, also for a tier Safe, from quotes to the books."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from eth_typing import Hash32

from config.local.chain.accounts import ACCOUNTS, address_of
from config.local.chain.rpc import Rpc as ChainRpc
from config.local.chain.rpc import encode_call, hexed
from execution.adapters.safe import CURVE_ORDER
from execution.core.abi import keccak
from execution.core.contracts import IDENTITY, SWAP_ROUTER02
from execution.core.planning import main_batch
from execution.core.safe_tx import preimage
from execution.models import SafeTransaction
from execution.selectors.plans import (
    decode_plan,
    decode_safe_transaction,
    fields_of,
    plan_by_id,
    plan_value,
)
from execution.selectors.transactions import fills, turnover_usd
from execution.services.checking_books import check_books
from execution.services.confirming import (
    ConfirmationRefusedError,
    confirmation_status,
    packed_signatures,
)
from execution.services.preparing import PreparedPlan, close_safe_transaction, resimulate
from execution.services.submission import SubmissionRefusedError
from tests.chain.execution.world import TESTER, World, sign
from treasury.core.types import Address
from treasury.models import JournalEntry
from treasury.services.snapshots import take_snapshot


def board_signature(world: World, stx: SafeTransaction) -> bytes:
    """The board Safe's own owners sign the Safe message of the preimage (Safe 1.4.1), packed as the
    stand-alone contract signature."""
    board = world.deployment.safes.board
    rpc = ChainRpc(world.url)
    message = encode_call("getMessageHash(bytes)", preimage(fields_of(stx)))
    digest = Hash32(bytes.fromhex(rpc("eth_call", {"to": board, "data": hexed(message)})[2:]))
    rpc.close()
    members = (ACCOUNTS["board1"], ACCOUNTS["board2"])
    people = sorted(members, key=lambda account: int(account.address, 16))
    inner = b"".join(bytes(account.unsafe_sign_hash(digest).signature) for account in people)
    head = bytes(12) + bytes.fromhex(board[2:]) + (65).to_bytes(32, "big") + b"\0"
    return head + len(inner).to_bytes(32, "big") + inner


def approve_on_chain(world: World, stx: SafeTransaction) -> None:
    rpc = ChainRpc(world.url)
    data = encode_call("approveHash(bytes32)", bytes.fromhex(stx.safe_tx_hash[2:]))
    account = ACCOUNTS["owner2"]
    sent = rpc.submit(
        account,
        world.deployment.chain_id,
        rpc.nonce(account.address),
        world.deployment.safes.main,
        data,
        gas=200_000,
    )
    rpc.close()
    world.receipt(sent)


def opened(world: World, amount: int = 50_000) -> tuple[PreparedPlan, SafeTransaction]:
    prepared = world.prepare("reserve", [world.trade("uniswap_v3", "USDC", "WETH", amount)])
    assert prepared.ok, prepared.error
    return prepared, world.open(prepared)


def refused(world: World, stx: SafeTransaction, owner: str, signature: bytes) -> str:
    with pytest.raises(ConfirmationRefusedError) as caught:
        world.confirm_with(stx, Address(owner), signature)
    return caught.value.code


# ------------------------------------------------------------------------------------ happy paths
def test_two_swaps_of_the_main_safe_from_quote_to_books(world: World) -> None:
    trades = [
        world.trade("uniswap_v3", "USDC", "WETH", 50_000),
        world.trade("uniswap_v3", "DAI", "USDC", 20_000),
    ]
    prepared = world.prepare("reserve", trades)
    assert prepared.ok, prepared.error
    assert len(prepared.simulation.changes) == 3
    stx = world.open(prepared)
    world.confirm(stx, "owner1", "owner2", "owner3")
    row = world.execute(prepared, stx)
    assert row.state == "RECONCILED", row.state_reason
    assert not row.breaks.exists()
    done = list(fills(transaction_id=row.id))
    assert [fill.sell_units for fill in done] == [trade.sell_units for trade in trades]
    assert all(fill.actual_gas_usd > 0 and fill.estimated_cost_usd > 0 for fill in done)
    kinds = JournalEntry.objects.filter(tx_hash=row.mined_tx_hash).values_list("kind", flat=True)
    assert sorted(kinds) == ["GAS", "SWAP", "SWAP"]
    stx.refresh_from_db()
    assert stx.status == "EXECUTED"
    assert turnover_usd(tier_id=world.tiers["reserve"].id, since=0) > 60_000
    snapshot = take_snapshot(treasury_id=world.treasury.id, block=world.head(), rpc_url=world.url)
    assert check_books(treasury_id=world.treasury.id, snapshot_id=snapshot.id) == []
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_key_approved_hash_and_board_safe_together_make_the_threshold(world: World) -> None:
    prepared, stx = opened(world)
    approve_on_chain(world, stx)
    world.confirm(stx, "owner1")
    world.confirm_with(stx, Address(address_of("owner2")), b"", "APPROVED_HASH")
    status = confirmation_status(safe_transaction_id=stx.id, block=world.head(), rpc_url=world.url)
    assert not status.is_complete
    board = Address(world.deployment.safes.board)
    world.confirm_with(stx, board, board_signature(world, stx), "CONTRACT")
    status = confirmation_status(safe_transaction_id=stx.id, block=world.head(), rpc_url=world.url)
    assert status.is_complete
    assert status.threshold == 3
    assert len(status.missing) == 2
    assert world.execute(prepared, stx).state == "RECONCILED"


def test_work_in_a_tier_safe_is_one_nested_leg(world: World) -> None:
    prepared = world.prepare("core", [world.trade("uniswap_v3", "WETH", "WBTC", 5)])
    assert prepared.ok, prepared.error
    assert prepared.plan_id is not None
    plan_row = plan_by_id(prepared.plan_id)
    outer = main_batch(plan_value(plan_row))
    assert [call.to for call in outer] == [SWAP_ROUTER02, world.safe("core"), IDENTITY]
    stx = world.open(prepared)
    nested = SafeTransaction.objects.get(parent=stx)
    assert (nested.safe.address, nested.nonce) == (world.safe("core"), 1)
    shown = decode_safe_transaction(stx)
    assert [call.call.purpose for call in shown.calls] == ["nested"]
    assert [c.call.purpose for c in shown.calls[0].inner] == ["approve", "swap", "approve"]
    assert shown.evidence_digest == plan_row.evidence_digest
    assert shown == decode_plan(plan_row)
    world.confirm(stx, "owner1", "owner3", "owner4")
    row = world.execute(prepared, stx)
    assert row.state == "RECONCILED", row.state_reason
    assert not row.breaks.exists()
    nested.refresh_from_db()
    assert nested.status == "EXECUTED"


def test_transfer_to_a_tier_safe_carries_cost(world: World) -> None:
    trade = world.trade("transfer", "USDC", "USDC", 1_000)
    prepared = world.prepare("reserve", [trade])
    assert prepared.ok, prepared.error
    stx = world.open(prepared)
    world.confirm(stx, "owner1", "owner2", "owner3")
    row = world.execute(prepared, stx)
    assert row.state == "RECONCILED"
    entry = JournalEntry.objects.get(tx_hash=row.mined_tx_hash, kind="TRANSFER")
    assert entry.lots.get().holder == world.safe("core")


def test_each_leg_takes_its_own_lots_and_may_sell_what_the_one_before_bought(
    world: World,
) -> None:
    buys = world.prepare("reserve", [world.trade("uniswap_v3", "USDC", "DAI", 10_000)])
    stx = world.open(buys)
    world.confirm(stx, "owner1", "owner2", "owner3")
    assert world.execute(buys, stx).state == "RECONCILED"
    trades = [
        world.trade("uniswap_v3", "DAI", "USDC", 300_000),  # all of the opening lot
        world.trade("uniswap_v3", "DAI", "USDC", 5_000),  # of the lot bought above
        world.trade("uniswap_v3", "USDC", "DAI", 1_000_000),  # also what the first leg brought
    ]
    sells = world.prepare("reserve", trades)
    assert sells.ok, sells.error
    stx = world.open(sells)
    world.confirm(stx, "owner1", "owner2", "owner3")
    row = world.execute(sells, stx)
    assert row.state == "RECONCILED", row.state_reason
    entries = JournalEntry.objects.filter(tx_hash=row.mined_tx_hash, kind="SWAP")
    assert not entries.filter(cost_basis_incomplete=True).exists()
    assert [entry.disposals.count() for entry in entries.order_by("sequence")] == [1, 1, 2]
    snapshot = take_snapshot(treasury_id=world.treasury.id, block=world.head(), rpc_url=world.url)
    assert check_books(treasury_id=world.treasury.id, snapshot_id=snapshot.id) == []


# ------------------------------------------------------------------------------------ the plan
def test_a_plan_is_the_same_row_when_it_is_prepared_again(world: World) -> None:
    trades = [world.trade("uniswap_v3", "USDC", "WETH", 10)]
    first, second = world.prepare("reserve", trades), world.prepare("reserve", trades)
    assert first.plan_id == second.plan_id
    assert first.digest == second.digest


def test_evidence_covers_reasons_legs_and_simulated_changes(world: World) -> None:
    trades = [world.trade("uniswap_v3", "USDC", "WETH", 10)]
    one = world.prepare("reserve", trades, evidence={"why": "one"})
    other = world.prepare("reserve", trades, evidence={"why": "other"})
    assert one.digest != other.digest
    assert one.plan_id is not None
    row = plan_by_id(one.plan_id)
    text = json.loads(row.evidence)
    assert set(text) == {"reasons", "legs", "changes"}
    assert plan_value(row).batch[-1].data.hex() == row.evidence_digest


def test_what_cannot_be_done_is_no_plan(world: World) -> None:
    prepared = world.prepare("reserve", [world.trade("uniswap_v3", "USDC", "WETH", 2_000_000)])
    assert not prepared.ok
    assert prepared.plan_id is None
    assert "ERC20InsufficientBalance" in prepared.error


def test_the_first_signature_round_takes_the_next_nonce_and_a_closed_slot_is_reused(
    world: World,
) -> None:
    _, first = opened(world, 10)
    _, second = opened(world, 20)
    assert second.nonce == first.nonce + 1
    close_safe_transaction(
        safe_transaction_id=first.id,
        replaced=False,
        reason="rejected",
        actor=TESTER,
        block=world.head(),
    )
    _, third = opened(world, 30)
    assert third.nonce == first.nonce


# ------------------------------------------------------------------------------------ refusals
def test_signatures_that_do_not_count(world: World) -> None:
    _, stx = opened(world)
    stranger, owner1 = address_of("stranger"), address_of("owner1")
    good = sign("owner1", stx.safe_tx_hash)
    assert refused(world, stx, stranger, sign("stranger", stx.safe_tx_hash)) == "not_an_owner"
    assert refused(world, stx, owner1, sign("owner1", "0x" + "11" * 32)) == "wrong_hash"
    assert refused(world, stx, owner1, sign("owner2", stx.safe_tx_hash)) == "wrong_hash"
    assert refused(world, stx, owner1, good[:-1]) == "malformed"
    assert refused(world, stx, owner1, good + good) == "malformed"
    approved = bytes(12) + bytes.fromhex(owner1[2:]) + bytes(32) + b"\x01"
    assert refused(world, stx, owner1, approved) == "not_approved"
    board = world.deployment.safes.board
    assert refused(world, stx, board, board_signature(world, stx)[:-65] + good) in {
        "contract_refuses",
        "malformed",
    }
    assert stx.confirmations.count() == 0


def test_the_high_s_twin_and_a_second_signature_of_one_owner_count_once(world: World) -> None:
    _, stx = opened(world)
    owner = Address(address_of("owner1"))
    good = sign("owner1", stx.safe_tx_hash)
    s = CURVE_ORDER - int.from_bytes(good[32:64], "big")
    twin = good[:32] + s.to_bytes(32, "big") + bytes([55 - good[64]])
    world.confirm_with(stx, owner, twin)
    world.confirm_with(stx, owner, good)
    assert bytes(stx.confirmations.get().signature) == good
    approve = ACCOUNTS["owner1"]
    prefixed = bytes(approve.unsafe_sign_hash(Hash32(_eth_message(stx.safe_tx_hash))).signature)
    eth_sign = prefixed[:64] + bytes([prefixed[64] + 4])
    assert refused(world, stx, owner, eth_sign) == "duplicate_owner"
    assert (
        packed_signatures(safe_transaction_id=stx.id, block=world.head(), rpc_url=world.url) == b""
    )


def _eth_message(tx_hash: str) -> bytes:
    return keccak(b"\x19Ethereum Signed Message:\n32" + bytes.fromhex(tx_hash[2:]))


def test_a_removed_owner_no_longer_counts_and_nothing_is_sent(world: World) -> None:
    prepared, stx = opened(world)
    world.confirm(stx, "owner1", "owner2", "owner3")
    main = world.deployment.safes.main
    owners = [Address(owner) for owner in world.deployment.owners]
    gone = Address(address_of("owner2"))
    at = owners.index(gone)
    before = owners[at - 1] if at else "0x" + "0" * 39 + "1"
    data = encode_call("removeOwner(address,address,uint256)", before, gone, 3)
    world.act_as(main, main, data)
    status = confirmation_status(safe_transaction_id=stx.id, block=world.head(), rpc_url=world.url)
    assert not status.is_complete
    assert gone not in status.confirmed
    dropped = stx.confirmations.get(owner=gone)
    assert (dropped.is_valid, "no owner" in dropped.invalid_reason) == (False, True)
    row = world.start(prepared, stx)
    with pytest.raises(SubmissionRefusedError, match="not_confirmed"):
        world.submit(row)
    world.confirm(stx, "owner4")
    world.submit(row)
    assert world.settle(row) == "RECONCILED"


@pytest.mark.parametrize("kind", ["swap", "transfer"])
def test_an_expired_batch_reverts_whoever_sends_it(world: World, kind: str) -> None:
    """A swap has a deadline of its own; a transfer has none but the batch's first leg."""
    if kind == "swap":
        prepared, stx = opened(world)
    else:
        prepared = world.prepare("reserve", [world.trade("transfer", "USDC", "USDC", 1_000)])
        assert prepared.ok, prepared.error
        stx = world.open(prepared)
    world.confirm(stx, "owner1", "owner2", "owner3")
    row = world.start(prepared, stx)
    world.sign(row)
    raw = row.attempts.get().raw
    world.chain.rpc("evm_increaseTime", 7_200)
    world.mine()
    with pytest.raises(SubmissionRefusedError, match="expired"):
        world.start(prepared, stx)
    rpc = ChainRpc(world.url)
    sent = rpc("eth_sendRawTransaction", hexed(bytes(raw)))
    rpc.close()
    assert world.receipt(sent)["status"] == "0x0"
    plan = resimulate(plan_id=stx.plan_id, block=world.head(), rpc_url=world.url)
    assert not plan.ok


def test_a_better_market_makes_a_signed_minimum_too_low(world: World) -> None:
    prepared, stx = opened(world)
    world.confirm(stx, "owner1", "owner2", "owner3")
    row = world.start(prepared, stx)
    _push_price(world)
    with pytest.raises(SubmissionRefusedError, match="minimum_too_low"):
        world.submit(row)


def _push_price(world: World) -> None:
    """The market account sells WETH until USDC buys 1 % more of it."""
    rpc = ChainRpc(world.url)
    market, contracts = ACCOUNTS["market"], world.deployment.contracts
    weth, usdc = world.deployment.tokens["WETH"], world.deployment.tokens["USDC"]
    swap = encode_call(
        "exactInputSingle((address,address,uint24,address,uint256,uint256,uint256,uint160))",
        (weth.address, usdc.address, 500, market.address, 2**40, weth.units(400), 0, 0),
    )
    approve = encode_call("approve(address,uint256)", contracts.swap_router, 2**255)
    for to, data in ((weth.address, approve), (contracts.swap_router, swap)):
        world.receipt(rpc.submit(market, 31337, rpc.nonce(market.address), to, data, gas=1_000_000))
    rpc.close()
