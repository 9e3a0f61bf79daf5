"""Entries that carry lots over with cost and date: transfers and vaults (AC-5, 18a, 22, 23)."""

from __future__ import annotations

from treasury.core.amounts import exact
from treasury.core.entries.drafting import (
    EntryError,
    EntrySource,
    ValuedUnits,
    balanced_draft,
    credit,
    debit,
    holder_and_asset,
    lot_disposals,
    new_lot,
    refuse_other_disposal,
    safe_account,
)
from treasury.core.journal import AccountKey, AccountKind, EntryDraft, EntryKind, NewLot
from treasury.core.lots import LotMatch, carry_lots
from treasury.core.types import Address


@exact
def transfer(
    *,
    source: EntrySource,
    origin: AccountKey,
    destination: AccountKey,
    units: int,
    disposal: LotMatch,
) -> EntryDraft:
    """AC-5, AC-22: between own accounts of one asset (Safe to Safe, Safe to gas tank): lots travel
    with cost and date, no gain. `disposal` comes from `lots.at_cost`."""
    if origin.asset is None or origin.asset != destination.asset:
        raise EntryError(f"a transfer keeps its asset: {origin.asset} to {destination.asset}")
    if origin == destination:
        raise EntryError("a transfer to the account it left")
    return _moved(source, EntryKind.TRANSFER, origin, units, destination, units, disposal)


@exact
def deposit(
    *,
    source: EntrySource,
    holder: Address,
    given_asset: Address,
    given_units: int,
    share_asset: Address,
    share_units: int,
    disposal: LotMatch,
) -> EntryDraft:
    """ERC-4626 deposit (AC-18a, AC-23): shares take over cost and dates of what was given; no gain.

    `disposal` comes from `lots.at_cost`.
    """
    return _moved(
        source,
        EntryKind.DEPOSIT,
        safe_account(holder, given_asset),
        given_units,
        safe_account(holder, share_asset),
        share_units,
        disposal,
    )


@exact
def withdrawal(
    *,
    source: EntrySource,
    holder: Address,
    share_asset: Address,
    share_units: int,
    received: ValuedUnits,
    principal_units: int,
    disposal: LotMatch,
) -> EntryDraft:
    """ERC-4626 withdrawal (AC-23): principal takes cost and dates back, the rest is yield.

    Yield = `received.units` - `principal_units` (see `vault_principal_units`), income and a new
    lot at fair value now. A vault that lost money gives less than the principal: all cost goes to
    what came back, and the loss shows when that is sold.
    """
    if principal_units < 0 or received.units <= 0:
        raise EntryError(f"{received.units} units received with {principal_units} of principal")
    returned = min(principal_units, received.units)
    earned = ValuedUnits(
        asset=received.asset,
        decimals=received.decimals,
        units=received.units - returned,
        price_usd=received.price_usd,
    )
    target = safe_account(holder, received.asset)
    postings = [credit(safe_account(holder, share_asset), disposal.cost_usd, share_units)]
    opened: tuple[NewLot, ...] = ()
    if returned:
        postings.append(debit(target, disposal.cost_usd, returned))
        opened = carry_lots(
            match=disposal,
            to_holder=holder,
            to_asset=received.asset,
            to_units=returned,
            lot_ref=f"{source.external_ref}/principal",
            at=source.occurred_at,
        )
    elif disposal.cost_usd:
        raise EntryError("shares with a cost were burned for yield only: give the principal")
    if earned.units:
        income = earned.fair_value_usd
        postings.append(debit(target, income, earned.units, earned.price_usd))
        postings.append(credit(AccountKey(AccountKind.INCOME_YIELD), income))
        opened += (new_lot(source, holder, earned.asset, earned.units, income, suffix="/yield"),)
    refuse_other_disposal(disposal, share_units, disposal.cost_usd)
    return balanced_draft(
        source,
        EntryKind.WITHDRAWAL,
        postings,
        opened=opened,
        disposed=lot_disposals(safe_account(holder, share_asset), disposal),
        incomplete=disposal.incomplete,
    )


@exact
def vault_principal_units(*, burned_shares: int, held_shares: int, deposited_units: int) -> int:
    """How much of the deposits the burned shares stand for: pro rata to the shares held before,
    rounded up, so that yield is never overstated. Inputs are the journal's open sums per (holder,
    vault); burning the last share returns all that is left of the deposits."""
    if not 0 < burned_shares <= held_shares or deposited_units < 0:
        raise EntryError(f"{burned_shares} of {held_shares} shares burned")
    return -(-deposited_units * burned_shares // held_shares)


def _moved(
    source: EntrySource,
    kind: EntryKind,
    origin: AccountKey,
    units: int,
    destination: AccountKey,
    to_units: int,
    disposal: LotMatch,
) -> EntryDraft:
    """Cost and dates move from one account to another; nothing is gained or lost."""
    refuse_other_disposal(disposal, units, disposal.cost_usd)
    holder, asset = holder_and_asset(destination)
    return balanced_draft(
        source,
        kind,
        [
            debit(destination, disposal.cost_usd, to_units),
            credit(origin, disposal.cost_usd, units),
        ],
        opened=carry_lots(
            match=disposal,
            to_holder=holder,
            to_asset=asset,
            to_units=to_units,
            lot_ref=source.external_ref,
            at=source.occurred_at,
        ),
        disposed=lot_disposals(origin, disposal),
        incomplete=disposal.incomplete,
    )
