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
from execution.services.sending import MoveLostError, cancel_unsent
from execution.services.tracking import track
from governance.core.lifecycle import ProposalOutcome, ProposalState
from governance.models import Proposal
from governance.selectors.conformity import findings
from governance.selectors.halts import is_open
from governance.selectors.proposals import proposal_by_id
from governance.services.claims import Claim, claimed
from governance.services.guarding.freezing import (
    FROZEN_PROPOSAL,
    SENDABLE,
    UNSENT,
    TamperedError,
    freeze,
    may_act,
    require_sound,
)
from governance.services.moves import PROCESS, LostRaceError, move, postpone
from governance.services.steps.collecting import begin, collect
from governance.services.steps.driving import drive
from governance.services.steps.handing_over import hand_over
from governance.services.steps.rejecting import reject
from governance.services.steps.step import WAIT_SECONDS, Step
from treasury.core.types import BlockRef

log = structlog.get_logger(__name__)

FAILED_STEPS_MAX = 8
BACKOFF_SECONDS = 2
BACKOFF_SECONDS_MAX = 300
LOOK_BACK_EVERY = 120
IN_FLIGHT = ACTIVE - UNSENT


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
        if reject(step):
            return  # judged by itself: stopping is right whatever else was changed
        if may_act(step.proposal):
            require_sound(step.proposal, actor=PROCESS, block=step.block)
        take(step)
    except (LostRaceError, MoveLostError):
        log.info("step_lost", proposal=step.proposal.public_id)
    except TamperedError as tampered:
        log.warning("proposal_tampered", proposal=step.proposal.public_id, error=str(tampered))
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


def _watch_frozen(step: Step) -> None:
    """FROZEN: follow a transaction in flight to its end. Once two people have closed the halt,
    back to where it was."""
    row = step.proposal.transaction
    state = TransactionState(row.state) if row else TransactionState.CANCELLED
    is_halted = is_open(tier_id=step.proposal.tier_id, breaker=FROZEN_PROPOSAL)
    if not is_halted and _resume(step, state):
        return
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


def _resume(step: Step, state: TransactionState) -> bool:
    """Two people cannot make good what still breaks a rule: that ends here, and what is on its way
    is only watched. Whether the proposal was moved."""
    proposal, frozen_from = step.proposal, ProposalState(step.proposal.frozen_from)
    is_past = frozen_from is ProposalState.HANDED_OVER and state not in SENDABLE
    violations = () if is_past else findings(proposal).violations
    if not violations:
        step.move(frozen_from, "two people let it go on")
        return True
    if state in IN_FLIGHT:
        return False
    reason = f"still not what was made: {violations[0]}"
    with transaction.atomic():
        if proposal.transaction is not None and state in UNSENT:
            cancel_unsent(transaction_id=proposal.transaction.pk, reason=reason, block=step.block)
        move(proposal, ProposalState.REJECTED, actor=PROCESS, block=step.block, reason=reason)
    return True


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
