"""MIN_TAX (DE-31): the smallest tax per unit first, so losses come before gains."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from treasury.core.lots.methods.base import Pick, Sale, in_order, unit_cost
from treasury.core.types import LotState


class LeastTax:
    """Tax per unit = rate of the lot's term x (price - unit cost). Lots can be divided and the tax
    is linear in units, so taking the smallest first is optimal for one disposal of one asset. Ties
    go to the earlier lot.

    Not done: netting of gains against losses over disposals, carry-forward, caps, waiting for a lot
    to become long-term.
    """

    def take(self, pool: Sequence[LotState], sale: Sale) -> list[Pick]:
        rules = sale.rules

        def tax_per_unit(lot: LotState) -> Fraction:
            rate_bps = rules.long_rate_bps if sale.is_long(lot) else rules.short_rate_bps
            return rate_bps * (sale.price_usd - unit_cost(lot))

        return in_order(sorted(pool, key=tax_per_unit), sale.units)
