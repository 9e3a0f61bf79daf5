"""What happens to sent transactions: reverts, reorganisations, lost and stuck ones, foreign
relayers."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from config.local.chain.accounts import ACCOUNTS
from config.local.chain.rpc import Rpc as ChainRpc
from config.local.chain.rpc import encode_call, hexed
from execution.core.types import Mechanism
from execution.models import Transaction
from execution.selectors.transactions import failed_streak, fills, transaction_by_id
from execution.services.submission import (
    SubmissionRefusedError,
    broadcast,
    build_bump,
    bump_fees,
    cancel_unsent,
)
from tests.chain.execution.world import MAX_FEE_WEI, World
from treasury.adapters.rpc import Rpc
from treasury.models import JournalEntry, OutboxEvent
from treasury.services.snapshots import take_snapshot

ROLES = Mechanism.ROLES


def role_swap(world: World, amount: int = 10_000) -> Transaction:
    prepared = world.prepare(
        "yield", [world.trade("uniswap_v3", "DAI", "USDC", amount)], mechanism=ROLES
    )
    assert prepared.ok, prepared.error
    return world.start(prepared, None)


def safe_swap(world: World, amount: int = 50_000) -> Transaction:
    prepared = world.prepare("reserve", [world.trade("uniswap_v3", "USDC", "WETH", amount)])
    assert prepared.ok, prepared.error
    stx = world.open(prepared)
    world.confirm(stx, "owner1", "owner2", "owner3")
    return world.start(prepared, stx)


def mined_at_nonce(world: World, row: Transaction) -> None:
    world.receipt(row.attempts.get(is_current=True).tx_hash)


def held(world: World, safe: str, symbol: str) -> int:
    rpc = ChainRpc(world.url)
    units = rpc.balance_of(world.address(symbol), world.safe(safe))
    rpc.close()
    return units


def take_away(world: World, safe: str, symbol: str) -> None:
    """The tokens vanish between signing and mining."""
    rest = held(world, safe, symbol) - 1
    data = encode_call("transfer(address,uint256)", ACCOUNTS["stranger"].address, rest)
    world.act_as(world.safe(safe), world.address(symbol), data)


# ------------------------------------------------------------------------------------ reverts
def test_a_revert_is_failed_only_at_finality_and_its_gas_is_booked(world: World) -> None:
    row = role_swap(world)
    world.sign(row)
    take_away(world, "yield", "DAI")
    broadcast(transaction_id=row.id, rpc_url=world.url)
    mined_at_nonce(world, row)
    assert world.track(row) == "MINED"
    assert world.track(row) == "MINED"
    world.mine(2)
    assert world.track(row) == "FINAL"
    assert world.reconcile(row) == "FAILED_ONCHAIN"
    assert transaction_by_id(row.id).state_reason == "the transaction reverted"
    assert failed_streak(tier_id=world.tiers["yield"].id) == 1
    (entry,) = JournalEntry.objects.exclude(tx_hash="")
    assert entry.kind == "GAS_FAILED"
    assert not fills(transaction_id=row.id).exists()


def test_a_failed_batch_of_the_safe_leaves_its_nonce_and_its_signatures_alive(
    world: World,
) -> None:
    row = safe_swap(world)
    world.sign(row)
    take_away(world, "main", "USDC")
    broadcast(transaction_id=row.id, rpc_url=world.url)
    assert world.settle(row) == "FAILED_ONCHAIN"
    row = transaction_by_id(row.id)
    assert row.safe_transaction is not None
    assert row.safe_transaction.status == "ACTIVE"


# ------------------------------------------------------------------------------------ reorganisatio
@pytest.mark.parametrize("kind", ["SAFE", "ROLES"])
def test_a_reorganisation_brings_back_and_the_same_bytes_execute_once(
    world: World, kind: str
) -> None:
    swap, safe, symbol = {
        "SAFE": (safe_swap, "main", "USDC"),
        "ROLES": (role_swap, "yield", "DAI"),
    }[kind]
    row = swap(world)
    before = held(world, safe, symbol)
    world.submit(row)
    mined_at_nonce(world, row)
    after = held(world, safe, symbol)
    assert world.track(row) == "MINED"
    world.chain.rpc("anvil_reorg", 1, [])
    assert held(world, safe, symbol) == before
    assert world.track(row) == "BROADCAST"
    assert OutboxEvent.objects.filter(kind="execution.reverted").count() == 1
    assert world.track(row) == "UNKNOWN"
    broadcast(transaction_id=row.id, rpc_url=world.url)
    broadcast(transaction_id=row.id, rpc_url=world.url)
    assert row.attempts.count() == 1
    assert world.settle(row) == "RECONCILED"
    assert held(world, safe, symbol) == after


def test_a_reorganisation_below_finality_reverses_the_books(world: World) -> None:
    row = safe_swap(world)
    world.submit(row)
    assert world.settle(row) == "RECONCILED"
    posted = JournalEntry.objects.exclude(tx_hash="").count()
    with Rpc(world.url) as rpc:
        mined = transaction_by_id(row.id).mined_block_number or 0
        depth = rpc.block().number - mined + 1
    world.chain.rpc("anvil_reorg", depth, [])
    assert world.track(row) == "BROADCAST"
    reversed_ = JournalEntry.objects.filter(kind="REVERSAL").count()
    assert (posted, reversed_) == (2, 2)
    assert not fills(transaction_id=row.id).exists()
    broadcast(transaction_id=row.id, rpc_url=world.url)
    assert world.settle(row) == "RECONCILED"
    assert fills(transaction_id=row.id).count() == 1
    snapshot = take_snapshot(treasury_id=world.treasury.id, block=world.head(), rpc_url=world.url)
    assert snapshot is not None


# ------------------------------------------------------------------------------------ lost and stuc
def test_a_lost_transaction_is_unknown_and_sent_again_with_the_same_bytes(world: World) -> None:
    row = role_swap(world)
    world.chain.rpc("evm_setAutomine", False)
    world.submit(row)
    assert world.track(row) == "BROADCAST"
    world.chain.rpc("anvil_dropAllTransactions")
    assert world.track(row) == "UNKNOWN"
    broadcast(transaction_id=row.id, rpc_url=world.url)
    world.chain.rpc("evm_setAutomine", True)
    world.mine()
    assert world.settle(row) == "RECONCILED"
    assert row.attempts.get().sent_count == 2


def test_a_stuck_transaction_is_replaced_with_its_nonce_and_all_versions_are_polled(
    world: World,
) -> None:
    row = role_swap(world)
    world.chain.rpc("evm_setAutomine", False)
    world.submit(row)
    first = row.attempts.get()
    with transaction.atomic():
        second = bump_fees(
            transaction_id=row.id,
            block=world.head(),
            rpc_url=world.url,
            max_fee_per_gas_wei=MAX_FEE_WEI,
        )
    assert second.eoa_nonce == first.eoa_nonce
    assert second.max_fee_per_gas_wei * 8 >= first.max_fee_per_gas_wei * 9
    assert second.max_priority_fee_per_gas_wei * 8 >= first.max_priority_fee_per_gas_wei * 9
    world.chain.rpc("anvil_dropAllTransactions")
    world.chain.rpc("eth_sendRawTransaction", hexed(bytes(first.raw)))  # the old one comes through
    world.chain.rpc("evm_setAutomine", True)
    world.mine()
    world.receipt(first.tx_hash)
    assert world.track(row) == "MINED"
    assert transaction_by_id(row.id).mined_tx_hash == first.tx_hash


def test_fees_never_exceed_the_cap(world: World) -> None:
    row = role_swap(world)
    world.chain.rpc("evm_setAutomine", False)
    world.submit(row)
    attempt = row.attempts.get()
    with pytest.raises(SubmissionRefusedError, match="fee_cap"):
        build_bump(
            transaction_id=row.id,
            block=world.head(),
            rpc_url=world.url,
            max_fee_per_gas_wei=attempt.max_fee_per_gas_wei,
        )
    world.chain.rpc("evm_setAutomine", True)
    world.mine()


def test_a_nonce_used_by_another_transaction_at_finality_cancels(world: World) -> None:
    row = role_swap(world)
    world.chain.rpc("evm_setAutomine", False)
    world.submit(row)
    world.chain.rpc("anvil_dropAllTransactions")
    world.chain.rpc("evm_setAutomine", True)
    rpc, executor = ChainRpc(world.url), ACCOUNTS["executor"]
    world.receipt(
        rpc.submit(executor, 31337, rpc.nonce(executor.address), executor.address, b"", gas=21_000)
    )
    rpc.close()
    assert world.track(row) == "UNKNOWN"
    assert world.track(row) == "UNKNOWN"
    world.mine(2)
    assert world.track(row) == "CANCELLED"


def test_a_foreign_relayer_of_our_safe_transaction_counts_as_ours(world: World) -> None:
    row = safe_swap(world)
    world.sign(row)
    stored = transaction_by_id(row.id)
    rpc, stranger = ChainRpc(world.url), ACCOUNTS["stranger"]
    world.chain.rpc("anvil_setBalance", stranger.address, hex(10**18))
    sent = rpc.submit(
        stranger, 31337, rpc.nonce(stranger.address), stored.to, bytes(stored.data), gas=900_000
    )
    rpc.close()
    world.receipt(sent)
    broadcast(transaction_id=row.id, rpc_url=world.url)
    mined_at_nonce(world, row)  # ours reverts: the Safe's nonce is used
    assert world.track(row) == "MINED"
    assert transaction_by_id(row.id).mined_tx_hash == sent
    world.mine(2)
    assert world.track(row) == "FINAL"
    assert world.reconcile(row) == "RECONCILED"


def test_what_was_sent_cannot_be_cancelled(world: World) -> None:
    row = role_swap(world)
    world.submit(row)
    with pytest.raises(ValueError, match="does not go from"):
        cancel_unsent(transaction_id=row.id, reason="too late", block=world.head())


def test_bytes_are_stored_before_they_are_sent(world: World, monkeypatch: Any) -> None:
    """The process dies just before the send: the state already says that bytes may be out."""
    row = role_swap(world)
    world.sign(row)
    assert transaction_by_id(row.id).state == "SIGNED_RAW"

    def die(step: str) -> None:
        if step == "broadcast.before":
            raise KeyboardInterrupt

    monkeypatch.setattr("execution.services.sending.passage", die)
    with pytest.raises(KeyboardInterrupt):
        broadcast(transaction_id=row.id, rpc_url=world.url)
    monkeypatch.undo()
    assert transaction_by_id(row.id).state == "BROADCAST"
    assert world.track(row) == "UNKNOWN"
    broadcast(transaction_id=row.id, rpc_url=world.url)
    assert world.settle(row) == "RECONCILED"
