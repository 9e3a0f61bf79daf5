"""Every trigger, in the order in which they are asked: the first that fires gives the reason."""

from __future__ import annotations

from treasury.engine.triggers.bands.threshold import Threshold
from treasury.engine.triggers.base import Trigger
from treasury.engine.triggers.events.contract_log import ContractLog
from treasury.engine.triggers.events.flow import Flow
from treasury.engine.triggers.events.upgrade import ScheduledUpgrade
from treasury.engine.triggers.market.depeg import Depeg
from treasury.engine.triggers.market.gas import CheapGas
from treasury.engine.triggers.market.price_move import PriceMove
from treasury.engine.triggers.market.volatility import Volatility
from treasury.engine.triggers.market.yield_spread import YieldSpread
from treasury.engine.triggers.schedule.calendar import Calendar
from treasury.engine.triggers.schedule.full_reset import FullReset
from treasury.engine.triggers.schedule.max_age import MaximumAge

TRIGGERS: dict[str, Trigger] = {
    "FULL_RESET": FullReset(),  # first: a breach on the same day must not make it a partial one
    "CALENDAR": Calendar(),
    "THRESHOLD": Threshold(),
    "CALENDAR_MAX": MaximumAge(),
    "DEPEG": Depeg(),
    "PRICE_MOVE": PriceMove(),
    "VOLATILITY": Volatility(),
    "FLOW": Flow(),
    "CONTRACT_LOG": ContractLog(),
    "UPGRADE": ScheduledUpgrade(),
    "YIELD_SPREAD": YieldSpread(),
    "GAS": CheapGas(),
}
