"""The glass box: names of the rules and the records they leave (D7, T6).

Values are text with their unit, exact where a limit is compared: USD 8 decimals, bps 4 decimals,
whole base units. A record says what a rule saw and what it decided, also when it had no effect.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from treasury.core.amounts import BPS, exact, quantize_usd
from treasury.core.canonical import decimal_text
from treasury.core.decisions import RuleRecord


class Rule(StrEnum):
    """Stable keys, in the order of evaluation. They are stored: add, never rename."""

    PRICE_GAP = "price_gap"
    HALT = "halt"
    UNTARGETED = "untargeted"
    RESERVE = "reserve"
    FORCED = "forced"
    COOLDOWN = "cooldown"
    DAILY_LIMIT = "daily_limit"
    FULL_RESET = "full_reset"
    CALENDAR = "calendar"
    THRESHOLD = "threshold"
    SIGNAL = "signal"
    ASSET_COOLDOWN = "asset_cooldown"
    FLIP = "flip"
    HELD = "held"
    MAX_AGE = "max_age"
    DEPEG = "depeg"
    PRICE_MOVE = "price_move"
    VOLATILITY = "volatility"
    FLOW = "flow"
    CONTRACT_LOG = "contract_log"
    UPGRADE = "upgrade"
    YIELD_SPREAD = "yield_spread"
    GAS_WINDOW = "gas_window"
    GROUP = "group"
    SCOPE = "scope"
    DESTINATION = "destination"
    RESIDUAL = "residual"
    VENUE = "venue"
    ALLOWANCE = "allowance"
    ROUTE = "route"
    MAX_TRADE = "max_trade"
    MAX_TURNOVER = "max_turnover"
    MIN_TRADE = "min_trade"
    PRICE_AGREEMENT = "price_agreement"
    COST_CAP = "cost_cap"
    NEW_BREACH = "new_breach"
    OPTIMISER = "optimiser"
    LOTS = "lots"


TIER = "tier"
"""Subject of a rule that concerns the whole tier; otherwise it is an asset or `sell>buy`."""


def record(rule: Rule, subject: str, outcome: str, **inputs: str) -> RuleRecord:
    return RuleRecord(
        rule=rule.value, subject=subject, inputs=tuple(inputs.items()), outcome=outcome
    )


def pair_subject(sell: str, buy: str) -> str:
    return f"{sell}>{buy}"


@exact
def usd_text(amount: Decimal) -> str:
    return f"{decimal_text(quantize_usd(amount))} USD"


@exact
def fraction_text(fraction: Decimal) -> str:
    """A fraction in basis points: 0.0123456789 -> 123.4568 bps."""
    return f"{decimal_text((fraction * BPS).quantize(Decimal('0.0001')))} bps"


def bps_text(bps: int | Decimal) -> str:
    return f"{decimal_text(Decimal(bps))} bps"


def units_text(units: int) -> str:
    return f"{units} units"


def seconds_text(seconds: int) -> str:
    return f"{seconds} s"
