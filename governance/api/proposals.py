"""Proposals: lists, one of them, why it is, what exactly would be signed; an evaluation now."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.generics import RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.api.people import actor_of, now_block, rpc_url
from governance.api.permissions import TreasuryScope, is_in_tier, narrowed_tier
from governance.api.reading.lists import FilteredList
from governance.api.serializers import CheckRequest, GenerationRequest
from governance.api.shapes.proposals import (
    CheckSerializer,
    ProposalDetailSerializer,
    ProposalSerializer,
    SimulationSerializer,
)
from governance.api.writing.view import Act, WriteView
from governance.core.approvals import ApprovalRefusedError
from governance.core.lifecycle import ProposalOutcome, ProposalState
from governance.models import Proposal, Route, User
from governance.selectors.explanations import explanation
from governance.selectors.proposals import all_proposals
from governance.selectors.scopes import find_tier
from governance.selectors.verification import verification
from governance.services.deliberating.looking import look_again
from governance.services.generating.rehearsing import rehearse_tier
from governance.services.proposals import evaluate_tier
from treasury.core import access
from treasury.services.snapshots import take_snapshot


def found(view: APIView, request: Request, public_id: str) -> Proposal:
    """The proposal, when the caller may do the view's action in its treasury; else as if there were
    none."""
    proposal = all_proposals().filter(public_id=public_id).first()
    if proposal is None:
        raise Http404
    allowed: frozenset[int] | None = request.treasury_ids  # type: ignore[attr-defined]
    if allowed is not None and proposal.tier.treasury_id not in allowed:
        raise Http404
    if not is_in_tier(request, proposal):
        raise Http404
    return proposal


class ProposalList(WriteView, FilteredList):
    """Newest first; POST asks for one: the tier is evaluated now, its trigger forced with the
    reason, and a proposal is made unless a halt, a gate or the market forbids it."""

    required_action = access.PROPOSAL_READ
    method_actions = {"POST": access.PROPOSAL_WRITE}
    narrows_to_tier = True
    serializer_class = ProposalSerializer
    queryset = all_proposals()
    filters = {
        "tier": "tier__public_id",
        "treasury": "tier__treasury__public_id",
        "asset": "tier__tier_assets__asset__public_id",
        "safe_tx_hash": "safe_transaction__safe_tx_hash",
    }
    choices = {
        "state": frozenset(ProposalState),
        "outcome": frozenset(ProposalOutcome),
        "route": frozenset(Route.values),
    }
    body = GenerationRequest
    answers = (201, CheckSerializer)
    is_one_transaction = False  # quotes, simulates

    def prepare(self, request: Request, given: dict[str, Any], **names: str) -> Act:
        act = generation(request, tier_of(request, given["tier"]), reason=given["reason"])

        def answer() -> Response:
            response = act()
            proposal = response.data["proposal"]
            if proposal is not None:
                response.status_code = 201
                response.headers["Location"] = f"/api/v1/proposals/{proposal}"
            return response

        return answer

    def rehearse(self, request: Request, given: dict[str, Any], **names: str) -> Response:
        return would_be(tier_of(request, given["tier"]), reason=given["reason"])


class ProposalDetail(RetrieveAPIView[Proposal]):
    required_action = access.PROPOSAL_READ
    narrows_to_tier = True
    serializer_class = ProposalDetailSerializer
    filter_backends = [TreasuryScope]
    queryset = all_proposals().prefetch_related(
        "approvals__user", "safe_transaction__confirmations"
    )
    lookup_field = "public_id"


class Explanation(APIView):
    """Every rule with its inputs and outcome (D7)."""

    required_action = access.PROPOSAL_READ
    narrows_to_tier = True

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, public_id: str) -> Response:
        return Response(explanation(found(self, request, public_id)))


class Verification(APIView):
    """What to compare with one's own tools before signing: fields, three hashes, decoded legs
    (G3)."""

    required_action = access.PROPOSAL_READ
    narrows_to_tier = True

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, public_id: str) -> Response:
        return Response(verification(found(self, request, public_id)))


class TierCheck(WriteView):
    """Evaluate the tier now; answers with the evaluation, fired or not (T3, T6). With a `reason`
    the trigger is forced, unless a halt or a gate forbids it."""

    required_action = access.PROPOSAL_WRITE
    narrows_to_tier = True
    body = CheckRequest
    answers = (200, CheckSerializer)
    is_one_transaction = False  # quotes, simulates

    def prepare(self, request: Request, given: dict[str, Any], **names: str) -> Act:
        return generation(request, tier_of(request, names["public_id"]), reason=given["reason"])

    def rehearse(self, request: Request, given: dict[str, Any], **names: str) -> Response:
        return would_be(tier_of(request, names["public_id"]), reason=given["reason"])


class Simulations(WriteView):
    """The plan once more at the newest block: what it would change now, and how much worse than
    planned. Keeps nothing, so it needs no key."""

    required_action = access.PROPOSAL_READ
    answers = (200, SimulationSerializer)
    needs_key = False

    def prepare(self, request: Request, given: dict[str, Any], **names: str) -> Act:
        proposal, block = found(self, request, names["public_id"]), now_block()
        if proposal.plan is None:
            raise ApprovalRefusedError("no_plan", "this proposal has no plan")

        def act() -> Response:
            look = look_again(proposal, block=block, rpc_url=rpc_url())
            return Response(SimulationSerializer(look).data)

        return act

    def rehearse(self, request: Request, given: dict[str, Any], **names: str) -> Response:
        return self.prepare(request, given, **names)()


def tier_of(request: Request, public_id: str) -> Any:
    tier = find_tier(public_id, within=request.treasury_ids)  # type: ignore[attr-defined]
    if tier is None or narrowed_tier(request) not in {None, tier.pk}:
        raise Http404
    return tier


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
