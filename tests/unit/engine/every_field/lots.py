"""Which lots a sale takes: every method, and what some of them need."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.unit.engine.every_field.case import Case, decided
from tests.unit.engine.tiers import NOW, A, policy
from treasury.core.decisions import Decision
from treasury.core.policies import LotMethod, LotRules, TierPolicy
from treasury.core.types import LotState

DAY = 86_400


def lot(ref: str, days: int, cost: int) -> LotState:
    """Worth a million USD now."""
    return LotState(ref, A, 10**12, Decimal(cost), NOW - days * DAY, -days)


POOL = (
    lot("old", 400, 700_000),
    lot("dear", 300, 850_000),
    lot("cheap", 200, 50_000),
    lot("new", 1, 500_000),
)
TAXED = (lot("old", 400, 700_000), lot("young", 300, 800_000))
RULES = LotRules(short_rate_bps=3_700, long_rate_bps=2_000, named=("cheap",))


def taken(decision: Decision) -> set[str]:
    return {item.lot_ref for trade in decision.trades for item in trade.lots}


def rules(method: LotMethod, **changes: Any) -> TierPolicy:
    values: dict[str, Any] = {"short_rate_bps": 3_700, "long_rate_bps": 2_000, "named": ("new",)}
    return policy(lot_method=method, lots=LotRules(**{**values, **changes}))


def method(chosen: LotMethod, refs: set[str]) -> Case:
    return Case(
        "TierPolicy.lot_method",
        policy(lot_method=chosen, lots=RULES),
        decided(taken, lots=POOL),
        {"old"},
        refs,
        policy(lot_method=LotMethod.FIFO, lots=RULES),
    )


CASES = (
    method(LotMethod.LIFO, {"new"}),
    method(LotMethod.HIFO, {"dear"}),
    method(LotMethod.LOFO, {"cheap"}),
    method(LotMethod.AVERAGE, {"old", "dear", "cheap", "new"}),
    method(LotMethod.SPECIFIC, {"cheap"}),
    method(LotMethod.MIN_TAX, {"dear"}),  # .15 x 37 % against .3 x 20 % of the old one
    Case(  # young gains .2, old .3: 37 % and 20 % of that
        "LotRules.short_rate_bps",
        rules(LotMethod.MIN_TAX, short_rate_bps=2_000),
        decided(taken, lots=TAXED),
        {"old"},
        {"young"},
        rules(LotMethod.MIN_TAX),
    ),
    Case(
        "LotRules.long_rate_bps",
        rules(LotMethod.MIN_TAX, long_rate_bps=3_700),
        decided(taken, lots=TAXED),
        {"old"},
        {"young"},
        rules(LotMethod.MIN_TAX),
    ),
    Case(
        "LotRules.named",
        rules(LotMethod.SPECIFIC, named=("dear",)),
        decided(taken, lots=POOL),
        {"new"},
        {"dear"},
        rules(LotMethod.SPECIFIC),
    ),
)
