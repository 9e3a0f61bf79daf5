"""The rejection of a proposal on its way through the chain, beside the proposal's own steps.

As soon as it has its signatures it goes first: a stop beats a go until the go has been sent. Halts
are not asked, because it moves nothing. The rows, states and crash safety are those of every
execution: intent before action, one fencing nonce, success only by the Safe's event at finality.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.db import transaction

from execution.core.lifecycle import ACTIVE, TransactionState
from execution.selectors.transactions import (
    current_attempt,
    is_active,
    rejection_of,
    transaction_by_id,
)
from execution.services.confirming import confirmation_status
from execution.services.opening import close_safe_transaction
from execution.services.reconciling import reconcile
from execution.services.sending import (
    SubmissionRefusedError,
    broadcast,
    cancel_unsent,
    store_attempt,
    store_bump,
)
from execution.services.signatures.members import settle_members
from execution.services.signatures.rejecting import start_rejection
from execution.services.submission import build_attempt, build_bump
from execution.services.tracking import track
from governance.core.lifecycle import ProposalState
from governance.services.moves import PROCESS, move, postpone
from governance.services.steps.step import (
    EXECUTION_RETRIES,
    POLL_SECONDS,
    SENDS_BEFORE_BUMP,
    WAIT_SECONDS,
    Step,
)
from treasury.selectors.policies import revive_policy
from treasury.services.crash_points import passage

if TYPE_CHECKING:
    from execution.models import SafeTransaction, Transaction

S = TransactionState
UNSENT = frozenset({S.EXEC_INTENT, S.SIGNED_RAW})
REJECTABLE = frozenset(
    {
        ProposalState.COLLECTING,
        ProposalState.READY,
        ProposalState.HANDED_OVER,
        ProposalState.FROZEN,
    }
)


class RejectionFailedError(RuntimeError):
    """The chain refused the rejection again and again: people have to look."""


def reject(step: Step) -> bool:
    """Whether this step was the rejection's. False: the proposal goes its own way."""
    proposal = step.proposal
    if proposal.state not in REJECTABLE or proposal.safe_transaction_id is None:
        return False
    rejection = rejection_of(proposal.safe_transaction_id)
    if rejection is None:
        return False
    row = rejection.transactions.order_by("-id").first()
    if row is not None and row.state in DRIVEN:
        DRIVEN[S(row.state)](step, transaction_by_id(row.pk))
        return True
    if not is_active(rejection) or _is_lost(step, rejection, row):
        return False
    return _begin(step, rejection)


def _begin(step: Step, rejection: SafeTransaction) -> bool:
    """Enough owners want it, and the original has not been sent: what there is of it is taken back,
    in a step of its own, and the rejection starts."""
    if step.now >= step.proposal.expires_at or not _is_complete(step, rejection):
        return False
    original = step.proposal.transaction
    if original is not None and original.state in ACTIVE:
        if original.state not in UNSENT:
            return False
        _take_back(step, original)
        return True
    failed = rejection.transactions.filter(state=S.FAILED_ONCHAIN).count()
    if failed >= EXECUTION_RETRIES:
        raise RejectionFailedError(f"the rejection failed {failed} times on the chain")
    start_rejection(safe_transaction_id=rejection.pk, actor=PROCESS, block=step.block)
    passage("authorised.after")
    postpone(step.proposal, until=step.now, reason="its rejection is being executed")
    return True


def _is_complete(step: Step, rejection: SafeTransaction) -> bool:
    settle_members(safe_transaction_id=rejection.pk, block=step.block, rpc_url=step.rpc_url)
    status = confirmation_status(
        safe_transaction_id=rejection.pk, block=step.block, rpc_url=step.rpc_url
    )
    return status.is_complete


def _take_back(step: Step, original: Transaction) -> None:
    reason = "the owners reject it on the chain"
    with transaction.atomic():
        cancel_unsent(transaction_id=original.pk, reason=reason, block=step.block)
        if step.proposal.state == ProposalState.HANDED_OVER:
            move(step.proposal, ProposalState.READY, actor=PROCESS, block=step.block, reason=reason)
    postpone(step.proposal, until=step.now, reason=reason)


