"""Rejecting on the chain: an empty call at the same nonce, signed and sent like any other.

It stands beside what it rejects, never instead of it: owners may sign both, whichever the chain
takes first makes the other impossible. It moves nothing, so no halt and no quote holds it up.
"""

from __future__ import annotations

from django.db import transaction

from execution.adapters import ethereum, safe
from execution.core import planning, safe_tx
from execution.core.lifecycle import ACTIVE
from execution.core.types import Operation
from execution.models import SafeTransaction, SafeTransactionStatus, Transaction
from execution.selectors.plans import fields_of
from execution.selectors.transactions import rejection_of, safe_transaction_by_id
from execution.services.sending import SubmissionRefusedError
from execution.services.submission import one_start_at_a_time
from treasury.core.types import Actor, BlockRef
from treasury.services.record import record_audit


class CannotRejectError(ValueError):
    """There is nothing to reject on the chain, or no longer; the text says why."""


def open_rejection(
    *, safe_transaction_id: int, reason: str, block: BlockRef, rpc_url: str, actor: Actor
) -> SafeTransaction:
    """The ten fields of the rejection, written before anybody can sign. Asked again, the same row
    comes back."""
    rejected = safe_transaction_by_id(safe_transaction_id)
    fields = planning.rejection_fields(fields_of(rejected))
    with ethereum.connect(rpc_url) as rpc:
        if safe.state(rpc, fields.safe, block).nonce > fields.nonce:
            raise CannotRejectError(f"nonce {fields.nonce} of the Safe is used already")
        safe.require_same_hash(rpc, fields, block)
    with transaction.atomic():
        row = SafeTransaction.objects.select_for_update().get(id=safe_transaction_id)
        if row.status != SafeTransactionStatus.ACTIVE or row.parent_id or row.rejects_id:
            raise CannotRejectError(f"the Safe transaction is {row.status}")
        existing = rejection_of(row.pk)
        if existing is not None:
            return existing
        opened = SafeTransaction.objects.create(
            plan_id=row.plan_id,
            safe_id=row.safe_id,
            rejects=row,
            chain_id=fields.chain_id,
            nonce=fields.nonce,
            to=fields.to,
            value=0,
            data=b"",
            operation=int(Operation.CALL),
            safe_tx_hash=safe_tx.safe_tx_hash(fields),
        )
        record_audit(
            actor=actor,
            action="safe_transaction.rejection_opened",
            object_type="safe_transaction",
            object_id=opened.public_id,
            block=block,
            after={
                "rejects": row.public_id,
                "nonce": fields.nonce,
                "safe_tx_hash": opened.safe_tx_hash,
            },
            reason=reason[:300],
        )
    return opened


def start_rejection(*, safe_transaction_id: int, actor: Actor, block: BlockRef) -> Transaction:
    """EXEC_INTENT of the rejection. Nothing else of the plan may be under way: the two share the
    Safe's nonce, and one sender takes care of it at a time."""
    stx = safe_transaction_by_id(safe_transaction_id)
    with transaction.atomic():
        one_start_at_a_time(stx.plan_id)
        stx.refresh_from_db()
        fields = fields_of(stx)
        if stx.rejects_id is None or fields != planning.rejection_fields(fields):
            raise SubmissionRefusedError("other_plan", "the Safe transaction is no rejection")
        if stx.status != SafeTransactionStatus.ACTIVE:
            raise SubmissionRefusedError("slot_lost", f"the rejection is {stx.status}")
        if stx.plan.transactions.filter(state__in=ACTIVE).exists():
            raise SubmissionRefusedError("already_started", "an execution is under way")
        started = Transaction.objects.create(
            plan_id=stx.plan_id,
            safe_transaction=stx,
            mechanism=stx.plan.mechanism,
            plan_digest=stx.plan.digest,
            authorization_expires_at=stx.plan.expires_at,
            to=fields.safe,
            data=safe_tx.exec_transaction(fields, b""),
        )
        record_audit(
            actor=actor,
            action="transaction.started",
            object_type="transaction",
            object_id=started.public_id,
            block=block,
            after={"rejects": stx.plan.digest, "safe_tx_hash": stx.safe_tx_hash},
        )
    return started
