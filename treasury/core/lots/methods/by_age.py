"""FIFO and LIFO."""

from __future__ import annotations

from collections.abc import Sequence

from treasury.core.lots.methods.base import Pick, Sale, in_order
from treasury.core.types import LotState


class OldestFirst:
    """FIFO."""

    def take(self, pool: Sequence[LotState], sale: Sale) -> list[Pick]:
        return in_order(pool, sale.units)


class NewestFirst:
    """LIFO: of lots of one moment, the later entry first."""

    def take(self, pool: Sequence[LotState], sale: Sale) -> list[Pick]:
        return in_order(reversed(pool), sale.units)
