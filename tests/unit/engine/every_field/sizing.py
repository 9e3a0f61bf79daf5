"""How large trades are, what they may cost, and which lots they take."""

from __future__ import annotations

from decimal import Decimal

from execution.core.slippage import minimum_out
from tests.unit.engine.every_field.case import Case, decided, dropped, trades, turnover
from tests.unit.engine.every_field.selection import VECTOR
from tests.unit.engine.tiers import NOW, A, pairs, policy
from treasury.core.decisions import Decision
from treasury.core.policies import LotMethod
from treasury.core.types import LotState

DAY = 86_400
LOTS = (
    LotState("old", A, 10**12, Decimal(10), NOW - 400 * DAY, 1),
    LotState("dear", A, 10**12, Decimal(90_000), NOW - DAY, 2),
)


def lots(decision: Decision) -> set[tuple[str, bool]]:
    return {(item.lot_ref, item.long_term) for trade in decision.trades for item in trade.lots}


CASES = (
    Case(
        "TierPolicy.min_trade_usd",
        policy(min_trade_usd=Decimal(15_000)),
        decided(dropped),
        [],
        ["min_trade"],
    ),
    Case(
        "TierPolicy.max_trade_usd",
        policy(max_trade_usd=Decimal(12_000)),
        decided(trades),
        VECTOR,
        {"a>c": 12_000, "a>d": 12_000, "a>b": 10_000},
    ),
    Case(
        "TierPolicy.max_turnover_usd",
        policy(max_turnover_usd=Decimal(30_000)),
        decided(turnover),
        60,
        30,
    ),
    Case(  # fee and impact alone are 15 bps and more
        "TierPolicy.cost_cap_bps",
        policy(cost_cap_bps=2),
        decided(turnover, pairs=pairs(depth_usd=Decimal(10**8))),
        60,
        0,
    ),
    Case(
        "TierPolicy.max_slippage_bps",
        policy(max_slippage_bps=100),
        lambda rules: minimum_out(quoted_units=1_000_000, max_slippage_bps=rules.max_slippage_bps),
        997_500,
        995_000,
    ),
    Case(
        "TierPolicy.venues",
        policy(venues=("other",)),
        decided(turnover),
        60,
        0,
    ),
    Case(
        "TierPolicy.lot_method",
        policy(lot_method=LotMethod.HIFO),
        decided(lots, lots=LOTS),
        {("old", True)},
        {("dear", False)},
    ),
    Case(
        "TierPolicy.long_term_days",
        policy(long_term_days=500),
        decided(lots, lots=LOTS),
        {("old", True)},
        {("old", False)},
    ),
)
