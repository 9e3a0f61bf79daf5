"""Signed bytes into the database, then onto the wire; and the compare-and-set by which states move.

No key is needed here: what is sent was signed and stored before, and a rebroadcast sends the
same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from execution.adapters import ethereum
from execution.core.abi import keccak
from execution.core.lifecycle import TransactionState, check_move
from execution.core.types import Simulation
from execution.models import Attempt, Transaction
from execution.selectors.transactions import transaction_by_id
from treasury.core.types import Address, BlockRef
from treasury.services.crash_points import passage

LOCK_SPACE = 0xE0A  # first half of the advisory lock's key
IN_FLIGHT = (TransactionState.SIGNED_RAW, TransactionState.BROADCAST, TransactionState.UNKNOWN)


class SubmissionRefusedError(RuntimeError):
    """Nothing was signed or sent. `code` says what has to change; `retryable` that waiting may
    do."""

    def __init__(self, code: str, detail: str, *, retryable: bool = False) -> None:
        super().__init__(f"{code}: {detail}")
        self.code, self.detail, self.retryable = code, detail, retryable


@dataclass(frozen=True, slots=True)
class SignedAttempt:
    """Signed bytes that nobody has seen yet."""

    transaction_id: int
    chain_id: int
    executor: Address
    eoa_nonce: int
    to: Address
    data: bytes
    raw: bytes
    tx_hash: str
    max_fee_per_gas_wei: int
    max_priority_fee_per_gas_wei: int
    gas_limit: int
    simulation: Simulation


class MoveLostError(RuntimeError):
    """Somebody else moved the row first. Nothing was changed; look again."""


def move(transaction_id: int, old: TransactionState, new: TransactionState, **values: Any) -> None:
    """`UPDATE ... WHERE id = ? AND state = old`; raises MoveLostError when the row has moved on."""
    check_move(old, new)
    rows = Transaction.objects.filter(id=transaction_id, state=old)
    if rows.update(state=new, version=F("version") + 1, updated_at=Now(), **values) != 1:
        raise MoveLostError(f"transaction {transaction_id} is no longer {old}")


# ------------------------------------------------------------------------------------ writing
def store_attempt(*, transaction_id: int, signed: SignedAttempt, block: BlockRef) -> Attempt:
    """EXEC_INTENT -> SIGNED_RAW with the signed bytes. Call it inside the transaction that holds
    the locks of the halts. One transaction of the executor is in flight at a time."""
    if signed.transaction_id != transaction_id:
        raise SubmissionRefusedError("other_plan", "the bytes are of another transaction")
    with transaction.atomic():
        _lock_executor(signed)
        _require_idle(signed)
        move(
            transaction_id,
            TransactionState.EXEC_INTENT,
            TransactionState.SIGNED_RAW,
            to=signed.to,
            data=signed.data,
            state_reason="",
        )
        return _insert(signed)


def store_bump(*, transaction_id: int, signed: SignedAttempt, block: BlockRef) -> Attempt:
    """A replacement becomes the current attempt; the ones before stay and are polled on."""
    with transaction.atomic():
        row = Transaction.objects.select_for_update().get(id=transaction_id)
        current = Attempt.objects.select_for_update().get(transaction=row, is_current=True)
        if current.eoa_nonce != signed.eoa_nonce or signed.transaction_id != transaction_id:
            raise SubmissionRefusedError("nonce", "a replacement must take the same nonce")
        if row.state not in (TransactionState.BROADCAST, TransactionState.UNKNOWN):
            raise MoveLostError(f"transaction {transaction_id} is {row.state}")
        existing = Attempt.objects.filter(tx_hash=signed.tx_hash).first()
        if existing is not None:
            return existing
        Attempt.objects.filter(id=current.id).update(is_current=False)
        return _insert(signed)


def cancel_unsent(*, transaction_id: int, reason: str, block: BlockRef) -> None:
    """Before the first send only. The nonce is free again: the next transaction of the executor
    takes it, and with that the stored bytes can never be mined."""
    with transaction.atomic():
        row = Transaction.objects.select_for_update().get(id=transaction_id)
        move(
            row.id,
            TransactionState(row.state),
            TransactionState.CANCELLED,
            state_reason=reason[:300],
        )
        Attempt.objects.filter(transaction=row, is_current=True).update(is_current=False)


def _lock_executor(signed: SignedAttempt) -> None:
    key = int(signed.executor, 16) ^ signed.chain_id
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_SPACE, key % 2**31])


def _require_idle(signed: SignedAttempt) -> None:
    """A second one in flight would wait behind the first, or take its nonce."""
    busy = (
        Attempt.objects.filter(
            chain_id=signed.chain_id,
            executor=signed.executor,
            is_current=True,
            transaction__state__in=IN_FLIGHT,
        )
        .exclude(transaction_id=signed.transaction_id)
        .first()
    )
    if busy is not None:
        detail = f"nonce {busy.eoa_nonce} of the executor is in flight ({busy.tx_hash})"
        raise SubmissionRefusedError("executor_busy", detail, retryable=True)
    # Finished ones whose nonce comes again: a reorganisation undid the chain below them.
    taken = Attempt.objects.filter(
        chain_id=signed.chain_id,
        executor=signed.executor,
        eoa_nonce__gte=signed.eoa_nonce,
        is_current=True,
    ).exclude(transaction_id=signed.transaction_id)
    if taken.exists():
        detail = f"nonce {signed.eoa_nonce} belongs to a transaction that the chain has lost"
        raise SubmissionRefusedError("nonce", detail, retryable=True)


def _insert(signed: SignedAttempt) -> Attempt:
    return Attempt.objects.create(
        transaction_id=signed.transaction_id,
        chain_id=signed.chain_id,
        executor=signed.executor,
        eoa_nonce=signed.eoa_nonce,
        raw=signed.raw,
        tx_hash=signed.tx_hash,
        max_fee_per_gas_wei=signed.max_fee_per_gas_wei,
        max_priority_fee_per_gas_wei=signed.max_priority_fee_per_gas_wei,
        gas_limit=signed.gas_limit,
    )


# ------------------------------------------------------------------------------------ sending
def broadcast(*, transaction_id: int, rpc_url: str) -> None:
    """Send the current attempt's bytes; again is harmless. BROADCAST is committed before the
    send, so that bytes which may be out are never taken for unsent. What the node answers
    decides nothing."""
    row = transaction_by_id(transaction_id)
    old = TransactionState(row.state)
    if old not in IN_FLIGHT:
        raise SubmissionRefusedError("other_state", f"the transaction is {old}")
    attempt = Attempt.objects.get(transaction_id=transaction_id, is_current=True)
    if "0x" + keccak(bytes(attempt.raw)).hex() != attempt.tx_hash:
        raise SubmissionRefusedError("tampered", "the stored bytes are not those of their hash")
    with transaction.atomic():
        if old is not TransactionState.BROADCAST:
            move(transaction_id, old, TransactionState.BROADCAST, state_reason="")
        Attempt.objects.filter(id=attempt.id).update(sent_count=F("sent_count") + 1)
    passage("broadcast.before")
    with ethereum.connect(rpc_url) as rpc:
        outcome = ethereum.send_raw(rpc, bytes(attempt.raw))
    passage("broadcast.after")
    if not outcome.accepted:
        Transaction.objects.filter(id=transaction_id, state=TransactionState.BROADCAST).update(
            state_reason=outcome.message[:300]
        )