def _is_lost(step: Step, rejection: SafeTransaction, row: Transaction | None) -> bool:
    """It was sent, and at finality its nonce belonged to another hash: the rejection is dead."""
    if row is None or row.state != S.CANCELLED:
        return False
    if not row.attempts.filter(sent_count__gt=0).exists():
        return False
    close_safe_transaction(
        safe_transaction_id=rejection.pk,
        replaced=False,
        reason="its nonce was used by another transaction",
        actor=PROCESS,
        block=step.block,
    )
    return True


# ------------------------------------------------------------------------------------ under way
def _sign(step: Step, row: Transaction) -> None:
    """EXEC_INTENT: what may change by waiting is waited for; a rejection that lost its signatures
    or its time is taken back, so that it does not stand in the way."""
    policy = revive_policy(step.proposal.policy_version)
    try:
        signed = build_attempt(
            transaction_id=row.pk,
            block=step.block,
            rpc_url=step.rpc_url,
            max_fee_per_gas_wei=policy.max_fee_per_gas_wei,
            max_slippage_bps=policy.max_slippage_bps,
        )
        with transaction.atomic():
            store_attempt(transaction_id=row.pk, signed=signed, block=step.block)
            passage("raw.before")
    except SubmissionRefusedError as refused:
        if not refused.retryable:
            cancel_unsent(transaction_id=row.pk, reason=str(refused), block=step.block)
        reason = f"its rejection waits: {refused}"
        postpone(step.proposal, until=step.now + WAIT_SECONDS, reason=reason)
        return
    passage("raw.after")
    postpone(step.proposal, until=step.now, reason="its rejection is signed")


def _send(step: Step, row: Transaction, again_in: int = 1) -> None:
    broadcast(transaction_id=row.pk, rpc_url=step.rpc_url)
    postpone(step.proposal, until=step.now + again_in, reason="its rejection is sent")


def _watch(step: Step, row: Transaction) -> None:
    state = track(
        transaction_id=row.pk,
        block=step.block,
        finality_depth=step.finality_depth,
        rpc_url=step.rpc_url,
    )
    if state in {S.BROADCAST, S.UNKNOWN}:
        _nudge(step, row)
        return
    wait = 1 if state is S.MINED else 0
    postpone(step.proposal, until=step.now + wait, reason=f"its rejection is {state}")


def _nudge(step: Step, row: Transaction) -> None:
    attempt = current_attempt(row.pk)
    try:
        if attempt is not None and attempt.sent_count >= SENDS_BEFORE_BUMP:
            signed = build_bump(
                transaction_id=row.pk,
                block=step.block,
                rpc_url=step.rpc_url,
                max_fee_per_gas_wei=revive_policy(step.proposal.policy_version).max_fee_per_gas_wei,
            )
            store_bump(transaction_id=row.pk, signed=signed, block=step.block)
    except SubmissionRefusedError as refused:
        reason = f"its rejection is stuck: {refused}"
        postpone(step.proposal, until=step.now + POLL_SECONDS, reason=reason)
        return
    _send(step, row, POLL_SECONDS)


def _settle(step: Step, row: Transaction) -> None:
    state = reconcile(
        transaction_id=row.pk,
        block=step.block,
        rpc_url=step.rpc_url,
        actor=PROCESS,
        proposal_ref=step.proposal.public_id,
    )
    postpone(step.proposal, until=step.now, reason=f"its rejection is {state}")


def _finish(step: Step, row: Transaction) -> None:
    """At finality: the original can never be executed, whoever holds its signatures."""
    reason = f"rejected on the chain by {row.mined_tx_hash}"
    with transaction.atomic():
        if step.proposal.state == ProposalState.READY:
            move(
                step.proposal,
                ProposalState.COLLECTING,
                actor=PROCESS,
                block=step.block,
                reason=reason,
            )
        move(step.proposal, ProposalState.REJECTED, actor=PROCESS, block=step.block, reason=reason)


DRIVEN: dict[TransactionState, Callable[[Step, Transaction], None]] = {
    S.EXEC_INTENT: _sign,
    S.SIGNED_RAW: _send,
    S.BROADCAST: _watch,
    S.UNKNOWN: _watch,
    S.MINED: _watch,
    S.FINAL: _settle,
    S.RECONCILED: _finish,
}
