"""Gas that has become cheap (T3). Dear gas is a breaker, not a trigger (DE-35)."""

from __future__ import annotations

from treasury.core.decisions import TriggerOutcome
from treasury.core.policies import TriggerRule
from treasury.engine.explanation import TIER, Rule, record
from treasury.engine.triggers.base import Look, Sight

KIND = "GAS"


class CheapGas:
    """Fires when the base fee has fallen to `gas_below_wei` since the latest evaluation: once per
    fall, not for as long as gas is cheap."""

    def is_on(self, rule: TriggerRule) -> bool:
        return rule.events.gas_below_wei > 0

    def look(self, sight: Sight) -> Look:
        limit, fee = sight.rule.events.gas_below_wei, sight.gas.base_fee_wei
        before = sight.observed.base_fee_before_wei
        fired = before is not None and before > limit >= fee
        is_cheap = fee <= limit
        if fired:
            reason = "gas has become cheap"
        else:
            reason = "gas was cheap before" if is_cheap else "gas is not cheap"
        return Look(
            TriggerOutcome(fired, KIND, reason, f"{fee} wei", f"{limit} wei"),
            (
                record(
                    Rule.GAS_WINDOW,
                    TIER,
                    "fired" if fired else "cheap before" if is_cheap else "dear",
                    base_fee=f"{fee} wei",
                    before="unknown" if before is None else f"{before} wei",
                    limit=f"{limit} wei",
                ),
            ),
        )
