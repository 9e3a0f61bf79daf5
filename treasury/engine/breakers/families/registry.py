"""Every breaker there is: one entry each. The keys are stored in Halts: add, never rename."""

from __future__ import annotations

from typing import Final

from treasury.engine.breakers.families.base import Ends, TierBreaker, TreasuryBreaker
from treasury.engine.breakers.families.chain import read_code_changed, read_rpc_disagreement
from treasury.engine.breakers.families.executions import read_failure_streak, read_slippage_budget
from treasury.engine.breakers.families.gas import read_gas, read_gas_spike
from treasury.engine.breakers.families.liveness import read_no_evaluation
from treasury.engine.breakers.families.market import (
    read_basket_volatility,
    read_liquidity,
    read_volatility,
)
from treasury.engine.breakers.families.prices import (
    read_depeg,
    read_no_price,
    read_source_disagreement,
)
from treasury.engine.breakers.families.value import read_drawdown, read_nav_jump
from treasury.engine.breakers.ladder import Level

TIER_BREAKERS: Final[dict[str, TierBreaker]] = {
    "NO_PRICE": TierBreaker(Level.MANUAL_PRICES, Ends.CLEAN, read_no_price, has_patience=True),
    "SOURCE_DISAGREEMENT": TierBreaker(
        Level.MANUAL_PRICES, Ends.CLEAN, read_source_disagreement, has_patience=True
    ),
    "DEPEG": TierBreaker(Level.MONITOR, Ends.CLEAN, read_depeg),
    "GAS": TierBreaker(Level.SEMI, Ends.CLEAN, read_gas, has_patience=True),
    "GAS_SPIKE": TierBreaker(Level.SEMI, Ends.CLEAN, read_gas_spike, has_patience=True),
    "VOLATILITY": TierBreaker(Level.SEMI, Ends.CLEAN, read_volatility),
    "BASKET_VOLATILITY": TierBreaker(Level.SEMI, Ends.CLEAN, read_basket_volatility),
    "LIQUIDITY": TierBreaker(Level.SEMI, Ends.CLEAN, read_liquidity),
    "NAV_JUMP": TierBreaker(Level.MONITOR, Ends.LOOKED_AT, read_nav_jump),
    "DRAWDOWN": TierBreaker(Level.MONITOR, Ends.LOOKED_AT, read_drawdown),
    "FAILURE_STREAK": TierBreaker(Level.MONITOR, Ends.LOOKED_AT, read_failure_streak),
    "SLIPPAGE_BUDGET": TierBreaker(Level.SEMI, Ends.CLEAN, read_slippage_budget),
    "CODE_CHANGED": TierBreaker(Level.MONITOR, Ends.LOOKED_AT, read_code_changed),
    "NO_EVALUATION": TierBreaker(Level.MONITOR, Ends.CLEAN, read_no_evaluation),
}
TREASURY_BREAKERS: Final[dict[str, TreasuryBreaker]] = {
    "RPC_DISAGREEMENT": TreasuryBreaker(Level.MONITOR, Ends.CLEAN, read_rpc_disagreement),
}


def ends(key: str) -> Ends:
    """What ends a Halt of this name; what is no breaker (a hand, a frozen proposal) is looked
    at."""
    breaker = TIER_BREAKERS.get(key) or TREASURY_BREAKERS.get(key)
    return breaker.ends if breaker else Ends.LOOKED_AT
