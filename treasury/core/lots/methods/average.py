"""AVERAGE: the pool is one. Every lot gives the same share of its units and its cost."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from treasury.core.amounts import exact, quantize_usd
from treasury.core.lots.methods.base import Pick, Sale
from treasury.core.types import LotState


class Average:
    """The cost of a disposal is its share of the whole pool's cost, rounded once (8 decimals, half
    even), so the pool's unit cost is the same before and after. Dates stay with their units: a
    share of each lot is sold, and each slice has the term of its own lot.

    Units are whole: each lot gives the floor of its share, and the largest lots give one more
    until the sum is right. Where a lot of a few base units cannot give a share, its part of the
    cost comes from the others.
    """

    @exact
    def take(self, pool: Sequence[LotState], sale: Sale) -> list[Pick]:
        held = sum(lot.units for lot in pool)
        if sale.units >= held:
            return [Pick(lot, lot.units) for lot in pool]
        parts = _parts(pool, sale.units, held)
        taken = [(lot, part) for lot, part in zip(pool, parts, strict=True) if part]
        whole = sum((lot.cost_usd for lot in pool), Decimal(0))
        costs = _costs(taken, quantize_usd(whole * sale.units / held))
        return [Pick(lot, part, cost) for (lot, part), cost in zip(taken, costs, strict=True)]


def _parts(pool: Sequence[LotState], units: int, held: int) -> list[int]:
    parts = [lot.units * units // held for lot in pool]
    by_rest = sorted(range(len(pool)), key=lambda place: parts[place] - pool[place].units)
    for place in by_rest[: units - sum(parts)]:
        parts[place] += 1
    return parts


def _costs(taken: Sequence[tuple[LotState, int]], total_usd: Decimal) -> list[Decimal]:
    """The total over the lots in proportion to their cost, rounded cumulatively so that it adds up;
    a lot that is emptied gives all it has, none gives more."""
    emptied_usd = sum((lot.cost_usd for lot, part in taken if part == lot.units), Decimal(0))
    partial_usd = sum((lot.cost_usd for lot, part in taken if part < lot.units), Decimal(0))
    share_usd = max(total_usd - emptied_usd, Decimal(0))
    costs: list[Decimal] = []
    seen_usd = given_usd = Decimal(0)
    for lot, part in taken:
        if part == lot.units:
            costs.append(lot.cost_usd)
            continue
        seen_usd += lot.cost_usd
        upto_usd = quantize_usd(share_usd * seen_usd / partial_usd) if partial_usd else Decimal(0)
        costs.append(min(upto_usd - given_usd, lot.cost_usd))
        given_usd += costs[-1]
    return costs
