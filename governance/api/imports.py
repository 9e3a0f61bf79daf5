"""Safe transactions that somebody brings: explained and judged, never signed here."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.api.people import actor_of, now_block, person_of
from governance.api.serializers import StrictSerializer
from governance.api.writing.view import Act, WriteView
from governance.core.guarding.imports import External
from governance.models import ImportedProposal
from governance.selectors.imports import Judged, external_of, imported, judge_external
from governance.selectors.verification import shown_call
from governance.services.guarding.importing import import_proposal
from treasury.core import access


class ImportRequest(StrictSerializer):
    document = serializers.JSONField(
        help_text="An export (`GET /proposals/{id}/verification`), or the ten fields with"
        " `chain_id` and `safe`."
    )


class RefusalSerializer(serializers.Serializer[Any]):
    rule = serializers.CharField()
    text = serializers.CharField()


class ImportedSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    object = serializers.CharField(default="imported_proposal")
    treasury = serializers.CharField()
    safe = serializers.CharField()
    chain_id = serializers.IntegerField()
    safe_tx_hash = serializers.CharField()
    fields_given = serializers.DictField(child=serializers.CharField())
    is_refused = serializers.BooleanField()
    refusals = RefusalSerializer(many=True)
    calls = serializers.ListField(child=serializers.DictField())
    own_proposal = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()


class Imports(WriteView):
    """The answer says which rules it breaks (`refusals`); one that breaks none is external all the
    same, and is signed nowhere in this service."""

    required_action = access.PROPOSAL_IMPORT
    body = ImportRequest
    answers = (201, ImportedSerializer)

    def prepare(self, request: Request, given: dict[str, Any], **names: str) -> Act:
        user, actor, block = person_of(request), actor_of(request), now_block()
        within: frozenset[int] = request.treasury_ids  # type: ignore[attr-defined]

        def act() -> Response:
            found = import_proposal(
                given["document"], within=within, user=user, actor=actor, block=block
            )
            return Response(_shown(found.row, found.external, found.judged), status=201)

        return act


class ImportDetail(APIView):
    required_action = access.PROPOSAL_READ

    @extend_schema(responses=ImportedSerializer)
    def get(self, request: Request, public_id: str) -> Response:
        within: frozenset[int] = request.treasury_ids  # type: ignore[attr-defined]
        row = imported(public_id, within=within)
        if row is None:
            raise Http404
        external = external_of(row)
        now = now_block().timestamp
        judged = judge_external(external, treasury_id=row.treasury_id, now=now)
        return Response(_shown(row, external, judged))


def _shown(row: ImportedProposal, external: External, judged: Judged) -> dict[str, Any]:
    """Everything recomputed from the bytes and judged now, not as it was stored."""
    data: dict[str, Any] = ImportedSerializer(
        {
            "id": row.public_id,
            "object": "imported_proposal",
            "treasury": row.treasury.public_id,
            "safe": external.fields.safe,
            "chain_id": external.fields.chain_id,
            "safe_tx_hash": external.hash,
            "fields_given": external.given,
            "is_refused": bool(judged.violations),
            "refusals": [
                {"rule": found.rule.value, "text": found.text} for found in judged.violations
            ],
            "calls": [shown_call(call) for call in judged.batch.calls] if judged.batch else [],
            "own_proposal": judged.own or None,
            "created_at": row.created_at,
        }
    ).data
    return data
