"""Proposals: lists, one of them, why it is, what exactly would be signed; an evaluation now."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ParseError
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.api.people import actor_of, now_block, rpc_url
from governance.api.permissions import TreasuryScope
from governance.api.serializers import CheckRequest, CheckSerializer, ProposalSerializer
from governance.api.throttles import WriteThrottle
from governance.core.lifecycle import ProposalState
from governance.models import Proposal, User
from governance.selectors.explanations import explanation
from governance.selectors.proposals import all_proposals
from governance.selectors.scopes import find_tier
from governance.selectors.verification import verification
from governance.services.proposals import evaluate_tier
from treasury.core import access
from treasury.services.snapshots import take_snapshot

FILTERS = frozenset({"state", "tier", "limit", "cursor"})


def found(view: APIView, request: Request, public_id: str) -> Proposal:
    """The proposal, when the caller may do the view's action in its treasury; else as if there were
    none."""
    proposal = all_proposals().filter(public_id=public_id).first()
    if proposal is None:
        raise Http404
    allowed: frozenset[int] | None = request.treasury_ids  # type: ignore[attr-defined]
    if allowed is not None and proposal.tier.treasury_id not in allowed:
        raise Http404
    return proposal


class ProposalList(ListAPIView[Proposal]):
    """Newest first. Filters: `state=READY,DONE`, `tier=tier_...`."""

    required_action = access.PROPOSAL_READ
    serializer_class = ProposalSerializer
    filter_backends = [TreasuryScope]
    cursor_ordering = ("-created_at", "-id")

    def get_queryset(self) -> QuerySet[Proposal]:
        given = self.request.query_params
        unknown = sorted(set(given) - FILTERS)
        if unknown:
            raise ParseError(f"There is no filter named {unknown[0]}.", "unknown_filter")
        rows = all_proposals()
        if "state" in given:
            states = given["state"].split(",")
            if not set(states) <= set(ProposalState):
                raise ParseError("There is no such state.", "unknown_filter")
            rows = rows.filter(state__in=states)
        if "tier" in given:
            rows = rows.filter(tier__public_id=given["tier"])
        return rows


class ProposalDetail(RetrieveAPIView[Proposal]):
    required_action = access.PROPOSAL_READ
    serializer_class = ProposalSerializer
    filter_backends = [TreasuryScope]
    queryset = all_proposals()
    lookup_field = "public_id"


class Explanation(APIView):
    """Every rule with its inputs and outcome (D7)."""

    required_action = access.PROPOSAL_READ

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, public_id: str) -> Response:
        return Response(explanation(found(self, request, public_id)))


class Verification(APIView):
    """What to compare with one's own tools before signing: fields, three hashes, decoded legs
    (G3)."""

    required_action = access.PROPOSAL_READ

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, public_id: str) -> Response:
        return Response(verification(found(self, request, public_id)))


class TierCheck(APIView):
    """Evaluate the tier now; answers with the evaluation, fired or not (T3, T6). With a `reason`
    the trigger is forced, unless a halt or a gate forbids it."""

    required_action = access.PROPOSAL_WRITE
    throttle_classes = [WriteThrottle]

    @extend_schema(request=CheckRequest, responses=CheckSerializer)
    def post(self, request: Request, public_id: str) -> Response:
        given = CheckRequest(data=request.data)
        given.is_valid(raise_exception=True)
        tier = find_tier(public_id, within=request.treasury_ids)  # type: ignore[attr-defined]
        if tier is None:
            raise Http404
        reason: str = given.validated_data["reason"]
        snapshot = take_snapshot(treasury_id=tier.treasury_id, block=now_block(), rpc_url=rpc_url())
        evaluated = evaluate_tier(
            tier_id=tier.pk,
            snapshot_id=snapshot.pk,
            rpc_url=rpc_url(),
            actor=actor_of(request),
            forced_reason=reason or None,
            author=request.user if reason and isinstance(request.user, User) else None,
        )
        if evaluated is None:
            raise BusyError
        row = evaluated.decision
        answer: dict[str, Any] = {
            "decision": row.public_id,
            "outcome": row.outcome,
            "is_fired": row.is_fired,
            "trigger_kind": row.trigger_kind,
            "trigger_reason": row.trigger_reason,
            "note": evaluated.note,
            "proposal": evaluated.proposal.public_id if evaluated.proposal else None,
        }
        return Response(CheckSerializer(answer).data)


class BusyError(Exception):
    """Another process evaluates the tier at this moment."""

    problem_code = "evaluation_running"
    problem_status = 409
    retryable = True

    def __str__(self) -> str:
        return "The tier is being evaluated; ask again in a moment."
