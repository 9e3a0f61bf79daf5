"""Treasuries, tiers and assets."""

from __future__ import annotations

from typing import Any, TypedDict

from rest_framework import serializers

from treasury.api.shapes import AsOf, Fiat, ObjectSerializer, as_of, fiat_or_none
from treasury.api.views import DetailView, ListView
from treasury.core import access
from treasury.models import Asset, Snapshot, Tier, TierNav, Treasury
from treasury.selectors.snapshots import latest


class SafeShape(TypedDict):
    id: str
    name: str
    address: str
    kind: str
    chain_id: int


class NavShape(TypedDict):
    snapshot: str
    as_of: AsOf
    nav: Fiat | None


class TreasurySerializer(ObjectSerializer):
    object_name = "treasury"

    name = serializers.CharField()
    chain_id = serializers.IntegerField()
    functional_currency = serializers.CharField()
    executor_address = serializers.CharField()
    safes = serializers.SerializerMethodField()
    latest_nav = serializers.SerializerMethodField()

    def get_safes(self, row: Treasury) -> list[SafeShape]:
        return [
            {
                "id": safe.public_id,
                "name": safe.name,
                "address": safe.address,
                "kind": safe.kind,
                "chain_id": row.chain_id,
            }
            for safe in row.safes.order_by("id")
        ]

    def get_latest_nav(self, row: Treasury) -> NavShape | None:
        snapshot = latest(row.id)
        return None if snapshot is None else _nav(snapshot, fiat_or_none(snapshot.nav_usd))


class TierSerializer(ObjectSerializer):
    object_name = "tier"

    treasury = serializers.CharField(source="treasury.public_id")
    name = serializers.CharField()
    objective = serializers.CharField()
    safe = serializers.SerializerMethodField()
    assets = serializers.SerializerMethodField()
    latest_nav = serializers.SerializerMethodField()

    def get_safe(self, row: Tier) -> SafeShape:
        return {
            "id": row.safe.public_id,
            "name": row.safe.name,
            "address": row.safe.address,
            "kind": row.safe.kind,
            "chain_id": row.treasury.chain_id,
        }

    def get_assets(self, row: Tier) -> list[str]:
        return [item.asset.public_id for item in row.tier_assets.all()]

    def get_latest_nav(self, row: Tier) -> NavShape | None:
        snapshot = latest(row.treasury_id)
        if snapshot is None:
            return None
        found = TierNav.objects.filter(snapshot=snapshot, tier=row).first()
        return _nav(snapshot, fiat_or_none(found.nav_usd) if found else None)


class AssetSerializer(ObjectSerializer):
    object_name = "asset"

    treasury = serializers.CharField(source="treasury.public_id")
    chain_id = serializers.IntegerField(source="treasury.chain_id")
    address = serializers.CharField()
    symbol = serializers.CharField()
    decimals = serializers.IntegerField()
    kind = serializers.CharField()
    underlying = serializers.SerializerMethodField()

    def get_underlying(self, row: Asset) -> str | None:
        return row.underlying.public_id if row.underlying else None


def _nav(snapshot: Snapshot, nav: Fiat | None) -> NavShape:
    return {
        "snapshot": snapshot.public_id,
        "as_of": as_of(
            number=snapshot.block_number,
            block_hash=snapshot.block_hash,
            timestamp=snapshot.block_timestamp,
        ),
        "nav": nav,
    }


TREASURIES: Any = Treasury.objects.prefetch_related("safes")
TIERS: Any = Tier.objects.select_related("treasury", "safe").prefetch_related("tier_assets__asset")
ASSETS: Any = Asset.objects.select_related("treasury", "underlying")


class Treasuries(ListView):
    required_action = access.TREASURY_READ
    treasury_path = "pk"
    queryset = TREASURIES
    serializer_class = TreasurySerializer


class TreasuryDetail(DetailView):
    required_action = access.TREASURY_READ
    treasury_path = "pk"
    queryset = TREASURIES
    serializer_class = TreasurySerializer


class Tiers(ListView):
    required_action = access.TREASURY_READ
    queryset = TIERS
    serializer_class = TierSerializer
    filters = {"treasury": "treasury__public_id", "name": "name"}


class TierDetail(DetailView):
    required_action = access.TREASURY_READ
    queryset = TIERS
    serializer_class = TierSerializer


class Assets(ListView):
    required_action = access.TREASURY_READ
    queryset = ASSETS
    serializer_class = AssetSerializer
    filters = {"treasury": "treasury__public_id", "symbol": "symbol", "address": "address"}


class AssetDetail(DetailView):
    required_action = access.TREASURY_READ
    queryset = ASSETS
    serializer_class = AssetSerializer
