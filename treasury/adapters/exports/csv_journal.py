"""CSV: one row per posting, the same columns always, numbers as plain decimals.

Cells of text that a spreadsheet would run as a formula get an apostrophe in front. Lots of a
posting stand in one cell, separated by `; `. Not done: names of approvers, source and time of
prices."""

from __future__ import annotations

import csv
import io

from treasury.adapters.exports.base import ExportBook, ExportEntry, ExportPosting
from treasury.core.amounts import to_decimal
from treasury.core.canonical import decimal_text
from treasury.core.lots import total_usd

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = (
    "sequence", "entry", "posting_date", "time_utc", "kind", "description", "line", "account",
    "asset", "asset_address", "quantity", "quantity_units", "amount", "currency", "price", "lots",
    "cost", "gain", "term", "chain_id", "block_number", "tx_hash", "log_index", "holder",
    "safe_tx_hash", "proposal", "external_ref", "reverses", "cost_basis_incomplete",
)  # fmt: skip


class CsvFormat:
    extension = "csv"

    def render(self, book: ExportBook) -> str:
        out = io.StringIO()
        writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
        writer.writeheader()
        for entry in book.entries:
            for posting in entry.postings:
                writer.writerow(_row(book, entry, posting))
        return out.getvalue()


def _row(book: ExportBook, entry: ExportEntry, posting: ExportPosting) -> dict[str, str]:
    return _of_entry(book, entry) | _of_posting(posting) | _of_lots(posting)


def _of_entry(book: ExportBook, entry: ExportEntry) -> dict[str, str]:
    return {
        "sequence": str(entry.sequence),
        "entry": entry.public_id,
        "posting_date": entry.time.date().isoformat(),
        "time_utc": entry.time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "kind": entry.kind,
        "description": _text(entry.description),
        "currency": book.currency,
        "chain_id": str(book.chain_id),
        "block_number": str(entry.block_number or ""),
        "tx_hash": entry.tx_hash,
        "log_index": "" if entry.log_index is None else str(entry.log_index),
        "safe_tx_hash": entry.safe_tx_hash,
        "proposal": entry.proposal_ref,
        "external_ref": _text(entry.external_ref),
        "reverses": entry.reverses,
        "cost_basis_incomplete": "yes" if entry.cost_basis_incomplete else "no",
    }


def _of_posting(posting: ExportPosting) -> dict[str, str]:
    row = {
        "line": str(posting.line),
        "account": _text(posting.account),
        "holder": posting.holder,
        "amount": decimal_text(posting.amount_usd),
        "price": "" if posting.price_usd is None else decimal_text(posting.price_usd),
    }
    if posting.asset is None or posting.units is None:
        return row
    quantity = to_decimal(units=posting.units, decimals=posting.asset.decimals)
    return row | {
        "asset": _text(posting.asset.symbol),
        "asset_address": posting.asset.address,
        "quantity": decimal_text(quantity),
        "quantity_units": str(posting.units),
    }


def _of_lots(posting: ExportPosting) -> dict[str, str]:
    if posting.opened:
        return {"lots": _text("; ".join(lot.lot_ref for lot in posting.opened))}
    if not posting.slices:
        return {}
    cost = total_usd(part.cost_usd for part in posting.slices)
    proceeds = total_usd(part.proceeds_usd for part in posting.slices)
    terms = {"long" if part.long_term else "short" for part in posting.slices}
    return {
        "lots": _text("; ".join(part.lot_ref for part in posting.slices)),
        "cost": decimal_text(cost),
        "gain": decimal_text(total_usd([proceeds, -cost])),
        "term": terms.pop() if len(terms) == 1 else "mixed",
    }


def _text(value: str) -> str:
    return f"'{value}" if value.startswith(FORMULA_STARTS) else value
