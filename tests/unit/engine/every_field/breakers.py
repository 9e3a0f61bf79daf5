"""What switches the breakers on, and how long they remember."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from tests.unit.engine.breakers.tier_facts import NOW, read, series
from tests.unit.engine.every_field.case import Case, See
from tests.unit.engine.tiers import policy
from treasury.core.policies import HaltRules, TierPolicy
from treasury.engine.breakers import Memory, Standing, is_due, may_end
from treasury.engine.breakers.facts import (
    ContractFact,
    DepthProbe,
    GasHistory,
    PegSamples,
    Spend,
)


def ruled(**changes: Any) -> TierPolicy:
    return policy(halts=replace(policy().halts, **changes))


def stands(breaker: str, **facts: Any) -> See:
    """OVER, BETWEEN, CLEAN or UNKNOWN; None where the policy does not ask."""

    def see(rules: TierPolicy) -> str | None:
        reading = read(breaker, rules.halts, **facts)
        return None if reading is None else reading.standing.value

    return see


def remembered(rule: Callable[[HaltRules], bool]) -> See:
    return lambda rules: rule(rules.halts)


WILD = (series("100", "110", "100", "110", first=27),)
"""The latest four of thirty-one steps."""
OFF_PEG = (PegSamples("DAI", "USD", Decimal(1), (Decimal("0.975"), Decimal("0.995"))),)
LOST = (Spend(NOW - 700, Decimal(5_000)),)
DAI = ContractFact("DAI", "0xd", ("code is 0x2, pinned 0x1",), is_paused=False)

CASES = (
    Case(
        "HaltRules.reset_bps",
        ruled(reset_bps=4_000),
        stands("GAS", base_fee_wei=policy().halts.max_base_fee_wei // 2),
        "CLEAN",
        "BETWEEN",
    ),
    Case(
        "HaltRules.min_clean_seconds",
        ruled(min_clean_seconds=600),
        remembered(
            lambda rules: may_end(
                Memory(Standing.CLEAN, None, 100, 400), min_clean_seconds=rules.min_clean_seconds
            )
        ),
        before=True,
        after=False,
    ),
    Case(
        "HaltRules.patience_seconds",
        ruled(patience_seconds=600),
        remembered(
            lambda rules: is_due(
                Memory(Standing.OVER, 100, None, 400), patience_seconds=rules.patience_seconds
            )
        ),
        before=True,
        after=False,
    ),
    Case(
        "HaltRules.gas_median_percent",
        ruled(gas_median_percent=300),
        stands("GAS_SPIKE", base_fee_wei=301, gas=GasHistory(100, 12, 86_400)),
        None,
        "OVER",
    ),
    Case(
        "HaltRules.max_volatility_bps",
        ruled(max_volatility_bps=1_000, history_steps=3),
        stands("VOLATILITY", series=WILD),
        None,
        "OVER",
        base=ruled(history_steps=3),
    ),
    Case(
        "HaltRules.max_basket_volatility_bps",
        ruled(max_basket_volatility_bps=1_000, history_steps=3),
        stands("BASKET_VOLATILITY", series=WILD),
        None,
        "OVER",
        base=ruled(history_steps=3),
    ),
    Case(
        "HaltRules.history_steps",
        ruled(max_volatility_bps=1_000, history_steps=3),
        stands("VOLATILITY", series=WILD),
        "UNKNOWN",
        "OVER",
        base=ruled(max_volatility_bps=1_000),
    ),
    Case(  # the same moves within an hour are far wilder than within a day
        "HaltRules.history_step_seconds",
        ruled(max_volatility_bps=30_000, history_steps=3, history_step_seconds=3_600),
        stands("VOLATILITY", series=WILD),
        "CLEAN",
        "OVER",
        base=ruled(max_volatility_bps=30_000, history_steps=3),
    ),
    Case(
        "HaltRules.max_drawdown_bps",
        ruled(max_drawdown_bps=500),
        stands("DRAWDOWN", series=(series("100", "90", first=29),)),
        None,
        "OVER",
    ),
    Case(
        "HaltRules.depeg_bps",
        ruled(depeg_bps=200, depeg_samples=1),
        stands("DEPEG", pegs=OFF_PEG),
        None,
        "OVER",
        base=ruled(depeg_samples=1),
    ),
    Case(
        "HaltRules.depeg_warn_bps",
        ruled(depeg_bps=300, depeg_warn_bps=280, depeg_samples=1),
        stands("DEPEG", pegs=OFF_PEG),
        "BETWEEN",
        "CLEAN",
        base=ruled(depeg_bps=300, depeg_samples=1),
    ),
    Case(
        "HaltRules.depeg_samples",
        ruled(depeg_bps=200, depeg_samples=1),
        stands("DEPEG", pegs=OFF_PEG),
        "BETWEEN",
        "OVER",
        base=ruled(depeg_bps=200),
    ),
    Case(
        "HaltRules.max_depth_loss_bps",
        ruled(max_depth_loss_bps=50),
        stands("LIQUIDITY", depth=(DepthProbe("a>b", Decimal(1_000), Decimal(80)),)),
        None,
        "OVER",
    ),
    Case(  # 5,000 of 1,000,000 USD are 50 bps
        "HaltRules.slippage_budget_bps",
        ruled(slippage_budget_bps=40),
        stands("SLIPPAGE_BUDGET", spent=LOST),
        None,
        "OVER",
    ),
    Case(  # a bucket of an hour has lost a fifth of its budget since
        "HaltRules.slippage_window_seconds",
        ruled(slippage_budget_bps=45, slippage_window_seconds=3_600),
        stands("SLIPPAGE_BUDGET", spent=LOST),
        "OVER",
        "BETWEEN",
        base=ruled(slippage_budget_bps=45),
    ),
    Case(
        "HaltRules.watch_code",
        ruled(watch_code=True),
        stands("CODE_CHANGED", contracts=(DAI,)),
        None,
        "OVER",
    ),
    Case(
        "HaltRules.max_silence_seconds",
        ruled(max_silence_seconds=60),
        stands("NO_EVALUATION", evaluated_at=NOW - 61),
        None,
        "OVER",
    ),
)
