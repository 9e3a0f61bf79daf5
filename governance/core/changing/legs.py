"""Dropping and resizing legs: only ever less of what was planned (P1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from execution.core.planning import trade_of
from execution.core.types import Leg
from governance.core.approvals import ApprovalRefusedError
from treasury.core.amounts import exact, quantize_usd, value_usd
from treasury.core.canonical import digest
from treasury.core.decisions import DecisionInputs, Trade
from treasury.core.types import Address


class EditRefusedError(ApprovalRefusedError):
    """These changes cannot be made; `leg` is the index of the one that is wrong, None when it is
    the whole."""

    def __init__(self, code: str, detail: str, leg: int | None = None) -> None:
        super().__init__(code, detail)
        self.leg = leg


@dataclass(frozen=True, slots=True)
class LegChange:
    """Sell `sell_units` (base units) in the leg with this index, counted from 0; 0 drops it."""

    index: int
    sell_units: int


@dataclass(frozen=True, slots=True)
class ChangedLeg:
    """One leg before and after, in base units of what is sold; `value_usd` is that of after, at
    the decision's prices."""

    index: int
    sell: Address
    buy: Address
    before_units: int
    after_units: int
    value_usd: Decimal


@dataclass(frozen=True, slots=True)
class Changed:
    """All legs as they would be, and the trades that are left. The trades have neither quotes nor
    lots of their own yet: `expected_buy_units` is the old quote's price, `cost` and `lots` are the
    old leg's."""

    legs: tuple[ChangedLeg, ...]
    trades: tuple[Trade, ...]


def change_legs(
    *, inputs: DecisionInputs, legs: Sequence[Leg], changes: Sequence[LegChange]
) -> Changed:
    """Legs that are not named stay as they are. Raises EditRefusedError: unknown_leg, leg_twice,
    negative_amount, larger_than_before, below_minimum, nothing_changed, nothing_left."""
    wanted = _wanted(inputs, legs, changes)
    if all(wanted.get(leg.index, leg.sell_units) == leg.sell_units for leg in legs):
        raise EditRefusedError("nothing_changed", "every leg would stay as it is")
    changed, trades = [], []
    for leg in legs:
        units = wanted.get(leg.index, leg.sell_units)
        trade = _resized(inputs, leg, units)
        changed.append(
            ChangedLeg(leg.index, leg.sell, leg.buy, leg.sell_units, units, trade.value_usd)
        )
        if units == 0:
            continue
        if units != leg.sell_units and trade.value_usd < inputs.policy.min_trade_usd:
            raise EditRefusedError(
                "below_minimum",
                f"leg {leg.index + 1} would be {trade.value_usd:.2f} USD, less than the policy's "
                f"smallest trade of {inputs.policy.min_trade_usd:.2f} USD; drop it instead",
                leg.index,
            )
        trades.append(trade)
    if not trades:
        raise EditRefusedError("nothing_left", "no leg would be left; veto the proposal instead")
    return Changed(tuple(changed), tuple(trades))


def edit_key(*, of: str, trades: Sequence[Trade]) -> str:
    """The intent key of the changed proposal, SHA-256 hex: the same edit of the proposal with the
    key `of` is the same proposal, whoever asks for it and when."""
    legs = [[trade.sell, trade.buy, str(trade.sell_units)] for trade in trades]
    return digest({"edit_of": of, "legs": legs})


@exact
def _wanted(
    inputs: DecisionInputs, legs: Sequence[Leg], changes: Sequence[LegChange]
) -> dict[int, int]:
    before = {leg.index: leg.sell_units for leg in legs}
    sold = {leg.index: inputs.portfolio.holding(leg.sell) for leg in legs}
    wanted: dict[int, int] = {}
    for change in changes:
        number = change.index + 1
        if change.index not in before:
            raise EditRefusedError(
                "unknown_leg",
                f"there is no leg with index {change.index}; they are 0 to {len(legs) - 1}",
                change.index,
            )
        if change.index in wanted:
            raise EditRefusedError("leg_twice", f"leg {number} is named twice", change.index)
        if change.sell_units < 0:
            raise EditRefusedError(
                "negative_amount", f"leg {number} cannot sell less than nothing", change.index
            )
        if change.sell_units > before[change.index]:
            most, held = before[change.index], sold[change.index]
            raise EditRefusedError(
                "larger_than_before",
                f"leg {number} can only become smaller: at most"
                f" {Decimal(most).scaleb(-held.decimals):,f} {held.symbol} ({most} base units)",
                change.index,
            )
        wanted[change.index] = change.sell_units
    return wanted


@exact
def _resized(inputs: DecisionInputs, leg: Leg, units: int) -> Trade:
    trade = trade_of(leg)
    if units == leg.sell_units:
        return trade
    held = inputs.portfolio.holding(leg.sell)
    return replace(
        trade,
        sell_units=units,
        expected_buy_units=leg.expected_buy_units * units // leg.sell_units,
        value_usd=quantize_usd(
            value_usd(units=units, decimals=held.decimals, price_usd=held.price_usd)
        ),
    )
