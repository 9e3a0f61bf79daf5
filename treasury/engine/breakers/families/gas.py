"""Breakers of gas: dear in itself, or dear against its own recent past (DE-35)."""

from __future__ import annotations

from decimal import Decimal

from treasury.core.policies import HaltRules
from treasury.engine.breakers.facts import TierFacts
from treasury.engine.breakers.families.base import BreakerReading, measured, unknown, wei_words
from treasury.engine.breakers.ladder import Level

GAS = "GAS"
GAS_SPIKE = "GAS_SPIKE"
SAMPLES_NEEDED = 12
"""Fewer snapshots than this say nothing about what gas usually costs."""


def gas_price(*, scope: str, rules: HaltRules, base_fee_wei: int) -> BreakerReading:
    """DE-35, absolute cap: base fee above `max_base_fee_wei`. People may still decide to pay it."""
    return measured(
        key=GAS,
        level=Level.SEMI,
        scope=scope,
        value=Decimal(base_fee_wei),
        limit=Decimal(rules.max_base_fee_wei),
        reset_bps=rules.reset_bps,
        show=wei_words,
        reason="the base fee is above its ceiling",
    )


def read_gas(facts: TierFacts) -> tuple[BreakerReading, ...]:
    return (gas_price(scope=facts.scope, rules=facts.rules, base_fee_wei=facts.base_fee_wei),)


def read_gas_spike(facts: TierFacts) -> tuple[BreakerReading, ...]:
    """DE-35, k x the median of the stored snapshots of a day. The median is taken over snapshots,
    however far apart they are; this block's is one of them."""
    multiple, history = facts.rules.gas_median_percent, facts.gas
    if multiple == 0:
        return ()
    words = f"{multiple} % of the median of {history.seconds // 3600} h"
    if history.median_wei is None or history.samples < SAMPLES_NEEDED:
        reason = f"{history.samples} of {SAMPLES_NEEDED} snapshots for a median"
        found = unknown(
            key=GAS_SPIKE, level=Level.SEMI, scope=facts.scope, limit=words, reason=reason
        )
        return (found,)
    limit = Decimal(history.median_wei) * multiple / 100
    found = measured(
        key=GAS_SPIKE,
        level=Level.SEMI,
        scope=facts.scope,
        value=Decimal(facts.base_fee_wei),
        limit=limit,
        reset_bps=facts.rules.reset_bps,
        show=wei_words,
        reason=f"the base fee is above {words} ({history.samples} snapshots)",
    )
    return (found,)
