"""The books of one treasury while they are locked: numbers, lots, and what is about to be written.

Everything that writes entries holds the row lock of the treasury until its commit. Sequences are
therefore free of gaps, and a lot cannot be taken twice; the database checks both again."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max

from treasury.core.amounts import quantize_usd
from treasury.core.canonical import decimal_text
from treasury.core.journal import AccountKey, AccountKind, LotDisposal, NewLot, PostingDraft
from treasury.core.lots import StaleLotsError, total_usd
from treasury.core.types import LotSlice
from treasury.models import Disposal, JournalEntry, Lot, Posting, Treasury
from treasury.services.ledger.accounts import BookedAccounts


class EntryRefusedError(ValueError):
    """An entry that the books do not take: it does not balance, or holds an amount that would be
    rounded."""

    problem_code = "entry_refused"


def lock_books(*, treasury_id: int) -> Treasury:
    """Holds the books until the caller's transaction ends. Who reads lots to build an entry from
    them calls this first, so that nobody takes them in between."""
    return Treasury.objects.select_for_update(no_key=True).get(id=treasury_id)


class Book:
    """Opened inside a transaction."""

    def __init__(self, treasury_id: int) -> None:
        if transaction.get_autocommit():
            raise transaction.TransactionManagementError("the books are locked in a transaction")
        self.treasury = lock_books(treasury_id=treasury_id)
        self.accounts = BookedAccounts(self.treasury)
        entries = JournalEntry.objects.filter(treasury=self.treasury)
        lots = Lot.objects.filter(treasury=self.treasury)
        self._entry_number = entries.aggregate(found=Max("sequence"))["found"] or 0
        self._lot_number = lots.aggregate(found=Max("sequence"))["found"] or 0

    def entry(self, **fields: Any) -> JournalEntry:
        self._entry_number += 1
        return JournalEntry.objects.create(
            treasury=self.treasury, sequence=self._entry_number, **fields
        )

    def write_postings(self, entry: JournalEntry, drafts: Iterable[PostingDraft]) -> None:
        """A movement worth nothing still has two sides: its missing one is Suspense at 0."""
        lines = list(drafts)
        if len(lines) == 1:
            lines.append(PostingDraft(AccountKey(AccountKind.SUSPENSE), Decimal(0)))
        off = total_usd(line.amount_usd for line in lines)
        if off != 0:
            raise EntryRefusedError(f"{entry.external_ref} is off by {decimal_text(off)} USD")
        for line in lines:
            if quantize_usd(line.amount_usd) != line.amount_usd:
                raise EntryRefusedError(
                    f"{entry.external_ref}: {decimal_text(line.amount_usd)} USD would be rounded"
                )
        Posting.objects.bulk_create(
            Posting(
                entry=entry,
                line=number,
                account=self.accounts.account(line.account),
                units=line.units,
                amount_usd=line.amount_usd,
                price_usd=line.price_usd,
            )
            for number, line in enumerate(lines, start=1)
        )

    def open_lots(self, entry: JournalEntry, drafts: Iterable[NewLot]) -> None:
        rows = []
        for draft in drafts:
            self._lot_number += 1
            rows.append(
                Lot(
                    treasury=self.treasury,
                    lot_ref=draft.lot_ref,
                    holder=draft.holder,
                    asset=self.accounts.asset(draft.asset),
                    units=draft.units,
                    cost_usd=draft.cost_usd,
                    units_left=draft.units,
                    cost_left_usd=draft.cost_usd,
                    acquired_at=draft.acquired_at,
                    sequence=self._lot_number,
                    entry=entry,
                )
            )
        Lot.objects.bulk_create(rows)

    def consume(self, entry: JournalEntry, disposal: LotDisposal) -> None:
        """Takes the slices out of their lots. Raises StaleLotsError when another entry was
        faster."""
        asset = self.accounts.asset(disposal.asset)
        slices = _merged(disposal.slices)
        lots = {
            row.lot_ref: row
            for row in Lot.objects.select_for_update()
            .filter(treasury=self.treasury, holder=disposal.holder, asset=asset, lot_ref__in=slices)
            .order_by("id")
        }
        for ref, part in slices.items():
            row = lots.get(ref)
            if row is None or not _fits(row, part):
                left = 0 if row is None else row.units_left
                raise StaleLotsError(
                    f"lot {ref}: {part.units} units of cost {part.cost_usd} USD do not fit the "
                    f"{left} units left; read the lots again"
                )
            row.units_left -= part.units
            row.cost_left_usd -= part.cost_usd
            row.save(update_fields=["units_left", "cost_left_usd"])
        Disposal.objects.bulk_create(
            Disposal(
                entry=entry,
                lot=lots[ref],
                units=part.units,
                cost_usd=part.cost_usd,
                proceeds_usd=part.proceeds_usd,
                is_long_term=part.long_term,
            )
            for ref, part in slices.items()
        )


def _merged(slices: tuple[LotSlice, ...]) -> dict[str, LotSlice]:
    """One slice per lot: a list frozen by hand may name a lot twice."""
    merged: dict[str, LotSlice] = {}
    for item in slices:
        earlier = merged.get(item.lot_ref)
        merged[item.lot_ref] = (
            item
            if earlier is None
            else LotSlice(
                lot_ref=item.lot_ref,
                units=earlier.units + item.units,
                cost_usd=total_usd([earlier.cost_usd, item.cost_usd]),
                proceeds_usd=total_usd([earlier.proceeds_usd, item.proceeds_usd]),
                acquired_at=item.acquired_at,
                long_term=item.long_term,
            )
        )
    return merged


def _fits(row: Lot, part: LotSlice) -> bool:
    """Units and cost are there, and what empties a lot takes all of its cost (AC-3)."""
    if not 0 < part.units <= row.units_left or not 0 <= part.cost_usd <= row.cost_left_usd:
        return False
    return part.units < row.units_left or part.cost_usd == row.cost_left_usd
