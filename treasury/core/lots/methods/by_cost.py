"""HIFO and LOFO: by unit cost, fee included. Ties go to the earlier lot."""

from __future__ import annotations

from collections.abc import Sequence

from treasury.core.lots.methods.base import Pick, Sale, in_order, unit_cost
from treasury.core.types import LotState


class DearestFirst:
    """HIFO."""

    def take(self, pool: Sequence[LotState], sale: Sale) -> list[Pick]:
        # `sorted` is stable, also with `reverse`: equal unit costs keep the order by age.
        return in_order(sorted(pool, key=unit_cost, reverse=True), sale.units)


class CheapestFirst:
    """LOFO."""

    def take(self, pool: Sequence[LotState], sale: Sale) -> list[Pick]:
        return in_order(sorted(pool, key=unit_cost), sale.units)
