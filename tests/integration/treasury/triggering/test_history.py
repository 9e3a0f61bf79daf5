"""What triggers look back at: sampled, from before the block, no more than the policy asks for."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.integration.treasury.triggering.speaking import TRIGGER
from tests.integration.treasury.world import World, publish_core_policy
from treasury.core.policies import TriggerKind, TriggerRule
from treasury.core.triggering.observed import UNOBSERVED, Observed
from treasury.core.triggering.rules import EventRules, YieldRule
from treasury.models import Asset, Price, Snapshot
from treasury.selectors.triggering.observing import observed_by_treasury
from treasury.services.snapshots import take_snapshot

pytestmark = pytest.mark.django_db
HOUR = 3_600
BARE = TriggerRule(TriggerKind.THRESHOLD, 0, 0, 0)


def take(world: World, seconds: int) -> Snapshot:
    world.chain.rpc("evm_increaseTime", seconds)
    world.chain.rpc("evm_mine")
    return take_snapshot(treasury_id=world.treasury.pk, block=world.head(), rpc_url=world.url)


def observed(
    world: World, rule: TriggerRule, *, tier: str = "core", answered_at: int | None = None
) -> Observed:
    head = world.head()
    return observed_by_treasury(
        tier_id=(world.core if tier == "core" else world.yield_).pk,
        rule=rule,
        now=head.timestamp,
        block_number=head.number,
        answered_at=answered_at,
    )


def test_observed__bare_policy__nothing_and_no_query(world: World) -> None:
    publish_core_policy(world, trigger=TRIGGER)
    take(world, 60)
    head = world.head()
    with CaptureQueriesContext(connection) as queries:
        found = observed_by_treasury(
            tier_id=world.core.pk,
            rule=BARE,
            now=head.timestamp,
            block_number=head.number,
            answered_at=None,
        )
    assert found == UNOBSERVED
    assert len(queries) == 0


def test_prices__window__sampled_oldest_first_and_never_of_the_block_itself(world: World) -> None:
    rule = TriggerRule(
        TriggerKind.THRESHOLD,
        0,
        0,
        0,
        events=EventRules(price_move_bps=1, price_move_seconds=HOUR),
    )
    taken = [take(world, 600) for _ in range(8)]
    series = {item.asset: item for item in observed(world, rule).prices}
    assert set(series) == {world.address(name) for name in ("WETH", "USDC", "WBTC")}
    points = series[world.address("WETH")].points
    times = [row.block_timestamp for row in taken]
    now = world.head().timestamp
    assert [point.at for point in points] == [at for at in times if now - HOUR <= at < now]
    row = Price.objects.get(asset__address=world.address("WETH"), block_timestamp=points[-1].at)
    assert points[-1].value == row.price_usd


def test_prices__two_windows__each_is_seen_in_its_own_steps(world: World) -> None:
    """A month's steps of fifteen hours would show an hour as one price."""
    hour = EventRules(price_move_bps=1, price_move_seconds=HOUR)
    both = replace(hour, volatility_bps=1, volatility_seconds=30 * 24 * HOUR)
    times = [take(world, 600).block_timestamp for _ in range(8)]
    now = times.pop()
    for series in observed(world, replace(BARE, events=hour)).prices:
        assert [point.at for point in series.points] == [at for at in times if at >= now - HOUR]
    for series in observed(world, replace(BARE, events=both)).prices:
        seen = [point.at for point in series.points]
        assert [at for at in seen if at >= now - HOUR] == [at for at in times if at >= now - HOUR]
        assert seen == sorted(set(seen))


def test_rates__vault__price_of_a_share_in_its_underlying(world: World) -> None:
    """DE-62: kept with time and source."""
    rule = TriggerRule(
        TriggerKind.THRESHOLD,
        0,
        0,
        0,
        yields=YieldRule(spread_bps=1, window_seconds=HOUR, horizon_days=30, confirm_of=2),
    )
    for _ in range(5):
        take(world, 900)
    (series,) = observed(world, rule, tier="yield").rates
    assert series.asset == world.address("vUSDC")
    assert "underlying" in series.source
    assert len(series.points) >= 3
    assert all(Decimal("0.9") < point.value < Decimal("1.5") for point in series.points)
    assert observed(world, rule).rates == ()


def test_flow__window_and_latest_proposal__base_is_the_first_snapshot_after_both(
    world: World,
) -> None:
    rule = TriggerRule(
        TriggerKind.THRESHOLD, 0, 0, 0, events=EventRules(flow_bps=1, flow_seconds=HOUR)
    )
    taken = [take(world, 900) for _ in range(6)]
    found = observed(world, rule).earlier
    assert found is not None
    inside = [row for row in taken if row.block_timestamp >= world.head().timestamp - HOUR]
    assert found.at == inside[0].block_timestamp
    assert {item.asset for item in found.units} == {
        world.address(name) for name in ("WETH", "USDC", "WBTC")
    }
    later = observed(world, rule, answered_at=taken[3].block_timestamp).earlier
    assert later is not None
    assert later.at == taken[3].block_timestamp


def test_pegs__declared_dollars_only(world: World) -> None:
    rule = TriggerRule(TriggerKind.THRESHOLD, 0, 0, 0, events=EventRules(depeg_bps=100))
    assert observed(world, rule).pegs == ()
    Asset.objects.filter(symbol="USDC").update(peg="USD")
    Asset.objects.filter(symbol="WBTC").update(peg="EUR")
    (peg,) = observed(world, rule).pegs
    assert (peg.asset, peg.price_usd) == (world.address("USDC"), Decimal(1))
