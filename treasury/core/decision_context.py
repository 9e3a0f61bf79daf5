"""What a decision needs that the treasury does not know by itself.

Execution knows markets, allowances and past turnover; governance knows proposals and halts. They
hand these in, so that the stored inputs are complete and the imports point one way. """

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from treasury.core.decisions import HaltNotice, RemainingAllowance, TriggerState
from treasury.core.types import PairCost


@dataclass(frozen=True, slots=True)
class DecisionContext:
    """`tip_wei` is the priority fee that a transaction of ours pays, per unit of gas."""

    trigger_state: TriggerState
    turnover_in_window_usd: Decimal
    pairs: tuple[PairCost, ...]
    tip_wei: int
    allowances: tuple[RemainingAllowance, ...]
    halts: tuple[HaltNotice, ...]
    forced_reason: str | None = None
