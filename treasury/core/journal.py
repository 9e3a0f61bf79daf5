"""Journal entries as values: what a reconciled chain fact means in the books (AC-9..AC-27).

Amounts are USD with 8 decimals (`amounts.quantize_usd`), debit positive, credit negative; each
entry sums to exactly 0. Quantities are signed base units and belong to the account's asset; they do
not balance across assets, they are proven against the chain. The builders of this module live in
`treasury.core.entries`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from treasury.core.types import Address, LotSlice


class EntryKind(StrEnum):
    OPENING = "OPENING"
    SWAP = "SWAP"
    DEPOSIT = "DEPOSIT"
    WITHDRAWAL = "WITHDRAWAL"
    TRANSFER = "TRANSFER"
    GAS = "GAS"
    GAS_FAILED = "GAS_FAILED"
    INFLOW = "INFLOW"
    OUTFLOW = "OUTFLOW"
    YIELD = "YIELD"
    SUSPENSE = "SUSPENSE"
    REVERSAL = "REVERSAL"


class AccountKind(StrEnum):
    """The minimum chart. ASSET accounts belong to one (tier, Safe, asset); the others to the
    treasury."""

    DIGITAL_ASSET = "DIGITAL_ASSET"
    GAS_TANK = "GAS_TANK"
    SUSPENSE = "SUSPENSE"
    EQUITY_OPENING = "EQUITY_OPENING"
    EQUITY_CONTRIBUTIONS = "EQUITY_CONTRIBUTIONS"
    INCOME_REALISED_GAINS = "INCOME_REALISED_GAINS"
    INCOME_YIELD = "INCOME_YIELD"
    EXPENSE_REALISED_LOSSES = "EXPENSE_REALISED_LOSSES"
    EXPENSE_GAS = "EXPENSE_GAS"
    EXPENSE_GAS_FAILED = "EXPENSE_GAS_FAILED"
    EXPENSE_SWAP_COSTS = "EXPENSE_SWAP_COSTS"


@dataclass(frozen=True, slots=True)
class AccountKey:
    """Names one account. `holder` is the Safe, or the executor for the gas tank; None elsewhere."""

    kind: AccountKind
    holder: Address | None = None
    asset: Address | None = None


@dataclass(frozen=True, slots=True)
class PostingDraft:
    account: AccountKey
    amount_usd: Decimal
    units: int | None = None
    price_usd: Decimal | None = None


@dataclass(frozen=True, slots=True)
class NewLot:
    """A lot that the entry opens. `lot_ref` = external_ref of the entry, plus an index where
    several."""

    lot_ref: str
    holder: Address
    asset: Address
    units: int
    cost_usd: Decimal
    acquired_at: int


@dataclass(frozen=True, slots=True)
class LotDisposal:
    """Slices that the entry takes out of open lots of (holder, asset)."""

    holder: Address
    asset: Address
    slices: tuple[LotSlice, ...]


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """`external_ref` = chain id : tx hash : log index : kind (AC-12); posting it twice is refused.

    `cost_basis_incomplete` marks an entry whose disposal found too few lots (AC-6).
    """

    kind: EntryKind
    external_ref: str
    occurred_at: int
    description: str
    postings: tuple[PostingDraft, ...]
    tx_hash: str = ""
    block_number: int = 0
    log_index: int | None = None
    opened: tuple[NewLot, ...] = ()
    disposed: tuple[LotDisposal, ...] = ()
    cost_basis_incomplete: bool = False
