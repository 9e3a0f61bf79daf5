"""What people do to a proposal, and owners' signatures."""

from __future__ import annotations

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.api.people import actor_of, now_block, person_of, rpc_url
from governance.api.proposals import found
from governance.api.serializers import (
    ApprovalRequest,
    ConfirmationRequest,
    EmptyRequest,
    ProposalSerializer,
    ReasonRequest,
)
from governance.api.throttles import ConfirmationThrottle, WriteThrottle
from governance.core.approvals import ApprovalRefusedError
from governance.core.lifecycle import ProposalState
from governance.models import Proposal, User
from governance.selectors import people
from governance.selectors.proposals import proposal_by_id
from governance.services import approvals
from governance.services.process import advance
from treasury.core import access
from treasury.core.types import Actor, ActorKind, Address

EXECUTABLE = frozenset({ProposalState.READY, ProposalState.HANDED_OVER})


def shown(proposal: Proposal, status: int = 200) -> Response:
    return Response(ProposalSerializer(proposal_by_id(proposal.pk)).data, status=status)


class Confirmations(APIView):
    """One owner's signature over the Safe transaction. It proves itself: no session is needed, a
    token never signs."""

    required_action = access.PROPOSAL_CONFIRM
    throttle_classes = [ConfirmationThrottle]

    @extend_schema(request=ConfirmationRequest, responses={201: ProposalSerializer})
    def post(self, request: Request, public_id: str) -> Response:
        given = ConfirmationRequest(data=request.data)
        given.is_valid(raise_exception=True)
        owner = Address(given.validated_data["owner"])
        user = request.user if isinstance(request.user, User) else None
        is_own = user is not None and owner in people.wallets(user=user)
        proposal = approvals.confirm(
            proposal_id=found(self, request, public_id).pk,
            owner=owner,
            signature=given.validated_data["signature"],
            kind=given.validated_data["kind"],
            block=now_block(),
            rpc_url=rpc_url(),
            actor=actor_of(request) if is_own else Actor(ActorKind.CHAIN, owner),
            is_own_session=is_own,
            person=user if is_own else None,
        )
        return shown(proposal, 201)


class Approvals(APIView):
    """An operator's one-click approval of the plan that was looked at."""

    required_action = access.PROPOSAL_APPROVE
    throttle_classes = [WriteThrottle]

    @extend_schema(request=ApprovalRequest, responses={201: ProposalSerializer})
    def post(self, request: Request, public_id: str) -> Response:
        given = ApprovalRequest(data=request.data)
        given.is_valid(raise_exception=True)
        proposal = found(self, request, public_id)
        approvals.approve(
            proposal_id=proposal.pk,
            user=person_of(request),
            seen_digest=given.validated_data["plan_digest"],
            actor=actor_of(request),
            block=now_block(),
            rpc_url=rpc_url(),
        )
        return shown(proposal, 201)


class Vetoes(APIView):
    required_action = access.PROPOSAL_VETO
    throttle_classes = [WriteThrottle]

    @extend_schema(request=ReasonRequest, responses={201: ProposalSerializer})
    def post(self, request: Request, public_id: str) -> Response:
        given = ReasonRequest(data=request.data)
        given.is_valid(raise_exception=True)
        proposal = approvals.veto(
            proposal_id=found(self, request, public_id).pk,
            user=person_of(request),
            reason=given.validated_data["reason"],
            actor=actor_of(request),
            block=now_block(),
        )
        return shown(proposal, 201)


class Declines(APIView):
    required_action = access.PROPOSAL_DECLINE
    throttle_classes = [WriteThrottle]

    @extend_schema(request=ReasonRequest, responses={201: ProposalSerializer})
    def post(self, request: Request, public_id: str) -> Response:
        given = ReasonRequest(data=request.data)
        given.is_valid(raise_exception=True)
        proposal = approvals.decline(
            proposal_id=found(self, request, public_id).pk,
            user=person_of(request),
            reason=given.validated_data["reason"],
            actor=actor_of(request),
            block=now_block(),
            rpc_url=rpc_url(),
        )
        return shown(proposal, 201)


class Executions(APIView):
    """Do not wait for the next sweep: take the next step of a proposal that is ready, now."""

    required_action = access.PROPOSAL_EXECUTE
    throttle_classes = [WriteThrottle]

    @extend_schema(request=EmptyRequest, responses={202: ProposalSerializer})
    def post(self, request: Request, public_id: str) -> Response:
        EmptyRequest(data=request.data).is_valid(raise_exception=True)
        person_of(request)
        proposal = found(self, request, public_id)
        if proposal.state not in EXECUTABLE:
            raise ApprovalRefusedError("wrong_state", f"the proposal is {proposal.state}")
        advance(
            proposal_id=proposal.pk,
            block=now_block(),
            rpc_url=rpc_url(),
            finality_depth=settings.FINALITY_DEPTH,
        )
        return shown(proposal, 202)
