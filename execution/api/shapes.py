"""The shapes of chain facts in execution's answers, as the other REST resources write them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypedDict

from rest_framework import serializers

if TYPE_CHECKING:
    from treasury.models import Asset


class TokenAmount(TypedDict):
    amount: str
    decimals: int
    asset: str
    symbol: str


class Fiat(TypedDict):
    amount: str
    currency: str


def token_amount(units: int, asset: Asset) -> TokenAmount:
    return {
        "amount": str(units),
        "decimals": asset.decimals,
        "asset": asset.public_id,
        "symbol": asset.symbol,
    }


def fiat(amount: Decimal) -> Fiat:
    return {"amount": format(amount, "f"), "currency": "USD"}


def block_time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class ObjectSerializer(serializers.Serializer[Any]):
    """What every object carries. `version` counts what can be seen to change."""

    object_name: str

    id = serializers.CharField(source="public_id", read_only=True)
    object = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)
    version = serializers.IntegerField(read_only=True)

    def get_object(self, _: Any) -> str:
        return self.object_name
