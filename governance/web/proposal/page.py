"""The page itself: everything about one proposal, for the person who looks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse

from governance.core.scrutiny import Deliberation, Severity
from governance.models import Proposal, Route
from governance.selectors.conformity import conformity
from governance.selectors.dossiers import UnreadableProposalError
from governance.selectors.pages.proposal.board import Seats
from governance.selectors.pages.proposal.history import time_line
from governance.selectors.pages.proposal.proof import rejection_line
from governance.selectors.pages.proposal.sheet import Sheet, sheet
from governance.selectors.pages.proposal.standing import WORDS, Standing, standing
from governance.selectors.proposals import all_proposals, whole
from governance.services.deliberating.gate import said_by
from governance.services.deliberating.rosters import roster_of
from governance.services.deliberating.scrutinising import Scrutiny, scrutinise
from governance.services.deliberating.submitting import Said
from governance.web.base import Page, live, now_block, rpc_url
from governance.web.proposal.forms import flag_fields, leg_fields
from governance.web.proposal.means import Person, means_of, on_chain
from treasury.core import access
from treasury.core.types import Address, BlockRef

OK = 200
UNPROCESSABLE = 422


class ProposalPart(Page):
    """What every address below a proposal begins with: finding it, or answering as if there were
    none."""

    required_action = access.PROPOSAL_READ

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except UnreadableProposalError as unreadable:
            return self.unreadable(str(unreadable))

    def unreadable(self, reason: str) -> HttpResponse:
        """Whoever looks is told not to sign; a form is refused, and changed nothing."""
        proposal = self.proposal
        word = WORDS[proposal.outcome or proposal.state][0]
        context = {"proposal": proposal, "word": word, "reason": reason}
        status = OK if self.request.method == "GET" else UnreadableProposalError.problem_status
        return self.shown("governance/proposal/unreadable.html", context, status)

    @property
    def proposal(self) -> Proposal:
        rows = all_proposals().filter(public_id=self.kwargs["public_id"])
        row = whole(rows.filter(tier__treasury_id__in=self.treasury_ids))
        if row is None or row.plan is None:
            raise Http404
        return row

    @property
    def person(self) -> Person:
        return Person(self.user, self.rights.wallets, self.allowed)

    def standing(self, proposal: Proposal, block: BlockRef, also: Iterable[int] = ()) -> Standing:
        return standing(proposal, roster=self.seats(proposal), now=block.timestamp, also=also)

    def seats(self, proposal: Proposal) -> Seats | None:
        signed = proposal.safe_transaction
        if signed is None:
            return None
        roster = roster_of(Address(signed.safe.address), rpc_url=rpc_url())
        if roster is None:
            return None
        executor = proposal.tier.treasury.executor_address
        return Seats(
            owners=roster.state.owners,
            threshold=roster.state.threshold,
            inner={safe.owner: (safe.threshold, safe.members) for safe in roster.owner_safes},
            later=executor if proposal.route == Route.OPERATOR else "",
        )

    def names(self, stand: Standing) -> dict[str, str]:
        return {seat.address: seat.name for seat in stand.board.seats if seat.name}

    def url(self, name: str = "proposal-page") -> str:
        return reverse(name, args=[self.kwargs["public_id"]])


class ProposalPage(ProposalPart):
    template_name = "governance/proposal/page.html"

    def context(self) -> dict[str, Any]:
        return self.filled(self.proposal)

    def filled(
        self,
        proposal: Proposal,
        *,
        errors: dict[str, str] | None = None,
        kept: dict[str, str] | None = None,
        said: Said | None = None,
    ) -> dict[str, Any]:
        """`errors` by field, `kept` and `said` what was typed into a form that was refused."""
        block = now_block()
        scrutiny = scrutinise(proposal, block=block, rpc_url=rpc_url())
        shown = self.sheet_of(scrutiny, block)
        deliberation = said_by(proposal, self.user) if shown.is_open else Deliberation()
        rejection_row = scrutiny.dossier.around.rejection
        stand = self.standing(proposal, block, [rejection_row.pk] if rejection_row else [])
        means = means_of(
            self.person,
            proposal,
            stand.board,
            rejection=rejection_row,
            block=block,
            rpc_url=rpc_url(),
        )
        live_part = live(
            self.request,
            "governance/proposal/live.html",
            {"proposal": proposal, "stand": stand},
            url=self.url("proposal-live"),
        )[1]
        return {
            "sheet": shown,
            "proposal": proposal,
            "question": scrutiny.question_for(self.user) if shown.is_open else None,
            "is_answered": deliberation.answered,
            "flag_fields": flag_fields(
                scrutiny, deliberation, kept=said or Said(), errors=errors or {}
            ),
            "told": [flag for flag in scrutiny.flags if flag.severity is Severity.INFO],
            "notices": scrutiny.dossier.notices,
            "means": means,
            "leg_fields": leg_fields(scrutiny.dossier, kept=kept, errors=errors or {}),
            "on_chain": on_chain(proposal, means),
            "rejection": rejection_line(scrutiny.dossier),
            "errors": errors or {},
            "kept": kept or {},
            "time_line": time_line(proposal, names=self.names(stand)),
            "live_part": live_part,
            "block": block,
        }

    def sheet_of(self, scrutiny: Scrutiny, block: BlockRef) -> Sheet:
        proposal, look = scrutiny.dossier.proposal, scrutiny.look
        return sheet(
            scrutiny.dossier,
            checks=conformity(proposal, now=block.timestamp, around=scrutiny.dossier.around),
            flags=scrutiny.flags,
            fresh=(look.simulation, look.worse_bps) if look else None,
            now=block.timestamp,
        )


class ProposalLive(ProposalPart):
    """State, steps and signatures alone; forms are never part of it."""

    def get(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        proposal = self.proposal
        stand = self.standing(proposal, now_block())
        context = {"proposal": proposal, "stand": stand}
        return self.fragment("governance/proposal/live.html", context)
