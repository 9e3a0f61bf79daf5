"""Shapes of governance's REST resources. Input refuses members that it does not know."""

from __future__ import annotations

import re
from typing import Any

from eth_utils.address import is_checksum_address, is_hex_address, to_checksum_address
from rest_framework import serializers

from governance.core.routing import LADDER
from governance.models import Halt, Proposal

HEX = re.compile(r"0x(?:[0-9a-fA-F]{2})+")
SIGNATURE_BYTES_MAX = 4096
KINDS = ("EOA", "ETH_SIGN", "APPROVED_HASH", "CONTRACT")


class StrictSerializer(serializers.Serializer[Any]):
    """An unknown member is an error: a misspelt reason must not pass as no reason."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = sorted(set(data) - set(self.fields))
            if unknown:
                raise serializers.ValidationError(
                    {name: ["There is no such member."] for name in unknown}
                )
        return super().to_internal_value(data)


class AddressField(serializers.CharField):
    """EIP-55 out; in: all lower case, or a right checksum."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not is_hex_address(text) or not text.startswith("0x"):
            raise serializers.ValidationError("This is no address.")
        if text != text.lower() and not is_checksum_address(text):
            raise serializers.ValidationError("The checksum of the address is wrong.")
        return str(to_checksum_address(text))


class SignatureField(serializers.CharField):
    def to_internal_value(self, data: Any) -> bytes:  # type: ignore[override]
        text = super().to_internal_value(data)
        if not HEX.fullmatch(text) or len(text) > 2 + 2 * SIGNATURE_BYTES_MAX:
            raise serializers.ValidationError(
                "This is no signature: 0x and an even number of digits."
            )
        return bytes.fromhex(text[2:])


class ConfirmationRequest(StrictSerializer):
    """`member` when the owner is itself a Safe and one of its own owners signed its message."""

    owner = AddressField()
    signature = SignatureField()
    kind = serializers.ChoiceField(choices=KINDS, required=False, allow_null=True, default=None)
    member = AddressField(required=False, allow_null=True, default=None)


class ApprovalRequest(StrictSerializer):
    plan_digest = serializers.RegexField(r"^[0-9a-f]{64}$", required=False, default="")


class ReasonRequest(StrictSerializer):
    reason = serializers.CharField(max_length=300)


class CheckRequest(StrictSerializer):
    reason = serializers.CharField(max_length=200, required=False, default="")


class HaltRequest(StrictSerializer):
    treasury = serializers.CharField(max_length=40)
    tier = serializers.CharField(max_length=40, required=False, allow_null=True, default=None)
    level = serializers.ChoiceField(choices=[level.value for level in LADDER], default="FROZEN")
    reason = serializers.CharField(max_length=300)


class EmptyRequest(StrictSerializer):
    """A body is allowed and must be empty."""


class MoneyField(serializers.DecimalField):
    """USD as a decimal string."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=38, decimal_places=8, **kwargs)


class ProposalSerializer(serializers.ModelSerializer[Proposal]):
    id = serializers.CharField(source="public_id")
    object = serializers.CharField(read_only=True, default="proposal")
    treasury = serializers.CharField(source="tier.treasury.public_id")
    tier = serializers.CharField(source="tier.public_id")
    tier_name = serializers.CharField(source="tier.name")
    decision = serializers.CharField(source="decision.public_id")
    policy = serializers.CharField(source="policy_version.public_id")
    plan = serializers.CharField(source="plan.public_id", default=None)
    plan_digest = serializers.CharField(source="plan.digest", default=None)
    transaction = serializers.CharField(source="transaction.public_id", default=None)
    transaction_state = serializers.CharField(source="transaction.state", default=None)
    safe_tx_hash = serializers.CharField(source="safe_transaction.safe_tx_hash", default=None)
    author = serializers.CharField(source="author.username", default=None)
    successor = serializers.CharField(source="successor.public_id", default=None)
    value_usd = MoneyField()
    estimated_cost_usd = MoneyField()
    actual_cost_usd = MoneyField(allow_null=True)

    class Meta:
        model = Proposal
        fields = [
            "id",
            "object",
            "treasury",
            "tier",
            "tier_name",
            "state",
            "outcome",
            "state_reason",
            "route",
            "route_reason",
            "decision",
            "policy",
            "policy_hash",
            "plan",
            "plan_digest",
            "transaction",
            "transaction_state",
            "safe_tx_hash",
            "author",
            "successor",
            "value_usd",
            "estimated_cost_usd",
            "actual_cost_usd",
            "triggered_at",
            "expires_at",
            "done_at",
            "version",
            "created_at",
        ]
        read_only_fields = fields


class HaltSerializer(serializers.ModelSerializer[Halt]):
    id = serializers.CharField(source="public_id")
    object = serializers.CharField(read_only=True, default="halt")
    treasury = serializers.CharField(source="scope.treasury.public_id")
    tier = serializers.CharField(source="scope.tier.public_id", default=None)
    is_open = serializers.SerializerMethodField()
    first_closer = serializers.CharField(source="first_closer.username", default=None)
    second_closer = serializers.CharField(source="second_closer.username", default=None)

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
        ]
        read_only_fields = fields

    def get_is_open(self, halt: Halt) -> bool:
        return halt.closed_at is None


class CheckSerializer(serializers.Serializer[Any]):
    """What an evaluation said, fired or not (T6)."""

    decision = serializers.CharField(allow_null=True)
    outcome = serializers.CharField()
    is_fired = serializers.BooleanField()
    trigger_kind = serializers.CharField()
    trigger_reason = serializers.CharField()
    note = serializers.CharField()
    proposal = serializers.CharField(allow_null=True)


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
