"""The other list of trades (D8): what the rules or the optimiser would have done instead."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from governance.selectors.dossiers import Dossier
from treasury.core.amounts import exact
from treasury.core.policies import Solver

NAMES = {Solver.RULES: "The rules", Solver.OPTIMISED: "The optimiser"}


@dataclass(frozen=True, slots=True)
class OtherTrade:
    trade: str
    value_usd: Decimal
    cost_usd: Decimal


@dataclass(frozen=True, slots=True)
class OtherList:
    """`saving_usd`: how much less the list in use costs than this one by the estimates before
    quotes; below 0 it costs more. `outside_bps`: what this list leaves outside the bands."""

    made_by: str
    trades: tuple[OtherTrade, ...]
    cost_usd: Decimal
    saving_usd: Decimal
    outside_bps: Decimal
    is_optimised: bool

    @property
    def extra_usd(self) -> Decimal:
        """How much more the list in use costs."""
        return -self.saving_usd


@exact
def other_list(found: Dossier) -> OtherList | None:
    """None when only one list was made."""
    other = found.decision.alternative
    if other is None:
        return None
    used = sum((trade.cost.total_usd for trade in found.decision.trades), Decimal(0))
    return OtherList(
        made_by=NAMES[other.solver],
        trades=tuple(
            OtherTrade(
                trade=f"{found.symbol(trade.sell)} to {found.symbol(trade.buy)}",
                value_usd=trade.value_usd,
                cost_usd=trade.cost.total_usd,
            )
            for trade in other.trades
        ),
        cost_usd=other.cost_usd,
        saving_usd=other.cost_usd - used,
        outside_bps=other.outside_bps,
        is_optimised=other.solver is Solver.OPTIMISED,
    )
