"""Who is calling, and what they may do where."""

from __future__ import annotations

from typing import Any, TypedDict

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.core.roles import MATRIX
from governance.models import ApiToken, User
from governance.services.rights import Rights
from treasury.core import access
from treasury.selectors.portfolio import treasuries


class PlaceShape(TypedDict):
    treasury: str
    name: str
    roles: list[str]
    actions: list[str]


class MeSerializer(serializers.Serializer[Any]):
    """`roles` are empty for a token: its scopes are all it has. `expires_at` is null for a
    person."""

    id = serializers.CharField()
    object = serializers.CharField(read_only=True, default="me")
    kind = serializers.ChoiceField(choices=["PERSON", "TOKEN"])
    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    expires_at = serializers.DateTimeField(allow_null=True)
    treasuries = serializers.SerializerMethodField()

    def get_treasuries(self, me: dict[str, Any]) -> list[PlaceShape]:
        places: list[PlaceShape] = me["treasuries"]
        return places


class Me(APIView):
    """For every caller who is somebody, whatever they may do."""

    required_action = access.PUBLIC

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        if isinstance(request.auth, ApiToken):
            return Response(MeSerializer(_token(request.auth)).data)
        if isinstance(request.user, User):
            return Response(MeSerializer(_person(request.user)).data)
        raise NotAuthenticated


def _token(token: ApiToken) -> dict[str, Any]:
    place: PlaceShape = {
        "treasury": token.treasury.public_id,
        "name": token.treasury.name,
        "roles": [],
        "actions": sorted(scope.replace(":", ".") for scope in token.scopes),
    }
    return {
        "id": token.public_id,
        "kind": "TOKEN",
        "name": token.name,
        "scopes": token.scopes,
        "expires_at": token.expires_at,
        "treasuries": [place],
    }


def _person(user: User) -> dict[str, Any]:
    roles = Rights(user=user, rpc_url=settings.RPC_URLS[0]).roles()
    places: list[PlaceShape] = [
        {
            "treasury": treasury.public_id,
            "name": treasury.name,
            "roles": sorted(roles[treasury.pk]),
            "actions": sorted(set().union(*(MATRIX[role] for role in roles[treasury.pk]))),
        }
        for treasury in treasuries().filter(pk__in=roles)
    ]
    return {
        "id": user.public_id,
        "kind": "PERSON",
        "name": user.get_username(),
        "scopes": [],
        "expires_at": None,
        "treasuries": places,
    }
