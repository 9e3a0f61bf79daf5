"""SPECIFIC: the lots that the policy names, in its order, and no others."""

from __future__ import annotations

from collections.abc import Sequence

from treasury.core.lots.methods.base import Pick, Sale, in_order
from treasury.core.types import LotState


class NamedOnly:
    """What the named lots do not cover has no cost basis: nobody chose a lot for it (AC-6)."""

    def take(self, pool: Sequence[LotState], sale: Sale) -> list[Pick]:
        by_ref = {lot.lot_ref: lot for lot in pool}
        chosen = (by_ref[ref] for ref in sale.rules.named if ref in by_ref)
        return in_order(chosen, sale.units)
