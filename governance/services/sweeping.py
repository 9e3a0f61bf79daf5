"""The sweeper's pull: which proposals are due, and one step for each. Needs neither broker nor
message."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q

from execution.core.lifecycle import TERMINAL as TRANSACTION_TERMINAL
from governance.core.lifecycle import OPEN, ProposalOutcome, ProposalState
from governance.models import Proposal
from governance.services.guarding.pinned import watch_safes
from governance.services.guarding.unproven import reopen_unproven
from governance.services.moves import PROCESS
from governance.services.notifying.fan_out import relay
from governance.services.process import advance
from treasury.core.types import BlockRef

BATCH = 50
SWEEPS_PER_TICK = 12
LOOK_BACK_SECONDS = 3600
"""How long an executed proposal is compared with the chain: far beyond any finality."""


def due_proposals(*, now: int, limit: int = BATCH) -> list[int]:
    """Ids of proposals whose next step is due. Rows that a transaction holds right now are
    skipped: they are being moved."""
    executed = Q(state=ProposalState.DONE, outcome=ProposalOutcome.EXECUTED.value)
    settled = Q(transaction__state__in=sorted(TRANSACTION_TERMINAL))
    undone = executed & (~settled | Q(done_at__gte=now - LOOK_BACK_SECONDS))
    with transaction.atomic():
        rows = (
            Proposal.objects.filter(
                Q(state__in=sorted(OPEN - {ProposalState.DRAFT})) | undone, next_action_at__lte=now
            )
            .order_by("next_action_at", "pk")
            .select_for_update(skip_locked=True, of=("self",))
        )
        return [row.pk for row in rows[:limit]]


def sweep(*, block: BlockRef, rpc_url: str, finality_depth: int) -> dict[str, str]:
    """A look at the Safes, one step for each due proposal, then the outbox. Public id -> state."""
    reopen_unproven(actor=PROCESS, block=block)
    watch_safes(block=block, rpc_url=rpc_url)
    states: dict[str, str] = {}
    for proposal_id in due_proposals(now=block.timestamp):
        state = advance(
            proposal_id=proposal_id, block=block, rpc_url=rpc_url, finality_depth=finality_depth
        )
        public_id = Proposal.objects.values_list("public_id", flat=True).get(pk=proposal_id)
        states[public_id] = state.value
    relay(rpc_url=rpc_url)
    return states


def settle(*, block: BlockRef, rpc_url: str, finality_depth: int) -> dict[str, str]:
    """Sweep at one block until nothing is due any more: what waits has put itself off. Bounded, so
    that no row that is always due keeps a worker. Public id -> state of every row that was due."""
    states: dict[str, str] = {}
    for _ in range(SWEEPS_PER_TICK):
        moved = sweep(block=block, rpc_url=rpc_url, finality_depth=finality_depth)
        if not moved:
            break
        states |= moved
    return states
