"""A proposal's plan once more, for whoever asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from execution.core.types import BalanceChange
from execution.selectors.plans import plan_value
from execution.selectors.treasuries import treasury_view
from governance.models import Proposal
from governance.selectors.proposals import plan_of
from governance.services.deliberating.fresh import fresh_look
from treasury.core.types import BlockRef
from treasury.selectors.portfolio import assets

if TYPE_CHECKING:
    from treasury.models import Asset


class NotSimulatedError(RuntimeError):
    """The node did not simulate; that says nothing about the plan."""

    problem_code = "simulation_unavailable"
    problem_status = 503
    retryable = True
    retry_after_seconds = 5

    def __str__(self) -> str:
        return "The node does not simulate now."


@dataclass(frozen=True, slots=True)
class Change:
    """Signed base units of one asset in one Safe."""

    change: BalanceChange
    asset: Asset


@dataclass(frozen=True, slots=True)
class Look:
    """`worse_bps` against the quotes that were planned on, None when the plan fails."""

    proposal: Proposal
    block: BlockRef
    ok: bool
    error: str
    gas_used: int
    worse_bps: int | None
    changes: tuple[Change, ...]


def look_again(proposal: Proposal, *, block: BlockRef, rpc_url: str) -> Look:
    """Writes nothing. Raises NotSimulatedError."""
    row = plan_of(proposal)
    found = fresh_look(
        plan_id=row.pk,
        plan=plan_value(row),
        view=treasury_view(proposal.tier),
        block=block,
        rpc_url=rpc_url,
    )
    if found is None:
        raise NotSimulatedError
    known = {asset.address: asset for asset in assets(proposal.tier.treasury_id)}
    simulation = found.simulation
    return Look(
        proposal=proposal,
        block=simulation.block,
        ok=simulation.ok,
        error=simulation.error,
        gas_used=simulation.gas_used,
        worse_bps=found.worse_bps,
        changes=tuple(Change(change, known[change.asset]) for change in simulation.changes),
    )
