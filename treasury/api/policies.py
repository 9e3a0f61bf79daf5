"""Policies: every version that a tier ever had, as it is hashed."""

from __future__ import annotations

import json
from typing import Any

from rest_framework import serializers

from treasury.api.shapes import ObjectSerializer, block_time
from treasury.api.views import DetailView, ListView
from treasury.core import access
from treasury.models import PolicyVersion


class PolicySerializer(ObjectSerializer):
    """A version never changes. In force is the highest number whose `effective_at` has come."""

    object_name = "policy"

    treasury = serializers.CharField(source="tier.treasury.public_id")
    tier = serializers.CharField(source="tier.public_id")
    number = serializers.IntegerField()
    effective_at = serializers.SerializerMethodField()
    document_hash = serializers.CharField()
    document = serializers.SerializerMethodField()

    def get_effective_at(self, row: PolicyVersion) -> str:
        return block_time(row.effective_at)

    def get_document(self, row: PolicyVersion) -> dict[str, Any]:
        """SHA-256 of its canonical text is `document_hash`. Amounts and ratios are text."""
        found: dict[str, Any] = json.loads(row.document)
        return found


POLICIES: Any = PolicyVersion.objects.select_related("tier__treasury")


class Policies(ListView):
    required_action = access.POLICY_READ
    treasury_path = "tier__treasury"
    queryset = POLICIES
    serializer_class = PolicySerializer
    cursor_ordering = ("-created_at", "-id")
    filters = {
        "treasury": "tier__treasury__public_id",
        "tier": "tier__public_id",
        "number": "number",
        "document_hash": "document_hash",
    }
    whole_numbers = frozenset({"number"})


class PolicyDetail(DetailView):
    required_action = access.POLICY_READ
    treasury_path = "tier__treasury"
    queryset = POLICIES
    serializer_class = PolicySerializer
