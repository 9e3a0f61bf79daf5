"""What every step is given, and what steps have in common: expiry, policy, halts."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from execution.selectors.frozen_lots import lots_gone
from execution.selectors.plans import plan_value
from governance.core.lifecycle import ProposalState
from governance.core.routing import is_blocked
from governance.models import Proposal
from governance.selectors.proposals import plan_of
from governance.services import halts
from governance.services.moves import PROCESS, move
from governance.services.watching.looking import look
from treasury.core.types import BlockRef
from treasury.selectors.policies import policy_in_force

POLL_SECONDS = 12
WAIT_SECONDS = 30
EXECUTION_RETRIES = 3
SENDS_BEFORE_BUMP = 15


@dataclass(frozen=True, slots=True)
class Step:
    """One call of `advance`: the block is the clock, the URL leads to the node."""

    proposal: Proposal
    block: BlockRef
    rpc_url: str
    finality_depth: int

    @property
    def now(self) -> int:
        return self.block.timestamp

    def move(self, to: ProposalState, reason: str = "", **columns: object) -> None:
        """A move that needs no other write: a transaction of its own."""
        with transaction.atomic():
            move(self.proposal, to, actor=PROCESS, block=self.block, reason=reason, **columns)


def expire_if_due(step: Step) -> bool:
    """EXPIRED ends our part; the deadline leg ends the signatures'."""
    if step.now < step.proposal.expires_at:
        return False
    step.move(ProposalState.EXPIRED, "the deadline has passed")
    return True


def policy_changed(step: Step) -> bool:
    """A proposal is bound for ever to the policy that made it: another one in force is a hard
    bound."""
    version, _ = policy_in_force(tier_id=step.proposal.tier_id, now=step.now)
    return version.document_hash != step.proposal.policy_hash


def look_first(step: Step) -> None:
    """The breakers at this step's block, before anything of the proposal is authorised, signed or
    sent. A look that fails raises: nothing goes out on an old reading."""
    look(tier_id=step.proposal.tier_id, block=step.block, rpc_url=step.rpc_url, actor=PROCESS)


def stale_lots(step: Step) -> str:
    """Why the lots that were chosen before signing are not there any more, empty when they are:
    a hard bound too (AC-8)."""
    plan = plan_value(plan_of(step.proposal))
    gone = lots_gone(plan, treasury_id=step.proposal.tier.treasury_id)
    if not gone:
        return ""
    names = ", ".join(lot.lot_ref for lot in gone)
    return f"tax lots that were chosen for it were used by another entry: {names}"


def hold_halts(proposal: Proposal) -> None:
    """Hold the tier's scopes FOR SHARE for the rest of the caller's transaction; HaltedError
    when an open halt forbids the proposal's route."""
    found = halts.check(tier_id=proposal.tier_id)
    if is_blocked(proposal.route, halts.level_of(found)):
        raise halts.HaltedError(found)
