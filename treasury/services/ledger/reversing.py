"""Takes back what an orphaned block had put into the books, visibly (AC-11, AC-12).

A reversing entry negates every posting. Lots are immutable too, so it treats them as any entry
does: what the entry had opened is taken out at its cost, and what it had taken comes back as new
lots with the old dates and costs, named `<lot>~<number of the reversing entry>`. Taken in the
reverse order of posting, so that within one transaction a lot is always back before it has to
leave."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q

from treasury.core.journal import (
    AccountKey,
    AccountKind,
    EntryKind,
    LotDisposal,
    NewLot,
    PostingDraft,
)
from treasury.core.types import Actor, Address, BlockRef, LotSlice
from treasury.models import Disposal, JournalEntry, Lot
from treasury.services.ledger.book import Book
from treasury.services.ledger.posting import announce


class UnableToReverseError(RuntimeError):
    """A later entry has taken lots of the one to be reversed: it must be reversed first."""

    problem_code = "lots_already_used"


def reverse_entries(
    *, treasury_id: int, tx_hash: str, actor: Actor, block: BlockRef
) -> list[JournalEntry]:
    """Reverses every standing entry of the transaction; a second call finds none and returns
    []."""
    with transaction.atomic():
        book = Book(treasury_id)
        standing = JournalEntry.objects.filter(
            treasury_id=treasury_id, tx_hash=tx_hash, reverses=None, reversed_by=None
        ).order_by("-sequence")
        reversals = [_reverse(book, entry, block) for entry in list(standing)]
        if reversals:
            announce(reversals, kind="journal_entry.reversed", actor=actor, block=block)
    return reversals


def _reverse(book: Book, entry: JournalEntry, block: BlockRef) -> JournalEntry:
    reversal = book.entry(
        external_ref=f"{entry.external_ref}:{EntryKind.REVERSAL}",
        kind=EntryKind.REVERSAL,
        occurred_at=block.timestamp,
        description=f"Reverses entry {entry.sequence}: {entry.description}"[:300],
        tx_hash=entry.tx_hash,
        block_number=block.number,
        log_index=entry.log_index,
        proposal_ref=entry.proposal_ref,
        safe_tx_hash=entry.safe_tx_hash,
        reverses=entry,
        cost_basis_incomplete=entry.cost_basis_incomplete,
    )
    book.write_postings(reversal, _negated(entry))
    for lot in Lot.objects.filter(entry=entry).select_related("asset"):
        book.consume(reversal, _taken_out(lot))
    book.open_lots(reversal, _given_back(entry, reversal))
    return reversal


def _negated(entry: JournalEntry) -> list[PostingDraft]:
    rows = entry.postings.select_related("account__asset").order_by("line")
    return [
        PostingDraft(
            account=AccountKey(
                AccountKind(row.account.kind),
                Address(row.account.holder) if row.account.holder else None,
                Address(row.account.asset.address) if row.account.asset else None,
            ),
            amount_usd=-row.amount_usd,
            units=None if row.units is None else -row.units,
            price_usd=row.price_usd,
        )
        for row in rows
    ]


def _taken_out(lot: Lot) -> LotDisposal:
    """All units that the lot ever had: from itself and from lots that brought parts of it back."""
    pieces = list(
        Lot.objects.filter(
            Q(id=lot.id) | Q(lot_ref__startswith=f"{lot.lot_ref}~"),
            treasury_id=lot.treasury_id,
            units_left__gt=0,
        ).order_by("sequence")
    )
    left = sum(piece.units_left for piece in pieces)
    if left != lot.units:
        takers = JournalEntry.objects.filter(
            disposals__lot__in=[lot.id, *(piece.id for piece in pieces)],
            reverses=None,
            reversed_by=None,
        ).values_list("sequence", flat=True)
        raise UnableToReverseError(
            f"lot {lot.lot_ref}: {left} of {lot.units} units are left; reverse first: entries "
            + ", ".join(str(number) for number in sorted(set(takers)))
        )
    return LotDisposal(
        holder=Address(lot.holder),
        asset=Address(lot.asset.address),
        slices=tuple(
            LotSlice(
                lot_ref=piece.lot_ref,
                units=piece.units_left,
                cost_usd=piece.cost_left_usd,
                proceeds_usd=piece.cost_left_usd,
                acquired_at=piece.acquired_at,
                long_term=False,
            )
            for piece in pieces
        ),
    )


def _given_back(entry: JournalEntry, reversal: JournalEntry) -> list[NewLot]:
    rows = Disposal.objects.filter(entry=entry).select_related("lot__asset").order_by("id")
    return [
        NewLot(
            lot_ref=f"{row.lot.lot_ref}~{reversal.sequence}",
            holder=Address(row.lot.holder),
            asset=Address(row.lot.asset.address),
            units=row.units,
            cost_usd=row.cost_usd,
            acquired_at=row.lot.acquired_at,
        )
        for row in rows
    ]
