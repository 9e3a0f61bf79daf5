"""Halts and the audit trail."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from governance.api.shapes.values import BlockTimeField
from governance.models import BreakerState, Halt


class HaltSerializer(serializers.ModelSerializer[Halt]):
    """`tripped_at` and `closed_at` are block time."""

    id = serializers.CharField(source="public_id")
    object = serializers.CharField(read_only=True, default="halt")
    treasury = serializers.CharField(source="scope.treasury.public_id")
    tier = serializers.CharField(source="scope.tier.public_id", default=None, allow_null=True)
    is_open = serializers.SerializerMethodField()
    tripped_at = BlockTimeField()
    closed_at = BlockTimeField(allow_null=True)
    first_closer = serializers.CharField(
        source="first_closer.username", default=None, allow_null=True
    )
    second_closer = serializers.CharField(
        source="second_closer.username", default=None, allow_null=True
    )

    class Meta:
        model = Halt
        fields = [
            "id",
            "object",
            "treasury",
            "tier",
            "breaker",
            "level",
            "value",
            "limit",
            "reason",
            "is_self_clearing",
            "is_open",
            "tripped_by",
            "tripped_at",
            "closed_at",
            "first_closer",
            "second_closer",
            "close_reason",
            "version",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields

    def get_is_open(self, halt: Halt) -> bool:
        return halt.closed_at is None


class BreakerSerializer(serializers.ModelSerializer[BreakerState]):
    """Times are block time. `over_since`: it has been over its limit and not clean again since;
    `clean_since`: every reading since then was at or below `reset`. `is_read` false: the policy in
    force does not ask for it."""

    id = serializers.SerializerMethodField()
    object = serializers.CharField(read_only=True, default="breaker")
    treasury = serializers.CharField(source="scope.treasury.public_id")
    tier = serializers.CharField(source="scope.tier.public_id", default=None, allow_null=True)
    level = serializers.CharField(read_only=True)
    over_since = BlockTimeField(allow_null=True)
    clean_since = BlockTimeField(allow_null=True)
    block_timestamp = BlockTimeField()

    class Meta:
        model = BreakerState
        fields = [
            "id",
            "object",
            "treasury",
            "tier",
            "breaker",
            "standing",
            "level",
            "value",
            "limit",
            "reset",
            "reason",
            "over_since",
            "clean_since",
            "min_clean_seconds",
            "is_read",
            "block_number",
            "block_hash",
            "block_timestamp",
        ]
        read_only_fields = fields

    def get_id(self, row: BreakerState) -> str:
        scope = row.scope.tier or row.scope.treasury
        return f"{scope.public_id}:{row.breaker}"


class AuditEventSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    object = serializers.CharField(read_only=True, default="audit_event")
    at = serializers.DateTimeField()
    payload = serializers.JSONField()
    prev = serializers.SerializerMethodField()
    hash = serializers.SerializerMethodField()

    def get_prev(self, row: Any) -> str:
        return bytes(row.prev).hex()

    def get_hash(self, row: Any) -> str:
        return bytes(row.hash).hex()
