"""The journal of a treasury, as rows and as values for export."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import TypeVar

from django.db.models import Prefetch, QuerySet

from treasury.adapters.exports.base import (
    ExportAsset,
    ExportBook,
    ExportEntry,
    ExportLot,
    ExportPosting,
    ExportSlice,
)
from treasury.core.types import Address
from treasury.models import Disposal, JournalEntry, Lot, Posting, Treasury


def entries(treasury_id: int) -> QuerySet[JournalEntry]:
    return with_lines(JournalEntry.objects.filter(treasury_id=treasury_id)).order_by("sequence")


def entries_of_transaction(*, treasury_id: int, tx_hash: str) -> tuple[JournalEntry, ...]:
    """Entries that one mined transaction became, with their postings; reversals stand among
    them. None for an empty hash."""
    if not tx_hash:
        return ()
    rows = JournalEntry.objects.filter(treasury_id=treasury_id, tx_hash=tx_hash)
    lines = Posting.objects.select_related("account__asset").order_by("line")
    return tuple(rows.prefetch_related(Prefetch("postings", lines)).order_by("sequence"))


def with_lines(rows: QuerySet[JournalEntry]) -> QuerySet[JournalEntry]:
    """Entries with everything that belongs to them, in five queries however many there are."""
    return rows.select_related("treasury", "reverses", "reversed_by").prefetch_related(
        Prefetch(
            "postings",
            Posting.objects.select_related("account__asset").order_by("line"),
        ),
        Prefetch("lots", Lot.objects.select_related("asset").order_by("sequence")),
        Prefetch("disposals", Disposal.objects.select_related("lot__asset").order_by("id")),
    )


def journal_book(*, treasury_id: int) -> ExportBook:
    treasury = Treasury.objects.get(id=treasury_id)
    return ExportBook(
        treasury=treasury.name,
        chain_id=treasury.chain_id,
        currency=treasury.functional_currency,
        entries=tuple(_entry(row) for row in entries(treasury_id)),
    )


def _entry(row: JournalEntry) -> ExportEntry:
    opened = _queues(row.lots.all(), lambda lot: (lot.holder, lot.asset_id))
    taken = _queues(row.disposals.all(), lambda part: (part.lot.holder, part.lot.asset_id))
    return ExportEntry(
        sequence=row.sequence,
        public_id=row.public_id,
        kind=row.kind,
        occurred_at=row.occurred_at,
        description=row.description,
        external_ref=row.external_ref,
        tx_hash=row.tx_hash,
        block_number=row.block_number,
        log_index=row.log_index,
        proposal_ref=row.proposal_ref,
        safe_tx_hash=row.safe_tx_hash,
        reverses=row.reverses.public_id if row.reverses else "",
        cost_basis_incomplete=row.cost_basis_incomplete,
        postings=tuple(_posting(line, opened, taken) for line in row.postings.all()),
    )


Key = tuple[str, int | None]
T = TypeVar("T", Lot, Disposal)


def _queues(rows: Iterable[T], key: Callable[[T], Key]) -> dict[Key, deque[T]]:
    queues: dict[Key, deque[T]] = {}
    for row in rows:
        queues.setdefault(key(row), deque()).append(row)
    return queues


def _upto(queue: deque[T] | None, units: int) -> list[T]:
    """The next of the queue, until they make up the units: an entry may have several postings to
    one account (principal and yield of a withdrawal), and its lots are in the same order."""
    found: list[T] = []
    while queue and units > 0:
        found.append(queue.popleft())
        units -= found[-1].units
    return found


def _posting(
    line: Posting, opened: dict[Key, deque[Lot]], taken: dict[Key, deque[Disposal]]
) -> ExportPosting:
    account = line.account
    key = (account.holder, account.asset_id)
    units = line.units or 0
    return ExportPosting(
        line=line.line,
        account=account.code,
        holder=account.holder,
        asset=None
        if account.asset is None
        else ExportAsset(
            Address(account.asset.address), account.asset.symbol, account.asset.decimals
        ),
        units=line.units,
        amount_usd=line.amount_usd,
        price_usd=line.price_usd,
        opened=tuple(
            ExportLot(lot.lot_ref, lot.units, lot.cost_usd, lot.acquired_at)
            for lot in _upto(opened.get(key), units)
        ),
        slices=tuple(
            ExportSlice(
                part.lot.lot_ref, part.units, part.cost_usd, part.proceeds_usd, part.is_long_term
            )
            for part in _upto(taken.get(key), -units)
        ),
    )
