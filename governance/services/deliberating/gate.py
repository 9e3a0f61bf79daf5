"""What still stands between a person and their signature or approval."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Value

from governance.core.approvals import ApprovalRefusedError
from governance.core.scrutiny import Deliberation, Demand, demands
from governance.models import Acknowledgement, Answer, Proposal, User
from governance.selectors.pages.proposal.sheet import overtaken
from governance.selectors.proposals import plan_of, proposal_by_id
from governance.services.deliberating.scrutinising import Scrutiny, scrutinise
from treasury.core.types import BlockRef

RIGHT = ""
"""Stands for the right answer among the names of flags, none of which is empty."""


class DeliberationError(ApprovalRefusedError):
    """The first thing that is missing is the code; all of them are members of the problem."""

    def __init__(self, missing: Sequence[Demand]) -> None:
        super().__init__(missing[0].code, "; ".join(demand.text for demand in missing))
        self.missing = tuple(missing)
        self.problem_members = {
            "missing": [{"code": d.code, "flag": d.flag, "detail": d.text} for d in missing]
        }


def said_by(proposal: Proposal, user: User) -> Deliberation:
    """Only what was said to this very plan counts."""
    digest = plan_of(proposal).digest
    own: dict[str, str] = {}
    others: dict[str, int] = {}
    flags = Acknowledgement.objects.filter(proposal=proposal, plan_digest=digest)
    answers = Answer.objects.filter(proposal=proposal, user=user, plan_digest=digest, is_right=True)
    rows = flags.values_list("user_id", "flag", "reason").union(
        answers.values_list("user_id", Value(RIGHT), Value(""))
    )
    answered = False
    for user_id, flag, reason in rows:
        if flag == RIGHT:
            answered = True
        elif user_id == user.pk:
            own[flag] = reason
        elif reason.strip():
            others[flag] = others.get(flag, 0) + 1
    return Deliberation(own, others, answered)


def still_missing(scrutiny: Scrutiny, user: User) -> tuple[Demand, ...]:
    said = said_by(scrutiny.dossier.proposal, user)
    return demands(scrutiny.flags, question_needed=scrutiny.asks, said=said)


def require_deliberation(*, proposal_id: int, user: User, block: BlockRef, rpc_url: str) -> None:
    """Before an approval, or a signature from a person's own session, is taken: what the newest
    block forbids is refused (`overtaken`), as on the page; then whatever is missing."""
    scrutiny = scrutinise(proposal_by_id(proposal_id), block=block, rpc_url=rpc_url)
    look = scrutiny.look
    fresh = (look.simulation, look.worse_bps) if look else None
    forbidden = overtaken(scrutiny.dossier, fresh=fresh, now=block.timestamp)
    if forbidden:
        raise ApprovalRefusedError("overtaken", forbidden[0])
    missing = still_missing(scrutiny, user)
    if missing:
        raise DeliberationError(missing)
