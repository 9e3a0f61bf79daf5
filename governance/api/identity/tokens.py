"""Machines' keys: list, issue, revoke. For administrators, never for a key itself."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.api.authentication import LOCAL_CHAIN_ID
from governance.api.people import actor_of, person_of
from governance.api.permissions import TreasuryScope
from governance.api.serializers import StrictSerializer
from governance.api.writing.view import Act, WriteView
from governance.models import ApiToken
from governance.services.identity.tokens import issue_token, revoke_token
from treasury.core import access
from treasury.selectors.portfolio import tiers, treasuries


class TokenRequest(StrictSerializer):
    """`scopes` with a colon (`ledger:read`); `tier` and `networks` (CIDR) narrow the token."""

    treasury = serializers.CharField(max_length=40)
    name = serializers.CharField(max_length=80)
    scopes = serializers.ListField(child=serializers.CharField(max_length=40), max_length=20)
    expires_at = serializers.DateTimeField()
    tier = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")
    networks = serializers.ListField(
        child=serializers.CharField(max_length=50), max_length=20, required=False, default=list
    )


class TokenSerializer(serializers.ModelSerializer[ApiToken]):
    """`prefix` is how logs and the audit trail name it. The secret is not in it."""

    id = serializers.CharField(source="public_id")
    treasury = serializers.CharField(source="treasury.public_id")
    tier = serializers.CharField(source="tier.public_id", allow_null=True, default=None)
    scopes = serializers.ListField(child=serializers.CharField())
    networks = serializers.ListField(child=serializers.CharField())
    issuer = serializers.CharField(source="issuer.username", allow_null=True, default=None)

    class Meta:
        model = ApiToken
        fields = [
            "id", "treasury", "name", "prefix", "scopes", "tier", "networks", "issuer",
            "created_at", "expires_at", "latest_use_at", "revoked_at",
        ]  # fmt: skip
        read_only_fields = fields


class IssuedTokenSerializer(TokenSerializer):
    """`secret` is the bearer token, in this one answer and nowhere else."""

    secret = serializers.CharField()

    class Meta(TokenSerializer.Meta):
        fields = [*TokenSerializer.Meta.fields, "secret"]
        read_only_fields = fields


class TokenList(WriteView, ListAPIView[ApiToken]):
    """Newest first, ended ones too; POST issues one. Its answer is not kept, so an Idempotency-Key
    has no effect here: a lost answer means a token to revoke."""

    required_action = access.IDENTITY_WRITE
    needs_fresh_proof = True
    needs_key = False
    serializer_class = TokenSerializer
    filter_backends = [TreasuryScope]
    cursor_ordering = ("-created_at", "-id")
    queryset = ApiToken.objects.select_related("treasury", "tier", "issuer")
    body = TokenRequest
    answers = (201, IssuedTokenSerializer)

    def prepare(self, request: Request, given: dict[str, Any], **names: str) -> Act:
        allowed: frozenset[int] = request.treasury_ids  # type: ignore[attr-defined]
        treasury = treasuries().filter(public_id=given["treasury"], pk__in=allowed).first()
        if treasury is None:
            raise Http404
        tier = tiers(treasury.pk).filter(public_id=given["tier"]).first() if given["tier"] else None
        if given["tier"] and tier is None:
            raise Http404
        issuer, actor, now = person_of(request), actor_of(request), timezone.now()

        def act() -> Response:
            issued = issue_token(
                treasury_id=treasury.pk,
                name=given["name"],
                scopes=given["scopes"],
                expires_at=given["expires_at"],
                now=now,
                is_live=settings.CHAIN_ID != LOCAL_CHAIN_ID,
                actor=actor,
                tier_id=tier.pk if tier else None,
                networks=given["networks"],
                issuer=issuer,
            )
            answer = TokenSerializer(issued.token).data | {"secret": issued.secret}
            return Response(answer, status=201, headers={"Cache-Control": "no-store"})

        return act


class TokenDetail(APIView):
    """DELETE revokes, at once and for good; once more changes nothing."""

    required_action = access.IDENTITY_WRITE
    needs_fresh_proof = True

    @extend_schema(responses={204: None})
    def delete(self, request: Request, public_id: str) -> Response:
        allowed: frozenset[int] = request.treasury_ids  # type: ignore[attr-defined]
        token = ApiToken.objects.filter(public_id=public_id, treasury_id__in=allowed).first()
        if token is None:
            raise Http404
        revoke_token(token=token, now=timezone.now(), actor=actor_of(request))
        return Response(status=204)
