"""Flags and question of a proposal as it stands at the newest block."""

from __future__ import annotations

from dataclasses import dataclass

from governance.core.lifecycle import ProposalState
from governance.core.questions import Question, question
from governance.core.scrutiny import Flag, flags, needs_question
from governance.models import Proposal, User
from governance.selectors.dossiers import Dossier, asked_legs, dossier, facts_of
from governance.selectors.proposals import plan_of
from governance.services.deliberating.fresh import FreshLook, fresh_look
from treasury.core.types import BlockRef

UNDECIDED = frozenset(
    {ProposalState.PROPOSED, ProposalState.COLLECTING, ProposalState.READY, ProposalState.FROZEN}
)
"""States in which looking again makes sense: nothing was sent yet."""


@dataclass(frozen=True, slots=True)
class Scrutiny:
    """`look` is None when nothing is left to decide, or the node did not simulate."""

    dossier: Dossier
    look: FreshLook | None
    flags: tuple[Flag, ...]
    asks: bool

    def question_for(self, user: User) -> Question | None:
        """This person's question, None when the proposal asks none."""
        if not self.asks:
            return None
        digest = plan_of(self.dossier.proposal).digest
        return question(asked_legs(self.dossier), plan_digest=digest, person=user.public_id)


def scrutinise(proposal: Proposal, *, block: BlockRef, rpc_url: str) -> Scrutiny:
    """One simulation per block, outside any transaction; the rest as stored."""
    found, look = dossier(proposal), None
    if proposal.state in UNDECIDED:
        look = fresh_look(
            plan_id=plan_of(proposal).pk,
            plan=found.plan,
            view=found.view,
            block=block,
            rpc_url=rpc_url,
        )
    error = look.simulation.error if look and not look.simulation.ok else ""
    up = flags(facts_of(found, worse_bps=look.worse_bps if look else None, simulation_error=error))
    asks = needs_question(
        up, value_usd=proposal.value_usd, limit_usd=found.policy.review.question_value_usd
    )
    return Scrutiny(found, look, up, asks)
