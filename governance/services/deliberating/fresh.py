"""The plan once more, at the newest block: what a signer would get now, not when it was proposed.

The node runs it outside any database transaction; the answer is kept for the block, so that pages
that poll cost one simulation per block.
"""

from __future__ import annotations

from dataclasses import dataclass

from execution.core.slippage import SlippageError, changes_worse_by_bps
from execution.core.types import ExecutionPlan, Simulation
from execution.selectors.treasuries import TreasuryView
from execution.services.preparing import simulate_plan
from execution.services.simulating import SimulationUnavailableError
from governance.adapters.keeping import keep, kept
from treasury.adapters.rpc import RpcError, RpcUnavailableError
from treasury.core.types import BlockRef

KEPT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class FreshLook:
    """`simulation` at the newest block; `worse_bps` against the quotes that were planned on, None
    when it failed."""

    simulation: Simulation
    worse_bps: int | None


def fresh_look(
    *, plan_id: int, plan: ExecutionPlan, view: TreasuryView, block: BlockRef, rpc_url: str
) -> FreshLook | None:
    """None when the node does not simulate now: that says nothing about the plan."""
    key = f"governance.fresh.{plan_id}.{block.hash}"
    found: FreshLook | None = kept([key]).get(key)
    if found is None:
        try:
            simulation = simulate_plan(plan=plan, view=view, block=block, rpc_url=rpc_url)
        except (RpcError, RpcUnavailableError, SimulationUnavailableError):
            return None
        found = FreshLook(simulation, _worse(plan, simulation))
        keep({key: found}, seconds=KEPT_SECONDS)
    return found


def _worse(plan: ExecutionPlan, simulation: Simulation) -> int | None:
    if not simulation.ok:
        return None
    try:
        return changes_worse_by_bps(plan.legs, simulation.changes)
    except SlippageError:
        return None
