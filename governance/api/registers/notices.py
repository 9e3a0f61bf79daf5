"""Notices: list, write, withdraw (G10). Times are block time, Unix seconds."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.people import actor_of, now_block, person_of
from governance.api.reading.lists import FilteredList
from governance.api.serializers import ReasonRequest, StrictSerializer
from governance.api.writing.view import Act, WriteView
from governance.models import Notice, NoticeKind
from governance.selectors.registers.notices import notices
from governance.services.registers.notices import (
    BODY_MAX,
    LATEST_END,
    TITLE_MAX,
    URL_MAX,
    NoticeDraft,
    withdraw_notice,
    write_notice,
)
from treasury.core import access
from treasury.selectors.portfolio import treasuries

ASSETS_MAX = 200


class NoticeSerializer(serializers.ModelSerializer[Notice]):
    id = serializers.CharField(source="public_id")
    object = serializers.CharField(read_only=True, default="notice")
    treasury = serializers.CharField(source="treasury.public_id")
    assets = serializers.SerializerMethodField()
    author = serializers.CharField(source="author.username")
    version = serializers.SerializerMethodField()

    class Meta:
        model = Notice
        fields = [
            "id",
            "object",
            "treasury",
            "kind",
            "title",
            "body",
            "source_url",
            "starts_at",
            "ends_at",
            "assets",
            "author",
            "withdrawn_at",
            "version",
            "created_at",
        ]
        read_only_fields = fields

    def get_version(self, notice: Notice) -> int:
        """Never edited; withdrawn once."""
        return 1 if notice.withdrawn_at is None else 2

    def get_assets(self, notice: Notice) -> list[str]:
        return [asset.public_id for asset in notice.assets.all()]


class NoticeRequest(StrictSerializer):
    """Without `assets` it concerns the whole treasury."""

    treasury = serializers.CharField(max_length=40)
    kind = serializers.ChoiceField(NoticeKind.values)
    title = serializers.CharField(max_length=TITLE_MAX)
    body = serializers.CharField(max_length=BODY_MAX)
    source_url = serializers.CharField(max_length=URL_MAX)
    starts_at = serializers.IntegerField(min_value=0, max_value=LATEST_END)
    ends_at = serializers.IntegerField(min_value=0, max_value=LATEST_END)
    assets = serializers.ListField(
        child=serializers.CharField(max_length=40), max_length=ASSETS_MAX, default=list
    )


class NoticeList(WriteView, FilteredList):
    """By the time they were written; POST writes one."""

    required_action = access.TREASURY_READ
    method_actions = {"POST": access.NOTICE_WRITE}
    serializer_class = NoticeSerializer
    cursor_ordering = ("created_at", "id")
    filters = {"treasury": "treasury__public_id", "asset": "assets__public_id"}
    choices = {"kind": frozenset(NoticeKind.values)}
    times = {"created_at[gte]": "created_at__gte"}
    queryset = Notice.objects.select_related("treasury", "author").prefetch_related("assets")
    body = NoticeRequest
    answers = (201, NoticeSerializer)

    def prepare(self, request: Request, given: dict[str, Any], **names: str) -> Act:
        allowed: frozenset[int] = request.treasury_ids  # type: ignore[attr-defined]
        treasury = treasuries().filter(public_id=given["treasury"], pk__in=allowed).first()
        if treasury is None:
            raise Http404
        draft = NoticeDraft(**{name: given[name] for name in given if name != "treasury"})
        author, actor, block = person_of(request), actor_of(request), now_block()

        def act() -> Response:
            notice = write_notice(
                treasury_id=treasury.pk, draft=draft, author=author, actor=actor, block=block
            )
            return Response(NoticeSerializer(notice).data, status=201)

        return act


class NoticeWithdrawals(WriteView):
    """It no longer holds. Twice is once."""

    required_action = access.NOTICE_WRITE
    body = ReasonRequest
    answers = (201, NoticeSerializer)

    def prepare(self, request: Request, given: dict[str, Any], **names: str) -> Act:
        allowed: frozenset[int] = request.treasury_ids  # type: ignore[attr-defined]
        found = notices(treasury_ids=allowed).filter(public_id=names["public_id"]).first()
        if found is None:
            raise Http404
        person_of(request)
        actor, block = actor_of(request), now_block()

        def act() -> Response:
            notice = withdraw_notice(
                notice_id=found.pk, reason=given["reason"], actor=actor, block=block
            )
            return Response(NoticeSerializer(notice).data, status=201)

        return act
