"""What is no price, and what stops a tier by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from tests.unit.engine.every_field.case import Case, See
from tests.unit.engine.tiers import GWEI, NOW, A, policy
from treasury.core.policies import HaltRules
from treasury.core.prices import PriceReading, consensus
from treasury.engine.breakers import BreakerReading, failure_streak, gas_price, nav_jump


def priced(*readings: tuple[str, bool]) -> See:
    """The price that sources with these answers (price, on the chain?) agree on, if any."""
    given = tuple(
        PriceReading(f"s{number}", "test", f"u{number}", on_chain, Decimal(price), NOW, 60)
        for number, (price, on_chain) in enumerate(readings)
    )
    return lambda rules: consensus(asset=A, readings=given, rules=rules.prices, now=NOW).price_usd


def tripped(read: Callable[[HaltRules], BreakerReading]) -> See:
    return lambda rules: read(rules.halts).tripped


CASES = (
    Case(
        "PriceRules.min_sources",
        policy(prices=replace(policy().prices, min_sources=3)),
        priced(("10", True), ("10", False)),
        10,
        None,
    ),
    Case(
        "PriceRules.min_on_chain",
        policy(prices=replace(policy().prices, min_on_chain=2)),
        priced(("10", True), ("10", False)),
        10,
        None,
    ),
    Case(  # 5 % apart: both are 2.5 % from their median
        "PriceRules.max_deviation_bps",
        policy(prices=replace(policy().prices, max_deviation_bps=200)),
        priced(("10", True), ("10.5", False)),
        Decimal("10.25"),
        None,
    ),
    Case(
        "HaltRules.max_base_fee_wei",
        policy(halts=replace(policy().halts, max_base_fee_wei=10 * GWEI)),
        tripped(lambda rules: gas_price(scope="core", rules=rules, base_fee_wei=50 * GWEI)),
        before=False,
        after=True,
    ),
    Case(
        "HaltRules.failure_streak",
        policy(halts=replace(policy().halts, failure_streak=2)),
        tripped(lambda rules: failure_streak(scope="core", rules=rules, succeeded=(False, False))),
        before=False,
        after=True,
    ),
    Case(  # 5 % of the value came from nowhere
        "HaltRules.max_nav_jump_bps",
        policy(halts=replace(policy().halts, max_nav_jump_bps=400)),
        tripped(
            lambda rules: nav_jump(
                scope="core",
                rules=rules,
                before_usd=Decimal(100),
                after_usd=Decimal(105),
                explained_usd=Decimal(0),
            )
        ),
        before=False,
        after=True,
    ),
)
