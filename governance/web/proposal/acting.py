"""Forms of the proposal page: one act each, then back to the page; a refusal stands beside its
field, with everything that was typed."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse

from governance.core.approvals import ApprovalRefusedError
from governance.models import Proposal
from governance.services import approvals
from governance.services.approvals import SignatureRefusedError
from governance.services.deliberating.reading import opened
from governance.services.deliberating.scrutinising import scrutinise
from governance.services.deliberating.stating import comment
from governance.services.deliberating.submitting import deliberate
from governance.services.moves import LostRaceError
from governance.services.process import advance
from governance.services.signing import SigningRequest, asked_for, signing_requests
from governance.web.base import now_block, rpc_url
from governance.web.proposal.forms import PastedError, leg_inputs, request_in, said_in, signature_in
from governance.web.proposal.page import UNPROCESSABLE, ProposalPage, ProposalPart
from treasury.core import access
from treasury.core.types import BlockRef

POST_ONLY = ["post", "options"]
NOT_YOURS = "There is nothing for you to sign now. Load the page again."


class Form(ProposalPage):
    """A page that only takes a form; GET leads to the page."""

    http_method_names = POST_ONLY

    def back(self, message: str) -> HttpResponse:
        messages.success(self.request, message)
        return HttpResponseRedirect(self.url())

    def refused(self, proposal: Proposal, **errors: str) -> HttpResponse:
        """The page again, with the error beside its field and what was typed still there."""
        kept = {name: self.request.POST.get(name, "") for name in ("answer", "signature", "reason")}
        kept |= {name: self.request.POST.get(name, "") for name in ("text", "edit_reason")}
        kept |= leg_inputs(self.request.POST)
        context = self.filled(proposal, errors=errors, kept=kept, said=said_in(self.request.POST))
        return self.shown(self.template_name, context, UNPROCESSABLE)


class Signatures(Form):
    """An owner's or a member's signature, from the wallet or pasted."""

    required_action = access.PROPOSAL_COMMENT

    def post(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        proposal, block = self.proposal, now_block()
        wanted = request_in(request.POST, _requests(self, proposal, block))
        if wanted is None:
            return self.refused(proposal, form=NOT_YOURS)
        errors = _deliberated(self, proposal, block)
        if errors:
            return self.refused(proposal, **errors)
        is_approval = request.POST.get("kind") == "APPROVED_HASH"
        try:
            approvals.confirm(
                proposal_id=proposal.pk,
                owner=wanted.owner,
                member=wanted.signer if wanted.is_member else None,
                signature=b"" if is_approval else signature_in(request.POST),
                kind="APPROVED_HASH" if is_approval else None,
                block=block,
                rpc_url=rpc_url(),
                actor=self.actor,
                is_own_session=True,
                person=self.user,
            )
        except (PastedError, SignatureRefusedError) as refused:
            return self.refused(self.proposal, signature=sentence(str(refused)))
        except (ApprovalRefusedError, LostRaceError) as refused:
            return self.refused(self.proposal, form=sentence(str(refused)))
        return self.back("Your signature is there.")


class Preparations(Form):
    """Before the wallet opens: flags and answer are taken, and what to sign comes back. 422 with
    errors by field when something is missing still."""

    required_action = access.PROPOSAL_COMMENT

    def post(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        proposal, block = self.proposal, now_block()
        wanted = request_in(request.POST, _requests(self, proposal, block))
        if wanted is None:
            return JsonResponse({"errors": {"wallet": NOT_YOURS}}, status=UNPROCESSABLE)
        scrutiny = scrutinise(proposal, block=block, rpc_url=rpc_url())
        blockers = self.sheet_of(scrutiny, block).blockers
        if blockers:
            return JsonResponse({"errors": {"wallet": blockers[0]}}, status=UNPROCESSABLE)
        errors = _deliberated(self, proposal, block)
        if errors:
            return JsonResponse({"errors": errors}, status=UNPROCESSABLE)
        return JsonResponse(
            {
                "signer": wanted.signer,
                "is_member": wanted.is_member,
                "digest": wanted.digest,
                "typed_data": json.dumps(wanted.typed_data),
                "chain_id": str(proposal.tier.treasury.chain_id),
            }
        )


class Approvals(Form):
    """An operator's one click."""

    required_action = access.PROPOSAL_APPROVE

    def post(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        proposal, block = self.proposal, now_block()
        errors = _deliberated(self, proposal, block)
        if errors:
            return self.refused(proposal, **errors)
        try:
            approvals.approve(
                proposal_id=proposal.pk,
                user=self.user,
                seen_digest=request.POST.get("plan_digest", ""),
                actor=self.actor,
                block=block,
                rpc_url=rpc_url(),
            )
        except ApprovalRefusedError as refused:
            return self.refused(self.proposal, form=sentence(str(refused)))
        return self.back("Approved. The service executes it now.")


class Stop(Form):
    """A no with its reason."""

    message: ClassVar[str]

    def post(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        try:
            self.stop(self.proposal, request.POST.get("reason", ""))
        except (ApprovalRefusedError, LostRaceError) as refused:
            return self.refused(self.proposal, reason=sentence(str(refused)))
        return self.back(self.message)

    def stop(self, proposal: Proposal, reason: str) -> None:
        raise NotImplementedError


class Declines(Stop):
    """One person's own no."""

    required_action = access.PROPOSAL_DECLINE
    message = "Your no is recorded."

    def stop(self, proposal: Proposal, reason: str) -> None:
        approvals.decline(
            proposal_id=proposal.pk,
            user=self.user,
            reason=reason,
            actor=self.actor,
            block=now_block(),
            rpc_url=rpc_url(),
        )


class Vetoes(Stop):
    """The end of it, for everybody."""

    required_action = access.PROPOSAL_VETO
    message = "Vetoed."

    def stop(self, proposal: Proposal, reason: str) -> None:
        approvals.veto(
            proposal_id=proposal.pk,
            user=self.user,
            reason=reason,
            actor=self.actor,
            block=now_block(),
        )


class Comments(Form):
    required_action = access.PROPOSAL_COMMENT

    def post(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        proposal = self.proposal
        text = request.POST.get("text", "")
        try:
            comment(
                proposal=proposal, user=self.user, text=text, actor=self.actor, block=now_block()
            )
        except ApprovalRefusedError as refused:
            return self.refused(proposal, comment=sentence(str(refused)))
        return self.back("Your comment is in the time line.")


class Executions(Form):
    """Do not wait for the next sweep."""

    required_action = access.PROPOSAL_EXECUTE

    def post(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        advance(
            proposal_id=self.proposal.pk,
            block=now_block(),
            rpc_url=rpc_url(),
            finality_depth=settings.FINALITY_DEPTH,
        )
        return self.back("The next step was taken.")


class Readings(ProposalPart):
    """The browser says that the page, or one of its sections, was opened."""

    http_method_names = POST_ONLY

    def post(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        opened(proposal=self.proposal, user=self.user, section=request.POST.get("section", "")[:20])
        return HttpResponse(status=204)


def _requests(
    page: ProposalPart, proposal: Proposal, block: BlockRef
) -> tuple[SigningRequest, ...]:
    return signing_requests(
        proposal=proposal,
        asked=asked_for(proposal),
        user=page.user,
        wallets=page.rights.wallets,
        block=block,
        rpc_url=rpc_url(),
    )


def _deliberated(page: ProposalPart, proposal: Proposal, block: BlockRef) -> dict[str, str]:
    scrutiny = scrutinise(proposal, block=block, rpc_url=rpc_url())
    said = said_in(page.request.POST)
    return deliberate(scrutiny, page.user, said, actor=page.actor, block=block)


def sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith(".") else ".")
