"""READY to HANDED_OVER: everything is checked once more, then the authorisation and the
transaction row are written in one database transaction."""

from __future__ import annotations

from django.db import transaction

from execution.core.types import Authorization, Mechanism
from execution.services.preparing import resimulate
from execution.services.submission import start_transaction
from governance.core.lifecycle import ProposalState
from governance.selectors.proposals import plan_of
from governance.services.halts import HaltedError
from governance.services.moves import PROCESS, move, postpone
from governance.services.steps.collecting import POLICY_CHANGED, missing
from governance.services.steps.step import (
    WAIT_SECONDS,
    Step,
    expire_if_due,
    hold_halts,
    look_first,
    policy_changed,
    stale_lots,
)
from treasury.services.crash_points import passage
from treasury.services.prices import observe_prices

SIMULATION_TRIES = 3


def hand_over(step: Step) -> None:
    """READY: expiry, policy, lots, signatures of current owners, breakers, prices, simulation; last
    the halts again, under the lock that the authorisation is written with."""
    if expire_if_due(step):
        return
    if policy_changed(step):
        step.move(ProposalState.SUPERSEDED, POLICY_CHANGED)
        return
    reason = stale_lots(step)
    if reason:
        step.move(ProposalState.SUPERSEDED, reason)
        return
    reason = missing(step)
    if reason:
        step.move(ProposalState.COLLECTING, f"an owner or a signature is gone: {reason}")
        return
    look_first(step)
    if is_held(step):
        return
    reason = price_gap(step)
    if reason:
        postpone(step.proposal, until=step.now + WAIT_SECONDS, reason=reason)
        return
    simulation = resimulate(
        plan_id=plan_of(step.proposal).pk, block=step.block, rpc_url=step.rpc_url
    )
    if not simulation.ok:
        _simulation_failed(step, simulation.error)
        return
    try:
        _authorise(step)
    except HaltedError as halted:
        postpone(step.proposal, until=step.now + WAIT_SECONDS, reason=f"halted: {halted}")
        return
    passage("authorised.after")


def is_held(step: Step) -> bool:
    """Whether a halt forbids to go on; then it waits, and no failed simulation is counted."""
    try:
        with transaction.atomic():
            hold_halts(step.proposal)
    except HaltedError as halted:
        postpone(step.proposal, until=step.now + WAIT_SECONDS, reason=f"halted: {halted}")
        return True
    return False


def price_gap(step: Step) -> str:
    """Why the prices of this block do not allow to act, empty when they do."""
    tier = step.proposal.tier
    asset_ids = set(tier.tier_assets.values_list("asset_id", flat=True))
    prices = observe_prices(treasury_id=tier.treasury_id, block=step.block, rpc_url=step.rpc_url)
    gaps = [f"{p.asset}: {p.reason}" for p in prices if p.asset_id in asset_ids and not p.price_usd]
    return f"no price for {'; '.join(gaps)}" if gaps else ""


def _simulation_failed(step: Step, error: str) -> None:
    """Signed bounds cannot be mended: after a few tries the proposal makes room for a new one."""
    proposal = step.proposal
    if proposal.failed_steps + 1 >= SIMULATION_TRIES:
        step.move(ProposalState.SUPERSEDED, f"it no longer simulates: {error}")
        return
    postpone(proposal, until=step.now + WAIT_SECONDS, reason=f"simulation: {error}", counted=True)


def _authorise(step: Step) -> None:
    proposal = step.proposal
    with transaction.atomic():
        hold_halts(proposal)
        started = start_transaction(
            plan_id=plan_of(proposal).pk,
            safe_transaction_id=proposal.safe_transaction_id,
            authorization=Authorization(
                plan_digest=plan_of(proposal).digest,
                mechanism=Mechanism(plan_of(proposal).mechanism),
                expires_at=proposal.expires_at,
            ),
            actor=PROCESS,
            block=step.block,
        )
        move(
            proposal,
            ProposalState.HANDED_OVER,
            actor=PROCESS,
            block=step.block,
            reason="authorised",
            transaction_id=started.pk,
        )
