"""Asking for signatures: only now a plan takes a nonce, and its ten fields are written before
anybody can see them."""

from __future__ import annotations

from django.db import connection, transaction
from django.db.models import Q

from execution.adapters import ethereum, safe
from execution.core import planning
from execution.core.lifecycle import ACTIVE
from execution.core.safe_tx import safe_tx_hash
from execution.core.types import SafeTxFields
from execution.models import Plan, SafeTransaction, SafeTransactionStatus, Transaction
from execution.selectors.plans import plan_by_id, plan_value
from execution.selectors.treasuries import TreasuryView, treasury_view
from treasury.core.types import Actor, Address, BlockRef
from treasury.services.record import record_audit

LOCK_SPACE = 0x5AFE  # first half of the advisory lock's key


class CannotOpenError(RuntimeError):
    """The plan cannot take a nonce: expired, or no Safe signs for it."""


def open_safe_transaction(
    *, plan_id: int, block: BlockRef, rpc_url: str, actor: Actor
) -> SafeTransaction:
    """Give the plan the lowest free nonce of its signing Safe. Asked again, the same row comes
    back."""
    row = plan_by_id(plan_id)
    plan, view = plan_value(row), treasury_view(row.tier)
    signing = planning.signing_safe(plan)
    if signing is None:
        raise CannotOpenError("the executor key holds the role: nobody signs a Safe transaction")
    if plan.expires_at <= block.timestamp:
        raise CannotOpenError("the plan has expired; propose again")
    with ethereum.connect(rpc_url) as rpc:
        chain_nonce = safe.state(rpc, signing, block).nonce
        tier_nonce = 0
        if planning.is_nested(plan):
            tier_nonce = safe.state(rpc, plan.acting_safe, block).nonce
        safe.require_same_hash(rpc, planning.safe_tx_fields(plan, chain_nonce), block)
    with transaction.atomic():
        _lock(view.safes[signing].id)
        existing = SafeTransaction.objects.filter(
            plan=row, parent=None, rejects=None, status=SafeTransactionStatus.ACTIVE
        ).first()
        if existing is not None:
            return existing
        _retire_dead(view.safes[signing].id, block)
        nonce = _free_nonce(view.safes[signing].id, chain_nonce)
        opened = _insert(row, view, planning.safe_tx_fields(plan, nonce), None)
        if planning.is_nested(plan):
            _insert_nested(row, view, opened, (chain_nonce, tier_nonce))
        record_audit(
            actor=actor,
            action="safe_transaction.opened",
            object_type="safe_transaction",
            object_id=opened.public_id,
            block=block,
            after={"safe": signing, "nonce": nonce, "safe_tx_hash": opened.safe_tx_hash},
        )
    return opened


def close_safe_transaction(
    *, safe_transaction_id: int, replaced: bool, reason: str, actor: Actor, block: BlockRef
) -> None:
    """Our part ends, a rejection's too: the nonce is free for the next plan. Signatures that exist
    stay alive until the nonce is consumed at finality or the deadline has passed; nothing here
    can undo them."""
    status = SafeTransactionStatus.REPLACED if replaced else SafeTransactionStatus.DEAD
    with transaction.atomic():
        row = SafeTransaction.objects.select_for_update().get(id=safe_transaction_id)
        if row.status != SafeTransactionStatus.ACTIVE:
            return
        family = SafeTransaction.objects.filter(Q(id=row.id) | Q(parent=row) | Q(rejects=row))
        if Transaction.objects.filter(safe_transaction__in=family, state__in=ACTIVE).exists():
            raise CannotOpenError("an execution of this Safe transaction is in flight")
        family.filter(status=SafeTransactionStatus.ACTIVE).update(status=status)
        record_audit(
            actor=actor,
            action="safe_transaction.closed",
            object_type="safe_transaction",
            object_id=row.public_id,
            block=block,
            before={"status": row.status},
            after={"status": status.value},
            reason=reason,
        )


def _lock(safe_id: int) -> None:
    """One opener per Safe at a time; the partial unique index is what makes it safe."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_SPACE, safe_id])


def _retire_dead(safe_id: int, block: BlockRef) -> None:
    """Slots whose deadline has passed are dead: no block can execute them any more. Those with an
    execution that is not settled keep theirs."""
    SafeTransaction.objects.filter(
        safe_id=safe_id,
        status=SafeTransactionStatus.ACTIVE,
        plan__expires_at__lt=block.timestamp,
    ).exclude(transactions__state__in=ACTIVE).update(status=SafeTransactionStatus.DEAD)
    SafeTransaction.objects.filter(
        parent__safe_id=safe_id,
        parent__status=SafeTransactionStatus.DEAD,
        status=SafeTransactionStatus.ACTIVE,
    ).update(status=SafeTransactionStatus.DEAD)


def _free_nonce(safe_id: int, chain_nonce: int) -> int:
    taken = set(
        SafeTransaction.objects.filter(
            safe_id=safe_id,
            parent=None,
            status=SafeTransactionStatus.ACTIVE,
            nonce__gte=chain_nonce,  # a rejection that is on its way holds the nonce, too
        ).values_list("nonce", flat=True)
    )
    nonce = chain_nonce
    while nonce in taken:
        nonce += 1
    return nonce


def _insert_nested(
    row: Plan, view: TreasuryView, parent: SafeTransaction, chain_nonces: tuple[int, int]
) -> None:
    """A prediction: every nested transaction that stands before ours in the main Safe's queue takes
    one nonce of the tier Safe first. `chain_nonces` are those of the main and the tier Safe."""
    plan = plan_value(row)
    main_nonce, tier_nonce = chain_nonces
    before = SafeTransaction.objects.filter(
        safe_id=view.safes[plan.acting_safe].id,
        status=SafeTransactionStatus.ACTIVE,
        parent__status=SafeTransactionStatus.ACTIVE,
        parent__nonce__gte=main_nonce,
        parent__nonce__lt=parent.nonce,
    ).count()
    _insert(row, view, planning.nested_fields(plan, tier_nonce + before), parent)


def _insert(
    row: Plan, view: TreasuryView, fields: SafeTxFields, parent: SafeTransaction | None
) -> SafeTransaction:
    return SafeTransaction.objects.create(
        plan=row,
        safe_id=view.safes[Address(fields.safe)].id,
        parent=parent,
        chain_id=fields.chain_id,
        nonce=fields.nonce,
        to=fields.to,
        value=fields.value,
        data=fields.data,
        operation=int(fields.operation),
        safe_tx_hash=safe_tx_hash(fields),
    )
