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
from governance.api.writing.view import Act, WriteView
from governance.core.lifecycle import ProposalState
from governance.models import Proposal, User
from governance.selectors.explanations import explanation
from governance.selectors.proposals import all_proposals
from governance.selectors.scopes import find_tier
from governance.selectors.verification import verification
from governance.services.generating.rehearsing import rehearse_tier
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


class TierCheck(WriteView):
    """Evaluate the tier now; answers with the evaluation, fired or not (T3, T6). With a `reason`
    the trigger is forced, unless a halt or a gate forbids it."""

    required_action = access.PROPOSAL_WRITE
    body = CheckRequest
    answers = (200, CheckSerializer)
    is_one_transaction = False  # quotes, simulates

    def prepare(self, request: Request, given: dict[str, Any], **names: str) -> Act:
        tier = find_tier(names["public_id"], within=request.treasury_ids)  # type: ignore[attr-defined]
        if tier is None:
            raise Http404
        return generation(request, tier, reason=given["reason"])

    def rehearse(self, request: Request, given: dict[str, Any], **names: str) -> Response:
        tier = find_tier(names["public_id"], within=request.treasury_ids)  # type: ignore[attr-defined]
        if tier is None:
            raise Http404
        return would_be(tier, reason=given["reason"])


def generation(request: Request, tier: Any, *, reason: str) -> Act:
    """Snapshot, evaluation and, where it pays, a proposal: ready to be called."""
    actor, block = actor_of(request), now_block()
    author = request.user if reason and isinstance(request.user, User) else None

    def act() -> Response:
        snapshot = take_snapshot(treasury_id=tier.treasury_id, block=block, rpc_url=rpc_url())
        evaluated = evaluate_tier(
            tier_id=tier.pk,
            snapshot_id=snapshot.pk,
            rpc_url=rpc_url(),
            actor=actor,
            forced_reason=reason or None,
            author=author,
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

    return act


def would_be(tier: Any, *, reason: str) -> Response:
    """The decision at the latest snapshot, recorded nowhere. Quotes, simulation and route come
    with the real run only: they are rows of their own."""
    decision = rehearse_tier(tier_id=tier.pk, rpc_url=rpc_url(), forced_reason=reason or None)
    answer = {
        "decision": None,
        "outcome": decision.outcome.value,
        "is_fired": decision.trigger.fired,
        "trigger_kind": decision.trigger.kind,
        "trigger_reason": decision.trigger.reason,
        "note": f"dry run: {len(decision.trades)} trades before quotes and simulation",
        "proposal": None,
    }
    return Response(CheckSerializer(answer).data)


class BusyError(Exception):
    """Another process evaluates the tier at this moment."""

    problem_code = "evaluation_running"
    problem_status = 409
    retryable = True

    def __str__(self) -> str:
        return "The tier is being evaluated; ask again in a moment."
