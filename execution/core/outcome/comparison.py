"""Estimate against actual, leg by leg (R2): whole base units, USD and basis points.

Signs are the reader's: a positive `shortfall` is what was lost against the expectation, a negative
one is a gain. Not done: judging; what is a mismatch is the reconciler's word
(`execution.core.reconciliation`).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from treasury.core.amounts import exact, share_bps


@dataclass(frozen=True, slots=True)
class Intended:
    """What the plan's leg wanted. Units are base units of what is sold and bought."""

    sell_units: int
    expected_buy_units: int
    min_buy_units: int
    cost_usd: Decimal


@dataclass(frozen=True, slots=True)
class Happened:
    sell_units: int
    buy_units: int
    cost_usd: Decimal


@dataclass(frozen=True, slots=True)
class Comparison:
    """`over_minimum_units` below 0 would break the signed minimum; `shortfall_bps` is the share of
    the expected output that did not arrive (the realised slippage), exact."""

    sold_more_units: int
    shortfall_units: int
    shortfall_bps: Decimal
    over_minimum_units: int
    cost_over_usd: Decimal

    @property
    def keeps_the_minimum(self) -> bool:
        return self.over_minimum_units >= 0


@exact
def compare(intended: Intended, happened: Happened) -> Comparison:
    shortfall = intended.expected_buy_units - happened.buy_units
    return Comparison(
        sold_more_units=happened.sell_units - intended.sell_units,
        shortfall_units=shortfall,
        shortfall_bps=share_bps(
            part=Decimal(shortfall), whole=Decimal(intended.expected_buy_units)
        ),
        over_minimum_units=happened.buy_units - intended.min_buy_units,
        cost_over_usd=happened.cost_usd - intended.cost_usd,
    )
