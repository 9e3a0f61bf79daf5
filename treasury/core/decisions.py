"""What goes into one decision and what comes out of it (T6, D7).

`DecisionInputs` is complete: the engine reads nothing else, so a stored value replays to the same
`Decision`. Both have a canonical form (`treasury.core.canonical`) and a digest; generated ids and
wall time stay out of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from treasury.core.canonical import LATER, digest
from treasury.core.policies import Solver, TierPolicy
from treasury.core.triggering.observed import UNOBSERVED, UNREMEMBERED, Observed, TriggerMemory
from treasury.core.types import (
    Address,
    CostEstimate,
    GasPrice,
    LotSlice,
    LotState,
    PairCost,
    Portfolio,
)


@dataclass(frozen=True, slots=True)
class TriggerState:
    """What earlier evaluations left behind. Times are block timestamps, None = never."""

    latest_evaluation_at: int | None = None
    latest_proposal_at: int | None = None
    latest_rebalance_at: int | None = None
    latest_full_reset_at: int | None = field(default=None, metadata=LATER)
    policy_since: int | None = field(default=None, metadata=LATER)
    """When the policy came into force: where an age counts from before the first rebalance."""
    memory: TriggerMemory = field(default=UNREMEMBERED, metadata=LATER)


@dataclass(frozen=True, slots=True)
class PriceGap:
    """An asset of the tier without a usable price, and why (DE-38..40)."""

    asset: Address
    reason: str


@dataclass(frozen=True, slots=True)
class RemainingAllowance:
    """What the role may still spend at the pinned block (`allowances(key)` with refill applied)."""

    allowance_key: str
    asset: Address
    remaining_units: int


@dataclass(frozen=True, slots=True)
class HaltNotice:
    """An open halt that covers the tier."""

    scope: str
    breaker: str
    level: str
    reason: str


@dataclass(frozen=True, slots=True)
class DecisionInputs:
    tier: str
    policy: TierPolicy
    policy_hash: str
    portfolio: Portfolio
    treasury_nav_usd: Decimal
    trigger_state: TriggerState
    turnover_in_window_usd: Decimal
    lots: tuple[LotState, ...]
    pairs: tuple[PairCost, ...]
    gas: GasPrice
    price_gaps: tuple[PriceGap, ...]
    allowances: tuple[RemainingAllowance, ...]
    halts: tuple[HaltNotice, ...]
    forced_reason: str | None = None
    """A person or an API call asks for an evaluation now: the trigger fires with this reason
    unless a gate or a halt forbids it."""
    observed: Observed = field(default=UNOBSERVED, metadata=LATER)

    @property
    def now(self) -> int:
        return self.portfolio.block.timestamp


@dataclass(frozen=True, slots=True)
class DecisionContext:
    """What a decision needs that the treasury does not know by itself. Execution knows markets,
    allowances and past turnover; governance knows proposals and halts. They hand these in, so that
    the stored inputs are complete and the imports point one way. `tip_wei` is the priority fee that
    a transaction of ours pays, per unit of gas."""

    trigger_state: TriggerState
    turnover_in_window_usd: Decimal
    pairs: tuple[PairCost, ...]
    tip_wei: int
    allowances: tuple[RemainingAllowance, ...]
    halts: tuple[HaltNotice, ...]
    forced_reason: str | None = None
    observed: Observed = UNOBSERVED


class Outcome(StrEnum):
    """How an evaluation ended. Only TRADES leads to a proposal."""

    TRADES = "TRADES"
    NOT_FIRED = "NOT_FIRED"
    GATED = "GATED"
    HALTED = "HALTED"
    NOTHING_WORTHWHILE = "NOTHING_WORTHWHILE"


@dataclass(frozen=True, slots=True)
class RuleRecord:
    """One rule with the numbers that decided it. `inputs` are (name, value with unit) pairs."""

    rule: str
    subject: str
    inputs: tuple[tuple[str, str], ...]
    outcome: str


@dataclass(frozen=True, slots=True)
class TriggerOutcome:
    fired: bool
    kind: str
    reason: str
    value: str
    limit: str


@dataclass(frozen=True, slots=True)
class Trade:
    """Sell exactly `sell_units` of one asset for another. `lots` previews the disposal (D6)."""

    sell: Address
    buy: Address
    venue: str
    sell_units: int
    expected_buy_units: int
    value_usd: Decimal
    cost: CostEstimate
    lots: tuple[LotSlice, ...]


@dataclass(frozen=True, slots=True)
class SkippedTrade:
    """A trade that a rule dropped: which rule, the value it saw, its limit ("why not")."""

    sell: Address
    buy: Address
    value_usd: Decimal
    rule: str
    value: str
    limit: str


@dataclass(frozen=True, slots=True)
class Weight:
    """Before and after, in bps with two decimals (so 12.34 % reads 1234.00)."""

    asset: Address
    target_bps: int
    band_bps: Decimal
    before_bps: Decimal
    after_bps: Decimal


@dataclass(frozen=True, slots=True)
class Alternative:
    """The list that was not used (D8). `outside_bps`: what it would leave outside the bands,
    summed over the assets, 4 decimals; trades carry no lots."""

    solver: Solver
    trades: tuple[Trade, ...]
    cost_usd: Decimal
    outside_bps: Decimal


@dataclass(frozen=True, slots=True)
class Decision:
    outcome: Outcome
    trigger: TriggerOutcome
    trades: tuple[Trade, ...]
    skipped: tuple[SkippedTrade, ...]
    weights: tuple[Weight, ...]
    explanation: tuple[RuleRecord, ...]
    memory: TriggerMemory = field(default=UNREMEMBERED, metadata=LATER)
    """What the triggers hand to the next evaluation."""
    alternative: Alternative | None = field(default=None, metadata=LATER)


def decision_digest(*, inputs: DecisionInputs, decision: Decision) -> str:
    """Binds what a decision saw to what it decided: SHA-256 hex over both canonical forms. A
    proposal refers to it for ever."""
    return digest({"inputs": inputs, "result": decision})
