"""Beancount: our lots by label, so that the reader books exactly what we booked.

A lot opens with its total cost, date and label, and is reduced by label; beancount derives the
unit cost by division, so a tolerance of a millionth of a dollar absorbs the rounding of slices to
8 decimals. What is more (the mean cost of a pool, which whole base units cannot give lot by lot)
stands on an account of its own, opened where it is needed. Commodities must be upper case and start
with a letter, account names have a narrow alphabet: both are mapped, and the true symbol and code
stay in the metadata. Units that no lot was found for have no cost (AC-6)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

from treasury.adapters.exports.base import (
    ExportAsset,
    ExportBook,
    ExportEntry,
    ExportLot,
    ExportPosting,
)
from treasury.core.amounts import exact, quantize_usd, to_decimal
from treasury.core.canonical import decimal_text
from treasury.core.types import Address

INFERRED_TOLERANCE_USD = Decimal("0.000001")
ROUNDING = "Equity:Rounding-Of-Lots"
"""No account of ours: its code is its name."""
COMMODITY_LENGTH = 16
_NOT_IN_COMMODITY = re.compile(r"[^A-Z0-9._-]")
_NOT_IN_ACCOUNT = re.compile(r"[^A-Za-z0-9-]")
_NOT_IN_LINK = re.compile(r"[^A-Za-z0-9_./-]")


class BeancountFormat:
    extension = "beancount"

    def render(self, book: ExportBook) -> str:
        names = _Names(book)
        opened = {
            lot.lot_ref: lot
            for entry in book.entries
            for posting in entry.postings
            for lot in posting.opened
        }
        rests = [_rest_usd(entry, opened) for entry in book.entries]
        if any(rests):
            names.accounts[ROUNDING] = ROUNDING
        lines = [
            f'option "title" "{_quoted(book.treasury)}"',
            f'option "operating_currency" "{book.currency}"',
            f'option "inferred_tolerance_default" "{book.currency}:{INFERRED_TOLERANCE_USD}"',
            "",
            *_opening_lines(book, names),
        ]
        for entry, rest in zip(book.entries, rests, strict=True):
            lines += ["", *_entry_lines(book, entry, names)]
            if rest:
                lines.append(f"  {ROUNDING}  {decimal_text(rest)} {book.currency}")
        return "\n".join(lines) + "\n"


@exact
def _rest_usd(entry: ExportEntry, opened: Mapping[str, ExportLot]) -> Decimal:
    """What beancount takes out of the entry's lots, each at its own unit cost, beyond what we
    booked; 0 where its tolerance has room for that."""
    rest = Decimal(0)
    for posting in entry.postings:
        for part in posting.slices:
            lot = opened[part.lot_ref]
            rest += lot.cost_usd * part.units / lot.units - part.cost_usd
    return quantize_usd(rest) if abs(rest) * 2 > INFERRED_TOLERANCE_USD else Decimal(0)


class _Names:
    """Names that beancount accepts, one per asset and one per account."""

    def __init__(self, book: ExportBook) -> None:
        postings = [posting for entry in book.entries for posting in entry.postings]
        self.assets: dict[Address, ExportAsset] = {
            posting.asset.address: posting.asset for posting in postings if posting.asset
        }
        self.commodities: dict[Address, str] = {}
        self.accounts: dict[str, str] = {}
        taken = {book.currency}
        for address in sorted(self.assets):
            name = commodity(self.assets[address].symbol)
            if name in taken:
                name = f"{name}-{address[2:8].upper()}"
            taken.add(name)
            self.commodities[address] = name
        for code in sorted({posting.account for posting in postings}):
            name = account(code)
            clashes = sum(1 for other in self.accounts.values() if other.split("--")[0] == name)
            self.accounts[code] = f"{name}--{clashes + 1}" if clashes else name


def commodity(symbol: str) -> str:
    """stETH -> STETH, 1INCH -> A1INCH, USDC.e -> USDC.E."""
    name = _NOT_IN_COMMODITY.sub("", symbol.upper())[:COMMODITY_LENGTH].strip("._-")
    if not name[:1].isalpha():
        name = f"A{name}"
    return name if len(name) > 1 else f"{name}X"


def account(code: str) -> str:
    """Assets:Digital:core:USDC.e -> Assets:Digital:Core:USDC-e."""
    parts = [_NOT_IN_ACCOUNT.sub("-", part).strip("-") or "X" for part in code.split(":")]
    return ":".join(part[0].upper() + part[1:] for part in parts)


def _opening_lines(book: ExportBook, names: _Names) -> list[str]:
    first = min((entry.time.date() for entry in book.entries), default=date(1970, 1, 1))
    lines = []
    for address, name in names.commodities.items():
        lines += [
            f"{first} commodity {name}",
            f'  symbol: "{_quoted(names.assets[address].symbol)}"',
            f'  address: "{address}"',
        ]
    for code, name in names.accounts.items():
        lines += [f"{first} open {name}", f'  code: "{_quoted(code)}"']
    return lines


def _entry_lines(book: ExportBook, entry: ExportEntry, names: _Names) -> list[str]:
    link = f" ^{_NOT_IN_LINK.sub('-', entry.proposal_ref)}" if entry.proposal_ref else ""
    lines = [f'{entry.time.date()} * "{entry.kind}" "{_quoted(entry.description)}"{link}']
    metadata = {
        "entry": entry.public_id,
        "sequence": str(entry.sequence),
        "ref": entry.external_ref,
        "tx": entry.tx_hash,
        "proposal": entry.proposal_ref,
        "reverses": entry.reverses,
        "cost-basis": "incomplete" if entry.cost_basis_incomplete else "",
    }
    lines += [f'  {key}: "{_quoted(value)}"' for key, value in metadata.items() if value]
    for posting in entry.postings:
        lines += [f"  {line}" for line in _posting_lines(book, posting, names)]
    return lines


def _posting_lines(book: ExportBook, posting: ExportPosting, names: _Names) -> list[str]:
    name = names.accounts[posting.account]
    if posting.asset is None:
        return [f"{name}  {decimal_text(posting.amount_usd)} {book.currency}"]
    unit = names.commodities[posting.asset.address]
    decimals = posting.asset.decimals
    price = (
        "" if posting.price_usd is None else f" @ {decimal_text(posting.price_usd)} {book.currency}"
    )
    lines = []
    for lot in posting.opened:
        day = datetime.fromtimestamp(lot.acquired_at, tz=UTC).date()
        cost = (
            f'{{{{{decimal_text(lot.cost_usd)} {book.currency}, {day}, "{_quoted(lot.lot_ref)}"}}}}'
        )
        lines.append(f"{name}  {_quantity(lot.units, decimals)} {unit} {cost}")
    for part in posting.slices:
        cost = f'{{"{_quoted(part.lot_ref)}"}}'
        lines.append(f"{name}  {_quantity(-part.units, decimals)} {unit} {cost}{price}")
    rest = posting.units_without_lot
    if rest:
        lines.append(f"{name}  {_quantity(rest, decimals)} {unit} @ 0 {book.currency}")
    return lines


def _quantity(units: int, decimals: int) -> str:
    return decimal_text(to_decimal(units=units, decimals=decimals))


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
