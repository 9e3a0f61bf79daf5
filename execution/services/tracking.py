"""Where a sent transaction is: reads the chain, moves one state at a time, never sends.

The order of asking (reliability 2.4): the Safe's own event for our hash, the receipts of every
version that was ever signed, then the fencing nonce at finality. No receipt means UNKNOWN, never
failed; whether a mined transaction succeeded is judged at finality by the reconciler.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction

from execution.adapters import ethereum, safe
from execution.core.abi import topic
from execution.core.contracts import EXECUTION_FAILURE, EXECUTION_SUCCESS
from execution.core.lifecycle import TransactionState
from execution.core.types import Receipt
from execution.models import SafeTransaction, SafeTransactionStatus, Transaction
from execution.selectors.plans import fields_of, plan_value
from execution.selectors.transactions import safe_transaction_by_id, transaction_by_id
from execution.services.sending import move
from treasury.adapters.rpc import Rpc
from treasury.core.types import Actor, ActorKind, Address, BlockRef
from treasury.services.crash_points import passage
from treasury.services.ledger import reverse_entries
from treasury.services.record import emit_event, record_audit

TRACKER = Actor(ActorKind.SYSTEM, "execution.tracker")
S = TransactionState
NOT_MINED: dict[str, object] = {
    "mined_tx_hash": "",
    "mined_block_number": None,
    "mined_block_hash": "",
    "mined_at": None,
    "gas_used": None,
    "effective_gas_price_wei": None,
    "reconciled_at": None,
}


@dataclass(frozen=True, slots=True)
class Watch:
    """One look at the chain: `block` is the head that the caller has pinned."""

    rpc: Rpc
    row: Transaction
    block: BlockRef
    finality_depth: int

    @property
    def final_number(self) -> int:
        """The newest block that counts as final."""
        return max(self.block.number - self.finality_depth, 0)


def track(
    *, transaction_id: int, block: BlockRef, finality_depth: int, rpc_url: str
) -> TransactionState:
    """One step at most. The answer is the state after it; states that the chain cannot move come
    back as they are."""
    row = transaction_by_id(transaction_id)
    step = STEPS.get(S(row.state))
    if step is not None:
        with ethereum.connect(rpc_url) as rpc:
            step(Watch(rpc, row, block, finality_depth))
    return S(Transaction.objects.values_list("state", flat=True).get(id=transaction_id))


def find_receipt(rpc: Rpc, row: Transaction) -> Receipt | None:
    """The canonical receipt that decides: the one in which the Safe says our hash, whoever sent it;
    else one of our own versions."""
    hashes = list(row.attempts.order_by("id").values_list("tx_hash", flat=True))
    if row.safe_transaction is not None:
        by_event = _transaction_of_safe_event(rpc, safe_transaction_by_id(row.safe_transaction.id))
        if by_event is not None:
            found = ethereum.receipts(rpc, [by_event])
            if found:
                return found[0]
    found = ethereum.receipts(rpc, hashes)
    # The versions share one nonce, so at most one is mined.
    return found[0] if found else None


def _transaction_of_safe_event(rpc: Rpc, stx: SafeTransaction) -> str | None:
    return ethereum.transaction_of_event(
        rpc,
        address=Address(stx.safe.address),
        topics=[[topic(EXECUTION_SUCCESS), topic(EXECUTION_FAILURE)], stx.safe_tx_hash],
        from_block=plan_value(stx.plan).block.number,
    )


# ------------------------------------------------------------------------------------ steps
def _sent(watch: Watch) -> None:
    """BROADCAST or UNKNOWN: mined, still waiting, lost, or fenced out for ever."""
    state = S(watch.row.state)
    receipt = find_receipt(watch.rpc, watch.row)
    if receipt is not None and receipt.block.number <= watch.block.number:
        _mined(watch, state, receipt)
        return
    if receipt is not None:
        return  # mined after the block that the caller looks from
    if state is S.BROADCAST:
        hashes = list(watch.row.attempts.values_list("tx_hash", flat=True))
        if not ethereum.known_hashes(watch.rpc, hashes):
            _move(watch, S.BROADCAST, S.UNKNOWN, "no node knows the transaction")
    elif _is_fenced_out(watch):
        _move(watch, S.UNKNOWN, S.CANCELLED, "its nonce was used by another transaction")


def _mined(watch: Watch, state: TransactionState, receipt: Receipt) -> None:
    with transaction.atomic():
        move(
            watch.row.id,
            state,
            S.MINED,
            mined_tx_hash=receipt.tx_hash,
            mined_block_number=receipt.block.number,
            mined_block_hash=receipt.block.hash,
            mined_at=receipt.block.timestamp,
            gas_used=receipt.gas_used,
            effective_gas_price_wei=receipt.effective_gas_price_wei,
            state_reason="",
        )
        record_audit(
            actor=TRACKER,
            action="transaction.mined",
            object_type="transaction",
            object_id=watch.row.public_id,
            block=watch.block,
            after={"tx_hash": receipt.tx_hash, "block_hash": receipt.block.hash},
        )
    passage("mined.after")


def _is_fenced_out(watch: Watch) -> bool:
    """At finality the nonce that fences this intent is past, and no receipt of ours exists."""
    final = ethereum.block_at(watch.rpc, watch.final_number)
    if watch.row.safe_transaction is not None:
        stx = safe_transaction_by_id(watch.row.safe_transaction.id)
        fields = fields_of(stx)
        return safe.state(watch.rpc, fields.safe, final).nonce > fields.nonce
    attempt = watch.row.attempts.order_by("-id")[0]
    used = ethereum.transaction_count(watch.rpc, Address(attempt.executor), final)
    return used > attempt.eoa_nonce


def _confirming(watch: Watch) -> None:
    """MINED: final once deep enough, back when its block is gone."""
    if not _still_there(watch):
        _revert(watch)
    elif (watch.row.mined_block_number or 0) <= watch.final_number:
        _move(watch, S.MINED, S.FINAL, "")
        passage("final.after")


def _settled(watch: Watch) -> None:
    """FINAL or RECONCILED: only a reorganisation below our finality moves it."""
    if not _still_there(watch):
        _revert(watch)


def _still_there(watch: Watch) -> bool:
    number = watch.row.mined_block_number or 0
    return ethereum.block_hash_at(watch.rpc, number) == watch.row.mined_block_hash


def _revert(watch: Watch) -> None:
    """Back to BROADCAST, and what was booked is reversed. Nothing is deleted; the same bytes
    will be sent again."""
    row, state = watch.row, S(watch.row.state)
    treasury_id = row.plan.tier.treasury_id
    with transaction.atomic():
        move(row.id, state, S.BROADCAST, state_reason="its block is gone", **NOT_MINED)
        if state is S.RECONCILED:
            reverse_entries(
                treasury_id=treasury_id, tx_hash=row.mined_tx_hash, actor=TRACKER, block=watch.block
            )
            SafeTransaction.objects.filter(
                plan=row.plan, status=SafeTransactionStatus.EXECUTED
            ).update(status=SafeTransactionStatus.ACTIVE)
        emit_event(
            treasury_id=treasury_id,
            kind="execution.reverted",
            payload={
                "transaction": row.public_id,
                "tx_hash": row.mined_tx_hash,
                "was": state.value,
            },
        )
        record_audit(
            actor=TRACKER,
            action="transaction.reverted",
            object_type="transaction",
            object_id=row.public_id,
            block=watch.block,
            before={"state": state.value, "block_hash": row.mined_block_hash},
        )


def _move(watch: Watch, old: TransactionState, new: TransactionState, reason: str) -> None:
    with transaction.atomic():
        move(watch.row.id, old, new, state_reason=reason)
        record_audit(
            actor=TRACKER,
            action="transaction.moved",
            object_type="transaction",
            object_id=watch.row.public_id,
            block=watch.block,
            before={"state": old.value},
            after={"state": new.value},
            reason=reason,
        )


STEPS: dict[TransactionState, Callable[[Watch], None]] = {
    S.BROADCAST: _sent,
    S.UNKNOWN: _sent,
    S.MINED: _confirming,
    S.FINAL: _settled,
    S.RECONCILED: _settled,
}
