"""Entries that take lots out for good: swap, gas, payment, unexplained loss (AC-14..16, 24, 26)."""

from __future__ import annotations

from treasury.core.amounts import exact
from treasury.core.entries.drafting import (
    EntryError,
    EntrySource,
    ValuedUnits,
    balanced_draft,
    credit,
    debit,
    lot_disposals,
    new_lot,
    realised_result,
    refuse_other_disposal,
    safe_account,
)
from treasury.core.journal import AccountKey, AccountKind, EntryDraft, EntryKind
from treasury.core.lots import LotMatch
from treasury.core.types import NATIVE, Address


@exact
def swap(
    *,
    source: EntrySource,
    holder: Address,
    sold: ValuedUnits,
    bought: ValuedUnits,
    disposal: LotMatch,
) -> EntryDraft:
    """AC-14: lots out at cost, lot in at fair value, gain = fair value sold - cost.

    Swap costs = fair value sold - fair value bought: venue fee, impact and slippage in one figure.
    It is negative (a credit) when the market gave more than fair value. `disposal` must have been
    matched with the fair value sold as its proceeds.
    """
    refuse_other_disposal(disposal, sold.units, sold.fair_value_usd)
    paid, received = sold.fair_value_usd, bought.fair_value_usd
    return balanced_draft(
        source,
        EntryKind.SWAP,
        [
            debit(safe_account(holder, bought.asset), received, bought.units, bought.price_usd),
            debit(AccountKey(AccountKind.EXPENSE_SWAP_COSTS), paid - received),
            credit(safe_account(holder, sold.asset), disposal.cost_usd, sold.units, sold.price_usd),
            realised_result(disposal),
        ],
        opened=(new_lot(source, holder, bought.asset, bought.units, received),),
        disposed=lot_disposals(safe_account(holder, sold.asset), disposal),
        incomplete=disposal.incomplete,
    )


@exact
def gas(
    *,
    source: EntrySource,
    executor: Address,
    spent: ValuedUnits,
    disposal: LotMatch,
    failed: bool = False,
) -> EntryDraft:
    """AC-15, AC-16: gas leaves the executor's tank at cost and is an expense at fair value.

    `spent` is native currency; the tank's lots are the pool (executor, NATIVE).
    """
    if spent.asset != NATIVE:
        raise EntryError(f"gas is paid in native currency, not in {spent.asset}")
    refuse_other_disposal(disposal, spent.units, spent.fair_value_usd)
    tank = AccountKey(AccountKind.GAS_TANK, executor, NATIVE)
    expense = AccountKind.EXPENSE_GAS_FAILED if failed else AccountKind.EXPENSE_GAS
    return balanced_draft(
        source,
        EntryKind.GAS_FAILED if failed else EntryKind.GAS,
        [
            debit(AccountKey(expense), spent.fair_value_usd),
            credit(tank, disposal.cost_usd, spent.units, spent.price_usd),
            realised_result(disposal),
        ],
        disposed=lot_disposals(tank, disposal),
        incomplete=disposal.incomplete,
    )


@exact
def outflow(
    *, source: EntrySource, holder: Address, paid: ValuedUnits, disposal: LotMatch
) -> EntryDraft:
    """AC-24: a payment or distribution: at fair value against contributions, lots out at cost."""
    refuse_other_disposal(disposal, paid.units, paid.fair_value_usd)
    account = safe_account(holder, paid.asset)
    return balanced_draft(
        source,
        EntryKind.OUTFLOW,
        [
            debit(AccountKey(AccountKind.EQUITY_CONTRIBUTIONS), paid.fair_value_usd),
            credit(account, disposal.cost_usd, paid.units, paid.price_usd),
            realised_result(disposal),
        ],
        disposed=lot_disposals(account, disposal),
        incomplete=disposal.incomplete,
    )


@exact
def suspense_out(
    *, source: EntrySource, account: AccountKey, units: int, disposal: LotMatch
) -> EntryDraft:
    """AC-26: units left and nobody can explain it: at cost against suspense, no gain until someone
    classifies it. `disposal` comes from `lots.at_cost`."""
    refuse_other_disposal(disposal, units, disposal.cost_usd)
    return balanced_draft(
        source,
        EntryKind.SUSPENSE,
        [
            debit(AccountKey(AccountKind.SUSPENSE), disposal.cost_usd),
            credit(account, disposal.cost_usd, units),
        ],
        disposed=lot_disposals(account, disposal),
        incomplete=disposal.incomplete,
    )
