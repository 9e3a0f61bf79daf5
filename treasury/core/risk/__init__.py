"""Risk numbers of M1 for people to look at; nothing here is signed, booked or traded on.

The formulas with their definitions are in docs/formulas.md. A measure that has too little to go on
is a `NotEnough`, never a guess. Rates, shares and depths are fractions (0.05 = 5 %), values USD,
times Unix seconds of a block. Not done: correlation between assets, value at risk, other
currencies.
"""

from treasury.core.risk.exposure import (
    Exposure,
    concentration,
    issuer_exposure,
    protocol_exposure,
    stablecoin_share,
)
from treasury.core.risk.flows import (
    against_holding,
    net_apy,
    quarter_start,
    runway_months,
)
from treasury.core.risk.series import (
    DAY,
    Drawdown,
    NavPoint,
    NotEnough,
    daily,
    daily_returns,
    max_drawdown,
    volatility,
    with_flows,
)

__all__ = [
    "DAY",
    "Drawdown",
    "Exposure",
    "NavPoint",
    "NotEnough",
    "against_holding",
    "concentration",
    "daily",
    "daily_returns",
    "issuer_exposure",
    "max_drawdown",
    "net_apy",
    "protocol_exposure",
    "quarter_start",
    "runway_months",
    "stablecoin_share",
    "volatility",
    "with_flows",
]
