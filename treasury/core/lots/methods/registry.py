"""Every lot method that a policy may name. One line each."""

from __future__ import annotations

from treasury.core.lots.methods.average import Average
from treasury.core.lots.methods.base import LotMethodRule
from treasury.core.lots.methods.by_age import NewestFirst, OldestFirst
from treasury.core.lots.methods.by_cost import CheapestFirst, DearestFirst
from treasury.core.lots.methods.least_tax import LeastTax
from treasury.core.lots.methods.named import NamedOnly
from treasury.core.policies import LotMethod

METHODS: dict[LotMethod, LotMethodRule] = {
    LotMethod.FIFO: OldestFirst(),
    LotMethod.LIFO: NewestFirst(),
    LotMethod.HIFO: DearestFirst(),
    LotMethod.LOFO: CheapestFirst(),
    LotMethod.AVERAGE: Average(),
    LotMethod.SPECIFIC: NamedOnly(),
    LotMethod.MIN_TAX: LeastTax(),
}
