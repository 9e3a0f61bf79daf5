"""The journal as values, ready to be written down, and what a format of it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Protocol

from treasury.core.types import Address


@dataclass(frozen=True, slots=True)
class ExportAsset:
    address: Address
    symbol: str
    decimals: int


@dataclass(frozen=True, slots=True)
class ExportLot:
    """A lot that the posting opens."""

    lot_ref: str
    units: int
    cost_usd: Decimal
    acquired_at: int


@dataclass(frozen=True, slots=True)
class ExportSlice:
    """A part that the posting takes out of a lot."""

    lot_ref: str
    units: int
    cost_usd: Decimal
    proceeds_usd: Decimal
    long_term: bool


@dataclass(frozen=True, slots=True)
class ExportPosting:
    """`opened` and `slices` cover the posting's units, but for those that no lot was found for."""

    line: int
    account: str
    holder: str
    asset: ExportAsset | None
    units: int | None
    amount_usd: Decimal
    price_usd: Decimal | None
    opened: tuple[ExportLot, ...] = ()
    slices: tuple[ExportSlice, ...] = ()

    @property
    def units_without_lot(self) -> int:
        """Signed; not 0 only where the cost basis is incomplete (AC-6)."""
        units = self.units or 0
        return (
            units - sum(lot.units for lot in self.opened) + sum(part.units for part in self.slices)
        )


@dataclass(frozen=True, slots=True)
class ExportEntry:
    sequence: int
    public_id: str
    kind: str
    occurred_at: int
    description: str
    external_ref: str
    tx_hash: str
    block_number: int
    log_index: int | None
    proposal_ref: str
    safe_tx_hash: str
    reverses: str
    cost_basis_incomplete: bool
    postings: tuple[ExportPosting, ...]

    @property
    def time(self) -> datetime:
        return datetime.fromtimestamp(self.occurred_at, tz=UTC)


@dataclass(frozen=True, slots=True)
class ExportBook:
    """All entries of one treasury, by sequence."""

    treasury: str
    chain_id: int
    currency: str
    entries: tuple[ExportEntry, ...]


class ExportFormat(Protocol):
    """One way to write the journal down. Reading it back gives every account's sums again
    (AC-28)."""

    @property
    def extension(self) -> str: ...

    def render(self, book: ExportBook) -> str: ...
