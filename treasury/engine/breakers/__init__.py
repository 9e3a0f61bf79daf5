"""When to stop by itself: pure rules of the circuit breakers (X7, R5, D5; DE-34..42).

A breaker is a rule, a Halt its tripped row: the caller stores and closes Halts (closing takes two
people), the rule only reads. One file a family, one line each in `registry`. Not done: the NAV
guard around one execution (DE-43), a rollup's sequencer (DE-40).
"""

from treasury.engine.breakers.families.base import BreakerReading, Ends, Standing, worst_of
from treasury.engine.breakers.families.executions import failure_streak
from treasury.engine.breakers.families.gas import gas_price
from treasury.engine.breakers.families.prices import no_price, source_disagreement
from treasury.engine.breakers.families.registry import TIER_BREAKERS, TREASURY_BREAKERS, ends
from treasury.engine.breakers.families.value import nav_jump
from treasury.engine.breakers.ladder import Level, forbids_proposals, level_named, lowest_level
from treasury.engine.breakers.memory import (
    Memory,
    clean_seconds,
    is_armed,
    is_due,
    may_end,
    remember,
)

__all__ = [
    "TIER_BREAKERS",
    "TREASURY_BREAKERS",
    "BreakerReading",
    "Ends",
    "Level",
    "Memory",
    "Standing",
    "clean_seconds",
    "ends",
    "failure_streak",
    "forbids_proposals",
    "gas_price",
    "is_armed",
    "is_due",
    "level_named",
    "lowest_level",
    "may_end",
    "nav_jump",
    "no_price",
    "remember",
    "source_disagreement",
    "worst_of",
]
