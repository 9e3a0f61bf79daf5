"""One plan, tried on one block, judged by its own legs. Used before signing and before sending."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from execution.adapters import ethereum, safe
from execution.adapters.simulation import (
    Approval,
    SimulationUnavailableError,
    Trial,
    TrialResult,
    approved_trial,
    simulate,
)
from execution.core import contracts, planning
from execution.core.reconciliation import compare_changes
from execution.core.types import ExecutionPlan, Leg, Mechanism, Simulation
from execution.selectors.treasuries import TreasuryView
from treasury.adapters.rpc import Rpc
from treasury.core.types import Address, BlockRef

__all__ = [
    "PlanRefusedError",
    "SimulationUnavailableError",
    "consented_trial",
    "judge",
    "left_approvals",
    "require_pinned_code",
    "try_call",
    "try_empty_call",
    "try_plan",
]


class PlanRefusedError(RuntimeError):
    """The plan must not be signed or sent: something around it is not as it has to be."""


def try_plan(rpc: Rpc, plan: ExecutionPlan, view: TreasuryView, block: BlockRef) -> Simulation:
    """Simulate as if the needed owners had consented. `ok` only if the batch does what the legs
    say, nothing else, and leaves no approval behind."""
    planning.check_plan(plan, view.own_safes)
    require_pinned_code(rpc, block)
    return judge(plan.legs, simulate(rpc, consented_trial(rpc, plan, view, block), block))


def try_call(
    rpc: Rpc,
    plan: ExecutionPlan,
    view: TreasuryView,
    block: BlockRef,
    *,
    to: Address,
    data: bytes,
) -> Simulation:
    """Simulate exactly what the executor is about to send, signatures and all; nothing is
    overridden."""
    trial = Trial(view.executor, to, data, view.positions(), left_approvals(plan.legs))
    return judge(plan.legs, simulate(rpc, trial, block))


def try_empty_call(
    rpc: Rpc, view: TreasuryView, block: BlockRef, *, to: Address, data: bytes
) -> Simulation:
    """The same for a rejection: `ok` only if it changes no balance at all."""
    return judge((), simulate(rpc, Trial(view.executor, to, data, view.positions()), block))


def consented_trial(rpc: Rpc, plan: ExecutionPlan, view: TreasuryView, block: BlockRef) -> Trial:
    signing = planning.signing_safe(plan)
    if signing is None:
        to, data = planning.role_target(plan), planning.role_call(plan)
        sender = view.executor if plan.member is None else plan.member
        return Trial(sender, to, data, view.positions(), left_approvals(plan.legs))
    state = safe.state(rpc, signing, block)
    if plan.mechanism is Mechanism.SAFE and view.executor in state.owners:
        raise PlanRefusedError("the executor is an owner of the main Safe; it must own no money")
    return approved_trial(
        planning.safe_tx_fields(plan, state.nonce),
        state,
        sender=view.executor,
        watch=view.positions(),
        approvals=left_approvals(plan.legs),
    )


def left_approvals(legs: Sequence[Leg]) -> tuple[Approval, ...]:
    """Allowances that must be zero afterwards."""
    found = {
        (leg.sell, leg.safe, spender) for leg in legs for spender, _ in planning.approvals(leg)
    }
    return tuple(sorted(found))


def judge(legs: Sequence[Leg], result: TrialResult) -> Simulation:
    """A simulation that ran but did something else than the legs say has failed."""
    simulation = result.simulation
    if not simulation.ok:
        return simulation
    reasons = [
        f"{mismatch.kind} of {mismatch.asset} in {mismatch.safe}: {mismatch.reason}"
        for mismatch in compare_changes(legs, simulation.changes)
    ]
    reasons += [f"{units} units stay approved to {a[2]}" for a, units in result.left_over]
    if not reasons:
        return simulation
    return replace(simulation, ok=False, error="; ".join(reasons)[:280])


def require_pinned_code(rpc: Rpc, block: BlockRef) -> None:
    """The one contract that a Safe delegates to must be the one we know."""
    found = ethereum.code_hash(rpc, contracts.MULTISEND_CALL_ONLY, block)
    if found != contracts.MULTISEND_CALL_ONLY_CODE_HASH:
        raise PlanRefusedError(f"the code of MultiSendCallOnly is {found}, not the pinned one")
