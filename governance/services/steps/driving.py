"""HANDED_OVER: one step of the transaction per call. The transaction's own state is the map; every
arrow that sends something holds or reads the halts first."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction

from execution.core.lifecycle import TransactionState
from execution.selectors.transactions import current_attempt, fills
from execution.services.reconciling import reconcile
from execution.services.sending import (
    SignedAttempt,
    SubmissionRefusedError,
    broadcast,
    cancel_unsent,
    store_attempt,
    store_bump,
)
from execution.services.submission import build_attempt, build_bump
from execution.services.tracking import track
from governance.core.lifecycle import ProposalOutcome, ProposalState
from governance.selectors.proposals import transaction_of
from governance.services.halts import HaltedError
from governance.services.moves import PROCESS, move, postpone
from governance.services.steps.step import (
    EXECUTION_RETRIES,
    POLL_SECONDS,
    SENDS_BEFORE_BUMP,
    WAIT_SECONDS,
    Step,
    hold_halts,
    look_first,
)
from treasury.core.lots import total_usd
from treasury.selectors.policies import revive_policy
from treasury.services.crash_points import passage


def drive(step: Step) -> None:
    """Take the step that the transaction's state asks for."""
    current = TransactionState(transaction_of(step.proposal).state)
    STEPS[current](step)


def _sign(step: Step) -> None:
    """EXEC_INTENT: build and sign outside, then the halts FOR SHARE and the attempt in one
    transaction."""
    proposal = step.proposal
    if step.now >= proposal.expires_at:
        _give_back(step, "the deadline has passed before anything was sent", retry=False)
        return
    look_first(step)
    try:
        _store(step, _signed(step))
    except SubmissionRefusedError as refused:
        if refused.retryable:
            postpone(proposal, until=step.now + WAIT_SECONDS, reason=f"waits: {refused}")
        else:
            _give_back(step, f"not sent: {refused}", retry=True)
        return
    except HaltedError as halted:
        postpone(proposal, until=step.now + WAIT_SECONDS, reason=f"halted: {halted}")
        return
    passage("raw.after")
    postpone(proposal, until=step.now, reason="signed")


def _signed(step: Step) -> SignedAttempt:
    policy = revive_policy(step.proposal.policy_version)
    return build_attempt(
        transaction_id=transaction_of(step.proposal).pk,
        block=step.block,
        rpc_url=step.rpc_url,
        max_fee_per_gas_wei=policy.max_fee_per_gas_wei,
        max_slippage_bps=policy.max_slippage_bps,
    )


def _store(step: Step, signed: SignedAttempt) -> None:
    with transaction.atomic():
        hold_halts(step.proposal)
        store_attempt(
            transaction_id=transaction_of(step.proposal).pk, signed=signed, block=step.block
        )
        passage("raw.before")


def _send(step: Step) -> None:
    """SIGNED_RAW: read the halts again in a short transaction, then send. A halt before the
    first send takes the attempt back; the executor's nonce is filled when automation resumes."""
    if step.now >= step.proposal.expires_at:
        _give_back(step, "the deadline has passed before anything was sent", retry=False)
        return
    try:
        _read_halts(step)
    except HaltedError as halted:
        _give_back(step, f"halted before the first send: {halted}", retry=False)
        return
    _broadcast(step)


def _watch(step: Step) -> None:
    """BROADCAST, UNKNOWN, MINED: look at the chain; what is not found is sent again, unless
    halted."""
    proposal = step.proposal
    state = track(
        transaction_id=transaction_of(proposal).pk,
        block=step.block,
        finality_depth=step.finality_depth,
        rpc_url=step.rpc_url,
    )
    if state in {TransactionState.BROADCAST, TransactionState.UNKNOWN}:
        _nudge(step)
        return
    wait = 1 if state is TransactionState.MINED else 0
    postpone(proposal, until=step.now + wait, reason=f"transaction {state}")


def _nudge(step: Step) -> None:
    """Still not mined: the same bytes again, or the same nonce with higher fees when they were sent
    often enough."""
    proposal = step.proposal
    try:
        _read_halts(step)
        if _is_stuck(step):
            _bump(step)
    except HaltedError as halted:
        reason = f"only watched, halted: {halted}"
        postpone(proposal, until=step.now + POLL_SECONDS, reason=reason)
        return
    except SubmissionRefusedError as refused:
        postpone(proposal, until=step.now + POLL_SECONDS, reason=f"stuck: {refused}")
        return
    _broadcast(step, again_in=POLL_SECONDS)


