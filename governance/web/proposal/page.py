"""The page itself: everything about one proposal, for the person who looks."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from governance.core.scrutiny import Severity
from governance.models import Proposal
from governance.selectors.conformity import conformity
from governance.selectors.pages.proposal.history import time_line
from governance.selectors.pages.proposal.sheet import Sheet, sheet
from governance.selectors.pages.proposal.standing import Standing, standing
from governance.selectors.proposals import all_proposals
from governance.services.deliberating.gate import still_missing
from governance.services.deliberating.scrutinising import Scrutiny, scrutinise
from governance.services.signers import owners_of
from governance.web.base import Page, live, now_block, rpc_url
from governance.web.proposal.means import Person, means_of
from treasury.core import access
from treasury.core.types import Address, BlockRef

UNPROCESSABLE = 422


class ProposalPart(Page):
    """What every address below a proposal begins with: finding it, or answering as if there were
    none."""

    required_action = access.PROPOSAL_READ

    @property
    def proposal(self) -> Proposal:
        rows = all_proposals().filter(public_id=self.kwargs["public_id"])
        row = rows.filter(tier__treasury_id__in=self.treasury_ids).first()
        if row is None or row.plan is None:
            raise Http404
        return row

    @property
    def person(self) -> Person:
        return Person(self.user, self.rights.wallets, self.allowed)

    def standing(self, proposal: Proposal, block: BlockRef) -> Standing:
        signed = proposal.safe_transaction
        owners: frozenset[Address] = frozenset()
        if signed is not None:
            owners = owners_of(Address(signed.safe.address), rpc_url=rpc_url())
        return standing(proposal, owners=owners, threshold=None, now=block.timestamp)

    def names(self, stand: Standing) -> dict[str, str]:
        return {seat.address: seat.name for seat in stand.board.seats if seat.name}

    def url(self, name: str = "proposal-page") -> str:
        return reverse(name, args=[self.kwargs["public_id"]])


class ProposalPage(ProposalPart):
    template_name = "governance/proposal/page.html"

    def context(self) -> dict[str, Any]:
        return self.filled(self.proposal)

    def filled(self, proposal: Proposal, **more: Any) -> dict[str, Any]:
        """`more` are errors and kept input of a form that was refused."""
        block = now_block()
        scrutiny = scrutinise(proposal, block=block, rpc_url=rpc_url())
        shown = self.sheet_of(scrutiny, block)
        stand = self.standing(proposal, block)
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
            "demanded": [f for f in scrutiny.flags if f.severity is not Severity.INFO],
            "told": [f for f in scrutiny.flags if f.severity is Severity.INFO],
            "missing": still_missing(scrutiny, self.user),
            "notices": scrutiny.dossier.notices,
            "labels": scrutiny.dossier.labels,
            "means": means_of(self.person, proposal, block=block, rpc_url=rpc_url()),
            "time_line": time_line(proposal, names=self.names(stand)),
            "live_part": live_part,
            "block": block,
            **more,
        }

    def sheet_of(self, scrutiny: Scrutiny, block: BlockRef) -> Sheet:
        proposal, look = scrutiny.dossier.proposal, scrutiny.look
        return sheet(
            scrutiny.dossier,
            checks=conformity(proposal, now=block.timestamp),
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
