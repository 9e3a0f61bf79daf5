"""The process manager: one legal step of one proposal per call.

Pulled by the sweeper, never pushed: calling it 0, 1 or n times, late or at once, has the same
result, because each move is a compare-and-set on the row that was looked at. No database
transaction stays open across a call to the node. A step that fails is tried again with growing
distance; past the cap the proposal is frozen with the reason, and a transaction in flight is
only watched.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog
from django.db import transaction

from execution.core.lifecycle import ACTIVE, TransactionState
from execution.services.reconciling import reconcile
from execution.services.sending import MoveLostError
from execution.services.tracking import track
from governance.core.lifecycle import ProposalOutcome, ProposalState
from governance.core.routing import Level
from governance.models import Proposal
from governance.selectors.halts import is_open
from governance.selectors.proposals import proposal_by_id
from governance.services.claims import Claim, claimed
from governance.services.halts import Trip, trip
from governance.services.moves import PROCESS, LostRaceError, move, postpone
from governance.services.steps.collecting import begin, collect
from governance.services.steps.driving import drive
from governance.services.steps.handing_over import hand_over
from governance.services.steps.step import WAIT_SECONDS, Step
from treasury.core.types import BlockRef

log = structlog.get_logger(__name__)

FAILED_STEPS_MAX = 8
BACKOFF_SECONDS = 2
BACKOFF_SECONDS_MAX = 300
LOOK_BACK_EVERY = 120
FROZEN_PROPOSAL = "FROZEN_PROPOSAL"
IN_FLIGHT = ACTIVE - {TransactionState.EXEC_INTENT, TransactionState.SIGNED_RAW}


def advance(
    *, proposal_id: int, block: BlockRef, rpc_url: str, finality_depth: int
) -> ProposalState:
    """Take at most one step; the state in which the proposal is then."""
    with claimed(Claim.PROPOSAL, proposal_id) as is_ours:
        if is_ours:
            step = Step(proposal_by_id(proposal_id), block, rpc_url, finality_depth)
            _take(step)
    return ProposalState(Proposal.objects.values_list("state", flat=True).get(pk=proposal_id))


def _take(step: Step) -> None:
    take = STEPS.get(ProposalState(step.proposal.state))
    if take is None:
        return
    try:
        take(step)
    except (LostRaceError, MoveLostError):
        log.info("step_lost", proposal=step.proposal.public_id)
    except Exception as error:  # noqa: BLE001  any failure counts, none may stop the sweeper
        _failed(step, error)


def _failed(step: Step, error: Exception) -> None:
    """Count it and try again later, or freeze. The text of the error is for people: one line."""
    proposal = proposal_by_id(step.proposal.pk)
    if (proposal.state, proposal.version) != (step.proposal.state, step.proposal.version):
        return  # moved before it failed: the new state is tried afresh
    reason = f"{type(error).__name__}: {error}".splitlines()[0][:300]
    log.warning("step_failed", proposal=proposal.public_id, state=proposal.state, exc_info=error)
    tries = proposal.failed_steps + 1
    if tries < FAILED_STEPS_MAX or proposal.state == ProposalState.FROZEN:
        wait = min(BACKOFF_SECONDS**tries, BACKOFF_SECONDS_MAX)
        postpone(proposal, until=step.now + wait, reason=reason, counted=True)
        return
    freeze(proposal, reason=f"{tries} failed tries: {reason}", block=step.block)


def freeze(proposal: Proposal, *, reason: str, block: BlockRef) -> None:
    """People have to look: the tier is halted with it, and the two people who close that halt
    let the proposal go on. What is in flight is watched on, never sent again."""
    try:
        with transaction.atomic():
            trip(
                treasury_id=proposal.tier.treasury_id,
                tier_id=proposal.tier_id,
                found=Trip(
                    breaker=FROZEN_PROPOSAL,
                    level=Level.MONITOR,
                    value=proposal.public_id,
                    limit="none",
                    reason=reason,
                    is_self_clearing=False,
                ),
                actor=PROCESS,
                block=block,
            )
            move(
                proposal,
                ProposalState.FROZEN,
                actor=PROCESS,
                block=block,
                reason=reason,
                frozen_from=proposal.state,
            )
    except LostRaceError:
        log.info("freeze_lost", proposal=proposal.public_id)


def _watch_frozen(step: Step) -> None:
    """FROZEN: follow a transaction in flight to its end. Once two people have closed the halt,
    back to where it was."""
    if not is_open(tier_id=step.proposal.tier_id, breaker=FROZEN_PROPOSAL):
        step.move(ProposalState(step.proposal.frozen_from), "two people let it go on")
        return
    row = step.proposal.transaction
    state = TransactionState(row.state) if row else TransactionState.CANCELLED
    if row is not None and state in IN_FLIGHT:
        if state is TransactionState.FINAL:
            reconcile(
                transaction_id=row.pk,
                block=step.block,
                rpc_url=step.rpc_url,
                actor=PROCESS,
                proposal_ref=step.proposal.public_id,
            )
        else:
            track(
                transaction_id=row.pk,
                block=step.block,
                finality_depth=step.finality_depth,
                rpc_url=step.rpc_url,
            )
    postpone(step.proposal, until=step.now + WAIT_SECONDS, reason=step.proposal.state_reason)


def _look_back(step: Step) -> None:
    """DONE: only a reorganisation below our finality brings an executed proposal back."""
    proposal = step.proposal
    row = proposal.transaction
    if proposal.outcome != ProposalOutcome.EXECUTED or row is None:
        return
    state = TransactionState(row.state)
    if state is TransactionState.RECONCILED:
        state = track(
            transaction_id=row.pk,
            block=step.block,
            finality_depth=step.finality_depth,
            rpc_url=step.rpc_url,
        )
    if state not in ACTIVE:
        postpone(proposal, until=step.now + LOOK_BACK_EVERY, reason=proposal.state_reason)
        return
    step.move(
        ProposalState.HANDED_OVER,
        "its transaction was undone by a reorganisation",
        outcome="",
        done_at=None,
        actual_cost_usd=None,
    )


STEPS: dict[ProposalState, Callable[[Step], None]] = {
    ProposalState.PROPOSED: begin,
    ProposalState.COLLECTING: collect,
    ProposalState.READY: hand_over,
    ProposalState.HANDED_OVER: drive,
    ProposalState.FROZEN: _watch_frozen,
    ProposalState.DONE: _look_back,
}
