"""Facts of a tier in which nothing is wrong, to be changed one by one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.unit.engine.tiers import inputs, policy
from treasury.core.policies import HaltRules
from treasury.engine.breakers import TIER_BREAKERS, BreakerReading, worst_of
from treasury.engine.breakers.facts import PriceSeries, TierFacts

NOW = 1_000_000


def halt_rules(**changes: Any) -> HaltRules:
    base = {"max_base_fee_wei": 100, "failure_streak": 3, "max_nav_jump_bps": 1_000}
    return HaltRules(**{**base, **changes})


def facts(rules: HaltRules, **changes: Any) -> TierFacts:
    base: dict[str, Any] = {
        "scope": "core",
        "now": NOW,
        "rules": rules,
        "max_deviation_bps": 1_000,
        "portfolio": inputs(policy=policy()).portfolio,
        "earlier": None,
        "gaps": (),
        "answers": (),
        "base_fee_wei": 50,
        "failed_streak": 0,
        "streak_seen": 0,
        "policy_since": NOW - 10,
        "evaluated_at": NOW - 10,
    }
    return TierFacts(**{**base, **changes})


def series(*prices: str, first: int = 0, symbol: str = "WETH") -> PriceSeries:
    """One token held, of no decimals."""
    told = tuple((first + place, Decimal(price)) for place, price in enumerate(prices))
    return PriceSeries(symbol, 1, 0, told)


def read(breaker: str, rules: HaltRules, **changes: Any) -> BreakerReading | None:
    """The reading that stands for the breaker, None where the rules do not ask for it."""
    found = TIER_BREAKERS[breaker].read(facts(rules, **changes))
    return worst_of(found) if found else None
