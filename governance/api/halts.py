"""Halts: see, trip, close by two people. And the audit trail."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.api.people import actor_of, now_block, person_of
from governance.api.permissions import TreasuryScope
from governance.api.serializers import (
    AuditEventSerializer,
    HaltRequest,
    HaltSerializer,
    ReasonRequest,
)
from governance.api.throttles import WriteThrottle
from governance.core.routing import Level
from governance.models import Halt
from governance.selectors.audit import audit_events
from governance.services import halts
from treasury.core import access
from treasury.selectors.portfolio import tiers, treasuries

BY_HAND = "MANUAL"


class HaltList(ListAPIView[Halt]):
    """Newest first; POST trips one by hand."""

    required_action = access.TREASURY_READ
    method_actions = {"POST": access.BREAKER_TRIP}
    serializer_class = HaltSerializer
    filter_backends = [TreasuryScope]
    cursor_ordering = ("-tripped_at", "-id")
    queryset = Halt.objects.select_related(
        "scope__treasury", "scope__tier", "first_closer", "second_closer"
    )

    def get_throttles(self) -> list[Any]:
        return [WriteThrottle()] if self.request.method == "POST" else []

    @extend_schema(request=HaltRequest, responses={201: HaltSerializer})
    def post(self, request: Request) -> Response:
        given = HaltRequest(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = given.validated_data
        allowed: frozenset[int] = request.treasury_ids  # type: ignore[attr-defined]
        treasury = treasuries().filter(public_id=wanted["treasury"], pk__in=allowed).first()
        if treasury is None:
            raise Http404
        tier = None
        if wanted["tier"]:
            tier = tiers(treasury.pk).filter(public_id=wanted["tier"]).first()
            if tier is None:
                raise Http404
        halt = halts.trip(
            treasury_id=treasury.pk,
            tier_id=tier.pk if tier else None,
            found=halts.Trip(
                breaker=BY_HAND,
                level=Level(wanted["level"]),
                value="by hand",
                limit="-",
                reason=wanted["reason"],
                is_self_clearing=False,
            ),
            actor=actor_of(request),
            block=now_block(),
        )
        return Response(HaltSerializer(halt).data, status=201)


class HaltResets(APIView):
    """The first person asks, a second one closes."""

    required_action = access.BREAKER_RESET
    throttle_classes = [WriteThrottle]

    @extend_schema(request=ReasonRequest, responses={201: HaltSerializer})
    def post(self, request: Request, public_id: str) -> Response:
        given = ReasonRequest(data=request.data)
        given.is_valid(raise_exception=True)
        allowed: frozenset[int] = request.treasury_ids  # type: ignore[attr-defined]
        halt = Halt.objects.filter(public_id=public_id, scope__treasury_id__in=allowed).first()
        if halt is None:
            raise Http404
        closed = halts.close(
            halt_id=halt.pk,
            user=person_of(request),
            reason=given.validated_data["reason"],
            actor=actor_of(request),
            block=now_block(),
        )
        return Response(HaltSerializer(closed).data, status=201)


class AuditList(ListAPIView[Any]):
    """The whole chain, oldest first: each event with its hash and the one before it (G7)."""

    required_action = access.AUDIT_READ
    serializer_class = AuditEventSerializer
    cursor_ordering = ("id",)
    filter_backends = []

    def get_queryset(self) -> QuerySet[Any]:
        return audit_events()
