"""What every entry builder is made of: the source, the valued units, and lines that must
balance."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from treasury.core.amounts import quantize_usd, value_usd
from treasury.core.journal import (
    AccountKey,
    AccountKind,
    EntryDraft,
    EntryKind,
    LotDisposal,
    NewLot,
    PostingDraft,
)
from treasury.core.lots import LotMatch, total_usd
from treasury.core.types import Address


class EntryError(ValueError):
    """The facts of an entry contradict each other, so no entry is made."""


@dataclass(frozen=True, slots=True)
class EntrySource:
    """Where an entry comes from. `external_ref` is its identity (AC-12), `occurred_at` block
    time."""

    external_ref: str
    occurred_at: int
    description: str
    tx_hash: str = ""
    block_number: int = 0
    log_index: int | None = None


@dataclass(frozen=True, slots=True)
class ValuedUnits:
    """So many base units of an asset (> 0) at a price per whole token. The price is None only where
    it is unknown (AC-6), which `suspense_in` alone accepts."""

    asset: Address
    decimals: int
    units: int
    price_usd: Decimal | None

    @property
    def fair_value_usd(self) -> Decimal:
        """USD, 8 decimals."""
        if self.price_usd is None:
            raise EntryError(f"no price for {self.asset}: value it first, or book to suspense")
        return quantize_usd(
            value_usd(units=self.units, decimals=self.decimals, price_usd=self.price_usd)
        )


def balanced_draft(
    source: EntrySource,
    kind: EntryKind,
    postings: list[PostingDraft],
    *,
    opened: tuple[NewLot, ...] = (),
    disposed: tuple[LotDisposal, ...] = (),
    incomplete: bool = False,
) -> EntryDraft:
    """Empty lines left out. Unbalanced or non-positive quantities are refused: the database would
    refuse them too (AC-10), but far from the cause."""
    kept = tuple(item for item in postings if item.amount_usd != 0 or item.units is not None)
    balance = total_usd(item.amount_usd for item in kept)
    if balance != 0:
        raise EntryError(f"{kind} {source.external_ref} is off by {balance} USD")
    if any(item.units == 0 for item in kept) or any(lot.units <= 0 for lot in opened):
        raise EntryError(f"{kind} {source.external_ref} moves no units")
    return EntryDraft(
        kind=kind,
        external_ref=source.external_ref,
        occurred_at=source.occurred_at,
        description=source.description,
        postings=kept,
        tx_hash=source.tx_hash,
        block_number=source.block_number,
        log_index=source.log_index,
        opened=opened,
        disposed=disposed,
        cost_basis_incomplete=incomplete,
    )


def debit(
    account: AccountKey,
    amount_usd: Decimal,
    units: int | None = None,
    price_usd: Decimal | None = None,
) -> PostingDraft:
    return PostingDraft(account=account, amount_usd=amount_usd, units=units, price_usd=price_usd)


def credit(
    account: AccountKey,
    amount_usd: Decimal,
    units: int | None = None,
    price_usd: Decimal | None = None,
) -> PostingDraft:
    return debit(account, -amount_usd, None if units is None else -units, price_usd)


def realised_result(disposal: LotMatch) -> PostingDraft:
    """Realised gain as income (credit) or realised loss as expense (debit), net of all slices."""
    gain = total_usd((disposal.proceeds_usd, -disposal.cost_usd))
    kind = AccountKind.INCOME_REALISED_GAINS if gain > 0 else AccountKind.EXPENSE_REALISED_LOSSES
    return credit(AccountKey(kind), gain)


def new_lot(
    source: EntrySource,
    holder: Address,
    asset: Address,
    units: int,
    cost_usd: Decimal,
    acquired_at: int | None = None,
    suffix: str = "",
) -> NewLot:
    return NewLot(
        lot_ref=source.external_ref + suffix,
        holder=holder,
        asset=asset,
        units=units,
        cost_usd=cost_usd,
        acquired_at=source.occurred_at if acquired_at is None else acquired_at,
    )


def lot_disposals(account: AccountKey, disposal: LotMatch) -> tuple[LotDisposal, ...]:
    holder, asset = holder_and_asset(account)
    if not disposal.slices:
        return ()
    return (LotDisposal(holder=holder, asset=asset, slices=disposal.slices),)


def safe_account(holder: Address, asset: Address) -> AccountKey:
    return AccountKey(AccountKind.DIGITAL_ASSET, holder, asset)


def holder_and_asset(account: AccountKey) -> tuple[Address, Address]:
    if account.holder is None or account.asset is None:
        raise EntryError(f"{account.kind} holds no units")
    return account.holder, account.asset


def refuse_other_disposal(disposal: LotMatch, units: int, proceeds_usd: Decimal) -> None:
    if disposal.units != units or disposal.proceeds_usd != proceeds_usd:
        raise EntryError(
            f"lots were matched for {disposal.units} units and {disposal.proceeds_usd} USD, "
            f"the fact says {units} units and {proceeds_usd} USD"
        )
