"""Prices with their sources, snapshots and positions."""

from __future__ import annotations

from typing import Any, TypedDict

from rest_framework import serializers

from treasury.api.shapes import (
    AsOf,
    Fiat,
    ObjectSerializer,
    TokenAmount,
    as_of,
    block_time,
    fiat_or_none,
    price_id,
    token_amount,
)
from treasury.api.views import DetailView, ListView
from treasury.core import access
from treasury.models import Position, Price, PriceObservation, Snapshot


class ObservationShape(TypedDict):
    source: str
    kind: str
    upstream: str
    price: Fiat | None
    observed_at: str
    accepted: bool
    reason: str


class PriceSerializer(ObjectSerializer):
    object_name = "price"

    asset = serializers.CharField(source="asset.public_id")
    symbol = serializers.CharField(source="asset.symbol")
    price = serializers.SerializerMethodField()
    reason = serializers.CharField()
    accepted_count = serializers.IntegerField()
    observed_at = serializers.SerializerMethodField()
    as_of = serializers.SerializerMethodField()

    def get_price(self, row: Price) -> Fiat | None:
        return fiat_or_none(row.price_usd)

    def get_observed_at(self, row: Price) -> str | None:
        return block_time(row.observed_at) if row.observed_at else None

    def get_as_of(self, row: Price) -> AsOf:
        return as_of(
            number=row.block_number, block_hash=row.block_hash, timestamp=row.block_timestamp
        )


class PriceDetailSerializer(PriceSerializer):
    observations = serializers.SerializerMethodField()

    def get_observations(self, row: Price) -> list[ObservationShape]:
        rows = PriceObservation.objects.filter(
            source__asset_id=row.asset_id, block_hash=row.block_hash
        ).select_related("source")
        return [
            {
                "source": item.source.name,
                "kind": item.source.kind,
                "upstream": item.source.upstream,
                "price": fiat_or_none(item.price_usd),
                "observed_at": block_time(min(item.observed_at, LAST_SECOND)),
                "accepted": item.is_accepted,
                "reason": item.reason,
            }
            for item in rows.order_by("id")
        ]


LAST_SECOND = 253_402_300_799
"""The end of year 9999: a broken feed may name any time, a calendar cannot."""


class SnapshotSerializer(ObjectSerializer):
    object_name = "snapshot"

    treasury = serializers.CharField(source="treasury.public_id")
    chain_id = serializers.IntegerField(source="treasury.chain_id")
    as_of = serializers.SerializerMethodField()
    nav = serializers.SerializerMethodField()
    base_fee_wei = serializers.CharField()
    round_trips = serializers.IntegerField()

    def get_as_of(self, row: Snapshot) -> AsOf:
        return as_of(
            number=row.block_number, block_hash=row.block_hash, timestamp=row.block_timestamp
        )

    def get_nav(self, row: Snapshot) -> Fiat | None:
        return fiat_or_none(row.nav_usd)


class PositionSerializer(serializers.Serializer[Any]):
    object = serializers.SerializerMethodField()
    snapshot = serializers.CharField(source="snapshot.public_id")
    holder = serializers.CharField()
    tier = serializers.SerializerMethodField()
    quantity = serializers.SerializerMethodField()
    value = serializers.SerializerMethodField(method_name="value_of")
    price = serializers.SerializerMethodField()
    as_of = serializers.SerializerMethodField()

    def get_object(self, _: Position) -> str:
        return "position"

    def get_tier(self, row: Position) -> str | None:
        return row.tier.public_id if row.tier else None

    def get_quantity(self, row: Position) -> TokenAmount:
        return token_amount(row.units, row.asset)

    def value_of(self, row: Position) -> Fiat | None:
        return fiat_or_none(row.value_usd)

    def get_price(self, row: Position) -> str | None:
        return price_id(row.price)

    def get_as_of(self, row: Position) -> AsOf:
        return as_of(
            number=row.snapshot.block_number,
            block_hash=row.snapshot.block_hash,
            timestamp=row.snapshot.block_timestamp,
        )


class SnapshotDetailSerializer(SnapshotSerializer):
    positions = serializers.SerializerMethodField()

    def get_positions(self, row: Snapshot) -> list[dict[str, Any]]:
        rows = row.positions.select_related("asset", "price", "tier", "snapshot").order_by("id")
        return list(PositionSerializer(rows, many=True).data)


PRICES: Any = Price.objects.select_related("asset")
SNAPSHOTS: Any = Snapshot.objects.select_related("treasury")


class Prices(ListView):
    required_action = access.TREASURY_READ
    treasury_path = "asset__treasury"
    queryset = PRICES
    serializer_class = PriceSerializer
    cursor_ordering = ("-block_number", "-id")
    filters = {
        "asset": "asset__public_id",
        "block_number": "block_number",
        "block_hash": "block_hash",
    }
    whole_numbers = frozenset({"block_number"})


class PriceDetail(DetailView):
    required_action = access.TREASURY_READ
    treasury_path = "asset__treasury"
    queryset = PRICES
    serializer_class = PriceDetailSerializer


class Snapshots(ListView):
    required_action = access.TREASURY_READ
    queryset = SNAPSHOTS
    serializer_class = SnapshotSerializer
    cursor_ordering = ("-block_number", "-id")
    filters = {"treasury": "treasury__public_id", "block_number": "block_number"}
    whole_numbers = frozenset({"block_number"})


class SnapshotDetail(DetailView):
    required_action = access.TREASURY_READ
    queryset = SNAPSHOTS
    serializer_class = SnapshotDetailSerializer


class Positions(ListView):
    """Positions of all snapshots, newest first; usually asked for one `snapshot` or one block."""

    required_action = access.TREASURY_READ
    treasury_path = "snapshot__treasury"
    queryset: Any = Position.objects.select_related("snapshot", "asset", "price", "tier")
    serializer_class = PositionSerializer
    cursor_ordering = ("-id",)
    filters = {
        "snapshot": "snapshot__public_id",
        "tier": "tier__public_id",
        "asset": "asset__public_id",
        "holder": "holder",
        "block_number": "snapshot__block_number",
    }
    times = {}
    whole_numbers = frozenset({"block_number"})
