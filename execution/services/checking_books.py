"""Books against chain (R4): the sum of postings per (holder, asset) is the balance at a block, or
there is a Break that says by how much not."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from execution.models import Break, BreakStatus
from execution.selectors.transactions import is_unsettled
from treasury.core.types import Actor, ActorKind, Address, BlockRef
from treasury.selectors.lots import booked_units
from treasury.selectors.portfolio import assets
from treasury.selectors.snapshots import block_of, snapshot_by_id, units_at
from treasury.services.record import emit_event, record_audit

BOOKS = "BOOKS"
CHECKER = Actor(ActorKind.SYSTEM, "execution.check_books")


def check_books(*, treasury_id: int, snapshot_id: int) -> list[Break]:
    """The open differences at the snapshot. A new one opens a Break, one that has gone resolves it;
    both are told. Nothing is compared, and nothing changes, while an execution of ours is between
    chain and books: its movement is on one side only until it is reconciled."""
    block = block_of(snapshot_by_id(snapshot_id))
    if is_unsettled(treasury_id=treasury_id, block_number=block.number):
        return list(_open(treasury_id))
    booked, held = booked_units(treasury_id=treasury_id), units_at(snapshot_id)
    rows = {Address(row.address): row.id for row in assets(treasury_id)}
    with transaction.atomic():
        for holder, asset in sorted({*booked, *held}):
            expected, actual = booked.get((holder, asset), 0), held.get((holder, asset), 0)
            standing = _open(treasury_id).filter(holder=holder, asset_id=rows[asset]).first()
            if expected == actual:
                if standing is not None:
                    _resolve(standing, block)
            elif standing is None:
                _break(treasury_id, holder, rows[asset], expected, actual, block)
            else:
                _change(
                    standing,
                    expected_units=expected,
                    actual_units=actual,
                    block_number=block.number,
                )
    return list(_open(treasury_id))


def _open(treasury_id: int) -> Any:
    return Break.objects.filter(treasury_id=treasury_id, kind=BOOKS, status=BreakStatus.OPEN)


def _break(
    treasury_id: int, holder: Address, asset_id: int, expected: int, actual: int, block: BlockRef
) -> None:
    row = Break.objects.create(
        treasury_id=treasury_id,
        kind=BOOKS,
        holder=holder,
        asset_id=asset_id,
        expected_units=expected,
        actual_units=actual,
        block_number=block.number,
        reason="the sum of the postings is not the balance",
    )
    _tell(row, "reconciliation.break_opened", block)


def _resolve(row: Break, block: BlockRef) -> None:
    _change(row, status=BreakStatus.RESOLVED, resolution=f"equal at block {block.number}")
    _tell(row, "reconciliation.break_resolved", block)


def _change(row: Break, **values: Any) -> None:
    Break.objects.filter(pk=row.pk).update(version=F("version") + 1, updated_at=Now(), **values)


def _tell(row: Break, kind: str, block: BlockRef) -> None:
    payload = {
        "break": row.public_id,
        "holder": row.holder,
        "asset": row.asset.address if row.asset else None,
        "expected_units": str(row.expected_units),
        "actual_units": str(row.actual_units),
    }
    emit_event(treasury_id=row.treasury_id, kind=kind, payload=payload)
    record_audit(
        actor=CHECKER,
        action=kind,
        object_type="break",
        object_id=row.public_id,
        block=block,
        after=payload,
    )
