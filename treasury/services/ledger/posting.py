"""Entries from reconciled chain facts: each fact once, however often it is told (AC-12)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.db import transaction
from django.db.models import Q

from treasury.core.journal import EntryDraft, LotDisposal
from treasury.core.types import Actor, BlockRef
from treasury.models import JournalEntry
from treasury.services.ledger.book import Book
from treasury.services.record import emit_event, record_audit


def post_entries(
    *,
    treasury_id: int,
    drafts: Sequence[EntryDraft],
    proposal_ref: str,
    safe_tx_hash: str,
    actor: Actor,
    block: BlockRef,
) -> list[JournalEntry]:
    """Posts all drafts or none, in order; later ones may take lots that earlier ones open. A fact
    that is in the books already gives its entry back and changes nothing. A fact whose entry was
    reversed (its block was orphaned, and the transaction mined again) is posted anew as
    `<external_ref>#2`.

    Raises EntryRefusedError for entries that do not balance, StaleLotsError when the lots have
    changed since the drafts were built."""
    with transaction.atomic():
        book = Book(treasury_id)
        posted: list[JournalEntry] = []
        fresh: list[JournalEntry] = []
        renamed: dict[str, str] = {}
        for draft in drafts:
            reference, existing = _reference(treasury_id, draft.external_ref)
            if existing is None:
                existing = _post(
                    book, _renumbered(draft, reference, renamed), proposal_ref, safe_tx_hash
                )
                fresh.append(existing)
            posted.append(existing)
        if fresh:
            announce(fresh, kind="journal_entry.posted", actor=actor, block=block)
    return posted


def announce(
    entries: list[JournalEntry], *, kind: str, actor: Actor, block: BlockRef | None
) -> None:
    """Tells outbox and audit trail of new entries, which all belong to one treasury."""
    for entry in entries:
        emit_event(
            treasury_id=entry.treasury_id,
            kind=kind,
            payload={
                "id": entry.public_id,
                "sequence": entry.sequence,
                "kind": entry.kind,
                "external_ref": entry.external_ref,
                "tx_hash": entry.tx_hash,
                "proposal": entry.proposal_ref,
            },
        )
    record_audit(
        actor=actor,
        action=kind,
        object_type="treasury",
        object_id=entries[0].treasury.public_id,
        block=block,
        after={"entries": [entry.public_id for entry in entries]},
    )


def _reference(treasury_id: int, external_ref: str) -> tuple[str, JournalEntry | None]:
    """The entry that stands for the fact, or the reference under which it is to be posted."""
    known = JournalEntry.objects.filter(
        Q(external_ref=external_ref) | Q(external_ref__startswith=f"{external_ref}#"),
        treasury_id=treasury_id,
        reverses=None,
    ).order_by("sequence")
    standing = known.filter(reversed_by=None).first()
    count = known.count()
    return (external_ref if count == 0 else f"{external_ref}#{count + 1}"), standing


def _renumbered(draft: EntryDraft, reference: str, renamed: dict[str, str]) -> EntryDraft:
    """The draft under its reference; lots that it opens, and later drafts take, follow suit."""
    suffix = reference.removeprefix(draft.external_ref)
    opened = tuple(replace(lot, lot_ref=lot.lot_ref + suffix) for lot in draft.opened)
    if suffix:
        renamed.update({lot.lot_ref: lot.lot_ref + suffix for lot in draft.opened})
    disposed = tuple(
        LotDisposal(
            item.holder,
            item.asset,
            tuple(
                replace(part, lot_ref=renamed.get(part.lot_ref, part.lot_ref))
                for part in item.slices
            ),
        )
        for item in draft.disposed
    )
    return replace(draft, external_ref=reference, opened=opened, disposed=disposed)


def _post(book: Book, draft: EntryDraft, proposal_ref: str, safe_tx_hash: str) -> JournalEntry:
    entry = book.entry(
        external_ref=draft.external_ref,
        kind=draft.kind,
        occurred_at=draft.occurred_at,
        description=draft.description[:300],
        tx_hash=draft.tx_hash,
        block_number=draft.block_number,
        log_index=draft.log_index,
        proposal_ref=proposal_ref,
        safe_tx_hash=safe_tx_hash,
        cost_basis_incomplete=draft.cost_basis_incomplete,
    )
    book.write_postings(entry, draft.postings)
    for disposal in draft.disposed:
        book.consume(entry, disposal)
    book.open_lots(entry, draft.opened)
    return entry
