"""Rejecting on the chain: a signer asks, owners sign the empty transaction at the same nonce."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from governance.core.approvals import ApprovalRefusedError
from governance.models import Proposal
from governance.services.approvals import SignatureRefusedError
from governance.services.changing.rejecting import ask_for_rejection, confirm_rejection
from governance.services.moves import LostRaceError
from governance.services.signing import SigningRequest, asked_for, signing_requests
from governance.web.base import now_block, rpc_url
from governance.web.proposal.acting import NOT_YOURS, Form, Stop, sentence
from governance.web.proposal.forms import PastedError, request_in, signature_in
from governance.web.proposal.page import UNPROCESSABLE, ProposalPart
from treasury.core import access


class Rejections(Stop):
    """The reason, and the empty transaction is there to be signed."""

    required_action = access.PROPOSAL_CONFIRM
    message = "The rejection is asked for. Owners sign it below."

    def stop(self, proposal: Proposal, reason: str) -> None:
        ask_for_rejection(
            proposal_id=proposal.pk,
            user=self.user,
            reason=reason,
            actor=self.actor,
            block=now_block(),
            rpc_url=rpc_url(),
        )


class RejectionPreparations(Form):
    """What to sign. Stopping asks neither for flags nor for the question."""

    required_action = access.PROPOSAL_COMMENT

    def post(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        proposal = self.proposal
        wanted = request_in(request.POST, _requests(self, proposal))
        if wanted is None:
            return JsonResponse({"errors": {"wallet": NOT_YOURS}}, status=UNPROCESSABLE)
        return JsonResponse(
            {
                "signer": wanted.signer,
                "is_member": wanted.is_member,
                "digest": wanted.digest,
                "typed_data": json.dumps(wanted.typed_data),
                "chain_id": str(proposal.tier.treasury.chain_id),
            }
        )


class RejectionSignatures(Form):
    required_action = access.PROPOSAL_COMMENT

    def post(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        proposal = self.proposal
        wanted = request_in(request.POST, _requests(self, proposal))
        if wanted is None:
            return self.refused(proposal, rejection=NOT_YOURS)
        try:
            confirm_rejection(
                proposal_id=proposal.pk,
                owner=wanted.owner,
                member=wanted.signer if wanted.is_member else None,
                signature=signature_in(request.POST),
                kind=None,
                block=now_block(),
                rpc_url=rpc_url(),
                actor=self.actor,
                is_own_session=True,
            )
        except (
            PastedError,
            SignatureRefusedError,
            ApprovalRefusedError,
            LostRaceError,
        ) as refused:
            return self.refused(self.proposal, rejection=sentence(str(refused)))
        return self.back("Your signature of the rejection is there.")


def _requests(page: ProposalPart, proposal: Proposal) -> tuple[SigningRequest, ...]:
    return signing_requests(
        proposal=proposal,
        asked=asked_for(proposal, of_rejection=True),
        user=page.user,
        wallets=page.rights.wallets,
        block=now_block(),
        rpc_url=rpc_url(),
    )