def _is_stuck(step: Step) -> bool:
    """The current version went out so many times and no block took it."""
    attempt = current_attempt(transaction_of(step.proposal).pk)
    return attempt is not None and attempt.sent_count >= SENDS_BEFORE_BUMP


def _bump(step: Step) -> None:
    row = transaction_of(step.proposal)
    signed = build_bump(
        transaction_id=row.pk,
        block=step.block,
        rpc_url=step.rpc_url,
        max_fee_per_gas_wei=revive_policy(step.proposal.policy_version).max_fee_per_gas_wei,
    )
    with transaction.atomic():
        hold_halts(step.proposal)
        store_bump(transaction_id=row.pk, signed=signed, block=step.block)


def _broadcast(step: Step, *, again_in: int = 1) -> None:
    broadcast(transaction_id=transaction_of(step.proposal).pk, rpc_url=step.rpc_url)
    postpone(step.proposal, until=step.now + again_in, reason="sent")


def _reconcile(step: Step) -> None:
    """FINAL: fills, breaks and journal in one transaction of execution's."""
    state = reconcile(
        transaction_id=transaction_of(step.proposal).pk,
        block=step.block,
        rpc_url=step.rpc_url,
        actor=PROCESS,
        proposal_ref=step.proposal.public_id,
    )
    postpone(step.proposal, until=step.now, reason=f"transaction {state}")


def _finish(step: Step) -> None:
    rows = fills(transaction_id=transaction_of(step.proposal).pk)
    step.move(
        ProposalState.DONE,
        "executed, reconciled and booked",
        outcome=ProposalOutcome.EXECUTED.value,
        done_at=step.now,
        actual_cost_usd=total_usd(fill.actual_cost_usd for fill in rows),
    )


def _failed(step: Step) -> None:
    """Without effect at finality: a retry is a new transaction row on the same fencing nonce."""
    proposal = step.proposal
    reason = f"failed on the chain: {transaction_of(proposal).state_reason}"
    if proposal.retries >= EXECUTION_RETRIES or step.now >= proposal.expires_at:
        _end(step, ProposalOutcome.FAILED, reason)
        return
    step.move(ProposalState.READY, reason, retries=proposal.retries + 1)


def _cancelled(step: Step) -> None:
    """Nothing was sent: back to READY. Something was: its fencing nonce went to another hash."""
    if transaction_of(step.proposal).attempts.filter(sent_count__gt=0).exists():
        _end(step, ProposalOutcome.CANCELLED, "its nonce was consumed by another transaction")
        return
    step.move(ProposalState.READY, "nothing was sent")


def _end(step: Step, outcome: ProposalOutcome, reason: str) -> None:
    step.move(ProposalState.DONE, reason, outcome=outcome.value, done_at=step.now)


def _give_back(step: Step, reason: str, *, retry: bool) -> None:
    """Nothing was sent: cancel the transaction row and go back to READY; after too many tries,
    end."""
    proposal = step.proposal
    is_last = retry and proposal.retries >= EXECUTION_RETRIES
    with transaction.atomic():
        cancel_unsent(transaction_id=transaction_of(proposal).pk, reason=reason, block=step.block)
        if is_last:
            move(
                proposal,
                ProposalState.DONE,
                actor=PROCESS,
                block=step.block,
                reason=reason,
                outcome=ProposalOutcome.FAILED.value,
                done_at=step.now,
            )
        else:
            move(
                proposal,
                ProposalState.READY,
                actor=PROCESS,
                block=step.block,
                reason=reason,
                retries=proposal.retries + int(retry),
                next_action_at=step.now + (WAIT_SECONDS if retry else 0),
            )


def _read_halts(step: Step) -> None:
    look_first(step)
    with transaction.atomic():
        hold_halts(step.proposal)


STEPS: dict[TransactionState, Callable[[Step], None]] = {
    TransactionState.EXEC_INTENT: _sign,
    TransactionState.SIGNED_RAW: _send,
    TransactionState.BROADCAST: _watch,
    TransactionState.UNKNOWN: _watch,
    TransactionState.MINED: _watch,
    TransactionState.FINAL: _reconcile,
    TransactionState.RECONCILED: _finish,
    TransactionState.FAILED_ONCHAIN: _failed,
    TransactionState.CANCELLED: _cancelled,
}
