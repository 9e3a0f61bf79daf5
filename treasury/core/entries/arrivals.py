"""Entries of units that come in without anything going out: AC-17, AC-24, AC-26, openings."""

from __future__ import annotations

from decimal import Decimal

from treasury.core.amounts import exact, quantize_usd
from treasury.core.entries.drafting import (
    EntryError,
    EntrySource,
    ValuedUnits,
    balanced_draft,
    credit,
    debit,
    holder_and_asset,
    new_lot,
    safe_account,
)
from treasury.core.journal import AccountKey, AccountKind, EntryDraft, EntryKind
from treasury.core.types import Address


@exact
def opening(
    *,
    source: EntrySource,
    holder: Address,
    asset: Address,
    units: int,
    cost_usd: Decimal,
    acquired_at: int,
) -> EntryDraft:
    """What a Safe held before Ballast: a lot at its historic cost against Equity:Opening."""
    cost = quantize_usd(cost_usd)
    return balanced_draft(
        source,
        EntryKind.OPENING,
        [
            debit(safe_account(holder, asset), cost, units=units),
            credit(AccountKey(AccountKind.EQUITY_OPENING), cost),
        ],
        opened=(new_lot(source, holder, asset, units, cost, acquired_at),),
    )


@exact
def inflow(*, source: EntrySource, holder: Address, received: ValuedUnits) -> EntryDraft:
    """AC-24: a grant, revenue or contribution: a lot at fair value against contributions."""
    return _received(source, EntryKind.INFLOW, holder, received, AccountKind.EQUITY_CONTRIBUTIONS)


@exact
def yield_income(*, source: EntrySource, holder: Address, received: ValuedUnits) -> EntryDraft:
    """AC-17: a reward that arrives by itself: income and a lot at fair value on receipt."""
    return _received(source, EntryKind.YIELD, holder, received, AccountKind.INCOME_YIELD)


@exact
def suspense_in(*, source: EntrySource, account: AccountKey, received: ValuedUnits) -> EntryDraft:
    """AC-26: units nobody can explain arrived at a Safe or gas tank; a lot at fair value against
    suspense. Without a price: at 0 and marked incomplete (AC-6)."""
    value = Decimal(0) if received.price_usd is None else received.fair_value_usd
    holder, asset = holder_and_asset(account)
    if asset != received.asset:
        raise EntryError(f"{received.asset} booked to an account of {asset}")
    return balanced_draft(
        source,
        EntryKind.SUSPENSE,
        [
            debit(account, value, received.units, received.price_usd),
            credit(AccountKey(AccountKind.SUSPENSE), value),
        ],
        opened=(new_lot(source, holder, asset, received.units, value),),
        incomplete=received.price_usd is None,
    )


def _received(
    source: EntrySource,
    kind: EntryKind,
    holder: Address,
    received: ValuedUnits,
    contra: AccountKind,
) -> EntryDraft:
    value = received.fair_value_usd
    account = safe_account(holder, received.asset)
    return balanced_draft(
        source,
        kind,
        [
            debit(account, value, received.units, received.price_usd),
            credit(AccountKey(contra), value),
        ],
        opened=(new_lot(source, holder, received.asset, received.units, value),),
    )
