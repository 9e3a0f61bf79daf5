"""How long the executor's gas money lasts (O5): wei in, whole executions out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from statistics import median_high
from typing import Final

from treasury.core.amounts import to_decimal

NATIVE_DECIMALS: Final = 18
ASSUMED_GAS_UNITS: Final = 800_000
"""Of one execution, before there was any."""
ALERT_AT: Final = 20
WARN_AT: Final = 60


class TankLevel(StrEnum):
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class GasTank:
    """`left` executions at today's base fee, rounded down; `is_assumed` where nothing was executed
    yet, so that the gas of one is a guess."""

    balance_wei: int
    gas_units: int
    price_wei: int
    left: int
    is_assumed: bool

    @property
    def balance_eth(self) -> Decimal:
        return to_decimal(units=self.balance_wei, decimals=NATIVE_DECIMALS)

    @property
    def level(self) -> TankLevel:
        if self.left < ALERT_AT:
            return TankLevel.BAD
        return TankLevel.WARN if self.left < WARN_AT else TankLevel.GOOD


def gas_tank(*, balance_wei: int, used: Sequence[int], price_wei: int) -> GasTank:
    """`used`: gas units of the latest executions; their median counts, the higher of two."""
    units = median_high(used) if used else ASSUMED_GAS_UNITS
    left = balance_wei // max(units * price_wei, 1)
    return GasTank(balance_wei, units, price_wei, left, is_assumed=not used)
