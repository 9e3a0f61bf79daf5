"""What people change about a proposal, and what they take away: reject it on the chain, go on
without this server."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.api.actions import Asked, Brought, Confirmations, ProposalAction, shown
from governance.api.people import now_block, rpc_url
from governance.api.proposals import found
from governance.api.serializers import ReasonRequest
from governance.models import Proposal
from governance.services.changing import rejecting
from governance.services.signing import package
from treasury.core import access


class Rejections(ProposalAction):
    """Ask the owners to reject the proposal on the chain: an empty call at the same nonce, after
    which nobody can execute the original. `verification` shows its ten fields and hashes."""

    required_action = access.PROPOSAL_DECLINE
    body = ReasonRequest
    is_one_transaction = False  # asks the chain for the nonce and the hash first

    def act(self, asked: Asked) -> Response:
        rejecting.ask_for_rejection(
            proposal_id=asked.proposal.pk,
            user=asked.user,
            reason=asked.given["reason"],
            actor=asked.actor,
            block=asked.block,
            rpc_url=rpc_url(),
        )
        return shown(asked.proposal, 201)


class PackageDetail(APIView):
    """What is needed to go on without this server (O3): fields, hashes, signatures, packed blob,
    ready calldata, the guardians' command. Null where the threshold is not reached yet."""

    required_action = access.PROPOSAL_READ

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, public_id: str) -> Response:
        proposal = found(self, request, public_id)
        answer = package(proposal_id=proposal.pk, block=now_block(), rpc_url=rpc_url())
        name = f"{proposal.public_id}.package.json"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(answer, headers=headers)


class RejectionConfirmations(Confirmations):
    """One owner's signature of the rejection, or a member's within an owner Safe. It proves
    itself, like a signature of the original."""

    def confirm(self, brought: Brought) -> Proposal:
        return rejecting.confirm_rejection(
            proposal_id=brought.proposal_id,
            owner=brought.owner,
            signature=brought.signature,
            kind=brought.kind,
            block=brought.block,
            rpc_url=rpc_url(),
            actor=brought.actor,
            is_own_session=brought.person is not None,
            member=brought.member,
        )
