"""Shapes of governance's REST resources. Input refuses members that it does not know."""

from __future__ import annotations

import re
from typing import Any

from eth_utils.address import is_checksum_address, is_hex_address, to_checksum_address
from rest_framework import serializers

from governance.core.routing import LADDER

HEX = re.compile(r"0x(?:[0-9a-fA-F]{2})+")
SIGNATURE_BYTES_MAX = 4096
LEGS_MAX = 100
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


class LegChangeRequest(StrictSerializer):
    """`sell_units` in base units of what the leg sells; 0 drops the leg."""

    index = serializers.IntegerField(min_value=0, max_value=LEGS_MAX - 1)
    sell_units = serializers.RegexField(r"^(0|[1-9][0-9]{0,77})$")


class EditRequest(StrictSerializer):
    """Legs that are not named stay as they are."""

    legs = serializers.ListField(child=LegChangeRequest(), min_length=1, max_length=LEGS_MAX)
    reason = serializers.CharField(max_length=300)


class CheckRequest(StrictSerializer):
    reason = serializers.CharField(max_length=200, required=False, default="")


class GenerationRequest(StrictSerializer):
    tier = serializers.CharField(max_length=40)
    reason = serializers.CharField(max_length=200)


class HaltRequest(StrictSerializer):
    treasury = serializers.CharField(max_length=40)
    tier = serializers.CharField(max_length=40, required=False, allow_null=True, default=None)
    level = serializers.ChoiceField(choices=[level.value for level in LADDER], default="FROZEN")
    reason = serializers.CharField(max_length=300)


class EmptyRequest(StrictSerializer):
    """A body is allowed and must be empty."""
