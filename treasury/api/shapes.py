"""The shapes of money, time and chain facts in every answer. Numbers that matter are text."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypedDict

from rest_framework import serializers

from treasury.models import Asset, Price


class TokenAmount(TypedDict):
    amount: str
    decimals: int
    asset: str
    symbol: str


class Fiat(TypedDict):
    amount: str
    currency: str


class AsOf(TypedDict):
    block_number: int
    block_hash: str
    timestamp: str


def token_amount(units: int, asset: Asset) -> TokenAmount:
    return {
        "amount": str(units),
        "decimals": asset.decimals,
        "asset": asset.public_id,
        "symbol": asset.symbol,
    }


def fiat(amount: Decimal, currency: str = "USD") -> Fiat:
    return {"amount": format(amount, "f"), "currency": currency}


def fiat_or_none(amount: Decimal | None) -> Fiat | None:
    return None if amount is None else fiat(amount)


def block_time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def as_of(*, number: int, block_hash: str, timestamp: int) -> AsOf:
    return {
        "block_number": number,
        "block_hash": block_hash,
        "timestamp": block_time(timestamp),
    }


def price_id(price: Price | None) -> str | None:
    return None if price is None else price.public_id


class ObjectSerializer(serializers.Serializer[Any]):
    """What every object carries. These rows never change, so they were updated when they were
    made."""

    object_name: str

    id = serializers.CharField(source="public_id", read_only=True)
    object = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(source="created_at", read_only=True)
    version = serializers.SerializerMethodField()

    def get_object(self, _: Any) -> str:
        return self.object_name

    def get_version(self, _: Any) -> int:
        return 1
