"""One's own channels, and those of the treasury for whoever administers it. People only: a token
that could name a webhook would be a way to send events past everybody."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import PermissionDenied
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.api.people import actor_of, person_of
from governance.api.serializers import EmptyRequest
from governance.api.webhooks.shapes import (
    ChannelRequest,
    ChannelSerializer,
    DeliverySerializer,
    RotationRequest,
    SecretSerializer,
)
from governance.api.writing.view import Act, WriteView
from governance.models import Channel, Notification
from governance.selectors.registers.channels import channels_for, deliveries
from governance.services.notifying import channels
from governance.services.rights import treasuries_where
from treasury.core import access
from treasury.selectors.portfolio import treasuries


def administered(request: Request) -> frozenset[int]:
    """Treasuries whose own channels the caller may handle."""
    return treasuries_where(
        user=person_of(request), action=access.IDENTITY_WRITE, rpc_url=settings.RPC_URLS[0]
    )


def found(request: Request, public_id: str) -> Channel:
    """The channel when the caller may handle it. That others have some is not said; that the
    treasury has one is no secret to its people."""
    allowed: frozenset[int] = request.treasury_ids  # type: ignore[attr-defined]
    rows = channels_for(user=person_of(request), treasury_ids=allowed, shared_in=allowed)
    channel = rows.filter(public_id=public_id).first()
    if channel is None:
        raise Http404
    if channel.user_id is None and channel.treasury_id not in administered(request):
        raise PermissionDenied("A channel of the treasury itself needs an administrator.")
    return channel


class ChannelList(WriteView, ListAPIView[Channel]):
    """One's own, and for administrators the treasury's. POST makes one; the answer shows its
    secret, which no other does. No key: the answer is not kept, and a twin is refused as
    `channel_exists`."""

    required_action = access.CHANNEL_WRITE
    serializer_class = ChannelSerializer
    filter_backends = []
    body = ChannelRequest
    answers = (201, SecretSerializer)
    needs_key = False

    def get_queryset(self) -> QuerySet[Channel]:
        allowed: frozenset[int] = self.request.treasury_ids  # type: ignore[attr-defined]
        return channels_for(
            user=person_of(self.request),
            treasury_ids=allowed,
            shared_in=allowed & administered(self.request),
        )

    def prepare(self, request: Request, given: dict[str, Any], **names: str) -> Act:
        allowed: frozenset[int] = request.treasury_ids  # type: ignore[attr-defined]
        treasury = treasuries().filter(public_id=given["treasury"], pk__in=allowed).first()
        if treasury is None:
            raise Http404
        user, actor = person_of(request), actor_of(request)
        if given["is_shared"] and treasury.pk not in administered(request):
            raise PermissionDenied("A channel of the treasury itself needs an administrator.")

        def act() -> Response:
            made = channels.create_channel(
                treasury_id=treasury.pk,
                user=None if given["is_shared"] else user,
                kind=given["kind"],
                target=given["target"],
                topics=given["topics"],
                is_digest=given["is_digest"],
                actor=actor,
            )
            return Response(SecretSerializer(made.channel).data, status=201)

        return act


class ChannelDetail(APIView):
    required_action = access.CHANNEL_WRITE

    @extend_schema(responses=ChannelSerializer)
    def get(self, request: Request, public_id: str) -> Response:
        return Response(ChannelSerializer(found(request, public_id)).data)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, public_id: str) -> Response:
        """Switched off for good measure, kept for the record; `activations` brings it back."""
        channels.disable_channel(
            channel_id=found(request, public_id).pk,
            reason="switched off by a person",
            now=timezone.now(),
            actor=actor_of(request),
        )
        return Response(status=204)


class Activations(WriteView):
    """Told again from now on; what was given up meanwhile can be replayed."""

    required_action = access.CHANNEL_WRITE
    answers = (201, ChannelSerializer)

    def prepare(self, request: Request, given: dict[str, Any], **names: str) -> Act:
        channel, actor = found(request, names["public_id"]), actor_of(request)

        def act() -> Response:
            row = channels.enable_channel(channel_id=channel.pk, actor=actor)
            return Response(ChannelSerializer(row).data, status=201)

        return act


class Rotations(WriteView):
    """A new secret beside the one before, or the end of the one before. No key: the answer holds
    the secret and is not kept."""

    required_action = access.CHANNEL_WRITE
    body = RotationRequest
    answers = (201, SecretSerializer)
    needs_key = False

    def prepare(self, request: Request, given: dict[str, Any], **names: str) -> Act:
        channel, actor = found(request, names["public_id"]), actor_of(request)

        def act() -> Response:
            if given["is_finished"]:
                row = channels.finish_rotation(channel_id=channel.pk, actor=actor)
                return Response({**ChannelSerializer(row).data, "secret": None}, status=201)
            made = channels.rotate_secret(channel_id=channel.pk, actor=actor)
            return Response(SecretSerializer(made.channel).data, status=201)

        return act


class Tests(WriteView):
    """One message to this channel, by the way that all messages take."""

    required_action = access.CHANNEL_WRITE
    body = EmptyRequest
    answers = (202, DeliverySerializer)

    def prepare(self, request: Request, given: dict[str, Any], **names: str) -> Act:
        channel, actor = found(request, names["public_id"]), actor_of(request)

        def act() -> Response:
            row = channels.send_test(channel_id=channel.pk, now=timezone.now(), actor=actor)
            return Response(DeliverySerializer(row).data, status=202)

        return act


class Deliveries(ListAPIView[Notification]):
    """Every message to the channel, newest first, with its tries."""

    required_action = access.CHANNEL_WRITE
    serializer_class = DeliverySerializer
    filter_backends = []
    cursor_ordering = ("-created_at", "-id")

    def get_queryset(self) -> QuerySet[Notification]:
        return deliveries(channel_id=found(self.request, self.kwargs["public_id"]).pk)


class Replays(WriteView):
    """Tell it again, with the same id; receivers go by the id."""

    required_action = access.CHANNEL_WRITE
    answers = (202, DeliverySerializer)

    def prepare(self, request: Request, given: dict[str, Any], **names: str) -> Act:
        channel, actor = found(request, names["public_id"]), actor_of(request)
        message = deliveries(channel_id=channel.pk).filter(public_id=names["delivery_id"]).first()
        if message is None:
            raise Http404

        def act() -> Response:
            row = channels.replay(notification_id=message.pk, now=timezone.now(), actor=actor)
            return Response(DeliverySerializer(row).data, status=202)

        return act
