"""What the optimiser is asked and what it answers: exact values, no solver (DE-44)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from treasury.core.types import Address, GasPrice, PairCost
from treasury.engine.matching import Flow


@dataclass(frozen=True, slots=True)
class Holder:
    """One asset of the problem. Values in USD; `low` and `high` are the band's edges as fractions
    of V. `room_usd`: what may be sold at all (None: no limit)."""

    asset: Address
    value_usd: Decimal
    low: Decimal
    high: Decimal
    room_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class Problem:
    """All of one tier that the optimiser may know. `turnover_usd`: what may still be traded in the
    window; `slip_bps`: settlement that a sale brings counts at its worst accepted amount when it
    is spent again."""

    holders: tuple[Holder, ...]
    options: tuple[PairCost, ...]
    settlement: Address
    gas: GasPrice
    min_trade_usd: Decimal
    max_trade_usd: Decimal
    turnover_usd: Decimal
    cost_cap_bps: int
    slip_bps: int

    @property
    def total_usd(self) -> Decimal:
        return sum((holder.value_usd for holder in self.holders), Decimal(0))


@dataclass(frozen=True, slots=True)
class Answer:
    """`flows` in the order of `options`; `status` says how the search ended."""

    flows: tuple[Flow, ...]
    status: str
