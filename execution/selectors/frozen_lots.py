"""Whether the lots that were frozen in a plan are still open."""

from __future__ import annotations

from execution.core.types import ExecutionPlan
from execution.models import Plan
from execution.selectors.plans import plan_value
from treasury.core.lots import GoneLot, gone_lots
from treasury.selectors.lots import lots_named


def lots_gone(plan: ExecutionPlan, *, treasury_id: int) -> tuple[GoneLot, ...]:
    """Those that another entry has taken since: such a plan is not executed any more (AC-8). One
    query. Not done: nothing is held; what goes after this look becomes a Break when it is
    booked."""
    frozen = [lot for leg in plan.legs for lot in leg.lots]
    named = lots_named(treasury_id=treasury_id, lot_refs={lot.lot_ref for lot in frozen})
    left = dict(named.values_list("lot_ref", "units_left"))
    return gone_lots(frozen=frozen, units_left=left)


def frozen_refs(row: Plan) -> tuple[str, ...]:
    """References of its lots, none when what is stored cannot be read."""
    try:
        plan = plan_value(row)
    except ValueError:
        return ()
    return tuple(lot.lot_ref for leg in plan.legs for lot in leg.lots)
