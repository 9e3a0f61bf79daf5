"""What every lot method is given, and what it answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Protocol

from treasury.core.policies import LotRules
from treasury.core.types import LotState

SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Sale:
    """A disposal of `units` > 0 at `price_usd` per unit (exact: proceeds over units) and `at` (Unix
    seconds)."""

    units: int
    price_usd: Fraction
    at: int
    long_term_days: int
    rules: LotRules

    def is_long(self, lot: LotState) -> bool:
        """AC-4: held more than `long_term_days` of 24 hours."""
        return self.at - lot.acquired_at > self.long_term_days * SECONDS_PER_DAY


@dataclass(frozen=True, slots=True)
class Pick:
    """So many units of a lot. `cost_usd` None: the lot's own share of its cost (AC-3)."""

    lot: LotState
    units: int
    cost_usd: Decimal | None = None


class LotMethodRule(Protocol):
    def take(self, pool: Sequence[LotState], sale: Sale) -> list[Pick]:
        """What the sale takes, in the order in which a partial fill takes it.

        `pool` are the open lots that exist at the time of the sale, each with units, by age (time
        of acquisition, then sequence). The picks are of different lots, each within what its lot
        has, and together at most `sale.units`: what is not picked has no cost basis (AC-6). A pick
        that empties its lot takes all of its cost. The same input gives the same picks."""


def in_order(lots: Iterable[LotState], units: int) -> list[Pick]:
    """Each lot whole until the units are there."""
    picks: list[Pick] = []
    for lot in lots:
        if units == 0:
            break
        part = min(lot.units, units)
        picks.append(Pick(lot, part))
        units -= part
    return picks


def unit_cost(lot: LotState) -> Fraction:
    """Exact, fees included: cost left over units left."""
    return Fraction(lot.cost_usd) / lot.units
