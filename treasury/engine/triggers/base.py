"""What a trigger is: a rule that looks at one block and says whether to act, with its numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from treasury.core.decisions import RuleRecord, TriggerOutcome, TriggerState
from treasury.core.drift import AssetDrift
from treasury.core.policies import TriggerRule
from treasury.core.triggering.observed import Observed, Series
from treasury.core.types import Address, GasPrice, Holding, PairCost
from treasury.engine.explanation import seconds_text

YEAR_SECONDS = 365 * 86_400
NO_GAS = GasPrice(base_fee_wei=0, tip_wei=0, native_price_usd=Decimal(0))


@dataclass(frozen=True, slots=True)
class Standing:
    """One band at this observation. `armed` by hysteresis (DE-7), `confirmed` by persistence
    (DE-8), `held` why the asset may not be traded in the direction that its drift asks for, empty
    if it may (DE-9)."""

    drift: AssetDrift
    armed: bool
    confirmed: bool
    held: str = ""

    @property
    def counts(self) -> bool:
        return self.confirmed and not self.held


@dataclass(frozen=True, slots=True)
class Sight:
    """Everything that a trigger may look at, as of `now` (block time). `holdings` are the tier's,
    with prices; `settlement` is exempt from the rules per asset; `standings` belong to `drifts`
    and are worked out by `evaluating`."""

    rule: TriggerRule
    drifts: tuple[AssetDrift, ...]
    state: TriggerState
    now: int
    observed: Observed = field(default_factory=Observed)
    holdings: tuple[Holding, ...] = ()
    pairs: tuple[PairCost, ...] = ()
    gas: GasPrice = NO_GAS
    settlement: Address | None = None
    standings: tuple[Standing, ...] = ()

    def price(self, asset: Address) -> Decimal | None:
        return next((item.price_usd for item in self.holdings if item.asset == asset), None)

    def name(self, asset: Address) -> str:
        return next((item.symbol for item in self.holdings if item.asset == asset), "") or asset


@dataclass(frozen=True, slots=True)
class Look:
    """What one trigger said: its outcome, and a record per thing it looked at."""

    outcome: TriggerOutcome
    records: tuple[RuleRecord, ...]


class Trigger(Protocol):
    """`is_on` says whether the policy asks for it; one that is off leaves no record. `look` always
    leaves at least one, fired or not, with the numbers (T6). Both are pure."""

    def is_on(self, rule: TriggerRule) -> bool: ...

    def look(self, sight: Sight) -> Look: ...


def not_evaluated(reason: str) -> TriggerOutcome:
    """A gate or a halt came first, so no trigger was looked at."""
    return TriggerOutcome(fired=False, kind="NONE", reason=reason, value="", limit="")


def age(at: int | None, now: int) -> int | None:
    return None if at is None else now - at


def age_text(seconds: int | None) -> str:
    return "never" if seconds is None else seconds_text(seconds)


def since(series: Series, at: int) -> Series:
    """The observations from a time on."""
    return Series(
        series.asset, series.source, tuple(point for point in series.points if point.at >= at)
    )
