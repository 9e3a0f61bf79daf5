"""Halts: see, trip, close by two people. And the audit trail."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from rest_framework.generics import RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.people import actor_of, now_block, person_of
from governance.api.permissions import TreasuryScope, narrowed_tier
from governance.api.reading.lists import FilteredList
from governance.api.serializers import HaltRequest, ReasonRequest
from governance.api.shapes.halts import AuditEventSerializer, BreakerSerializer, HaltSerializer
from governance.api.writing.view import Act, WriteView
from governance.core.following.halt_words import BY_HAND
from governance.core.routing import LADDER, Level
from governance.models import BreakerState, Halt, Standing
from governance.selectors.audit import audit_events
from governance.services import halts
from treasury.core import access
from treasury.selectors.portfolio import tiers, treasuries

HALTS = Halt.objects.select_related(
    "scope__treasury", "scope__tier", "first_closer", "second_closer"
)


class HaltList(WriteView, FilteredList):
    """Newest first; POST trips one by hand."""

    required_action = access.TREASURY_READ
    method_actions = {"POST": access.BREAKER_TRIP}
    narrows_to_tier = True
    serializer_class = HaltSerializer
    cursor_ordering = ("-tripped_at", "-id")
    queryset = HALTS
    filters = {
        "treasury": "scope__treasury__public_id",
        "tier": "scope__tier__public_id",
        "breaker": "breaker",
    }
    choices = {"level": frozenset(level.value for level in LADDER)}
    body = HaltRequest
    answers = (201, HaltSerializer)

    def prepare(self, request: Request, given: dict[str, Any], **names: str) -> Act:
        allowed: frozenset[int] = request.treasury_ids  # type: ignore[attr-defined]
        treasury = treasuries().filter(public_id=given["treasury"], pk__in=allowed).first()
        if treasury is None:
            raise Http404
        tier = None
        if given["tier"]:
            tier = tiers(treasury.pk).filter(public_id=given["tier"]).first()
            if tier is None:
                raise Http404
        if narrowed_tier(request) not in {None, tier.pk if tier else 0}:
            raise Http404
        wanted = halts.Trip(
            breaker=BY_HAND,
            level=Level(given["level"]),
            value="by hand",
            limit="-",
            reason=given["reason"],
        )
        actor, block = actor_of(request), now_block()

        def act() -> Response:
            halt = halts.trip(
                treasury_id=treasury.pk,
                tier_id=tier.pk if tier else None,
                found=wanted,
                actor=actor,
                block=block,
            )
            return Response(HaltSerializer(halt).data, status=201)

        return act


class HaltDetail(RetrieveAPIView[Halt]):
    required_action = access.TREASURY_READ
    serializer_class = HaltSerializer
    filter_backends = [TreasuryScope]
    queryset = HALTS
    lookup_field = "public_id"


class HaltResets(WriteView):
    """The first person asks, a second one closes."""

    required_action = access.BREAKER_RESET
    needs_fresh_proof = True
    body = ReasonRequest
    answers = (201, HaltSerializer)

    def prepare(self, request: Request, given: dict[str, Any], **names: str) -> Act:
        allowed: frozenset[int] = request.treasury_ids  # type: ignore[attr-defined]
        rows = Halt.objects.filter(scope__treasury_id__in=allowed)
        halt = rows.filter(public_id=names["public_id"]).first()
        if halt is None:
            raise Http404
        user, actor, block = person_of(request), actor_of(request), now_block()

        def act() -> Response:
            closed = halts.close(
                halt_id=halt.pk, user=user, reason=given["reason"], actor=actor, block=block
            )
            return Response(HaltSerializer(closed).data, status=201)

        return act


class BreakerList(FilteredList):
    """Where every breaker stood at its latest look, tripped or not."""

    required_action = access.TREASURY_READ
    serializer_class = BreakerSerializer
    cursor_ordering = ("id",)
    queryset = BreakerState.objects.select_related("scope__treasury", "scope__tier")
    filters = {
        "treasury": "scope__treasury__public_id",
        "tier": "scope__tier__public_id",
        "breaker": "breaker",
    }
    choices = {"standing": frozenset(Standing.values)}
    times = {"updated_at[gte]": "updated_at__gte"}


class AuditList(FilteredList):
    """The whole chain, oldest first: each event with its hash and the one before it (G7)."""

    required_action = access.AUDIT_READ
    serializer_class = AuditEventSerializer
    cursor_ordering = ("id",)
    filter_backends = []
    filters = {
        "action": "payload__action",
        "object_type": "payload__object_type",
        "object_id": "payload__object_id",
    }
    times = {"at[gte]": "at__gte"}

    def get_queryset(self) -> QuerySet[Any]:
        return audit_events()
