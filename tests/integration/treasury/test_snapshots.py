"""Snapshots on the real chain: one block, exact units, a NAV that hides nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.integration.treasury.world import World, publish_core_policy, publish_yield_policy
from treasury.core.amounts import quantize_usd, value_usd
from treasury.core.decisions import PriceGap
from treasury.models import Position, Price, Snapshot
from treasury.selectors.portfolio import tier_portfolio
from treasury.selectors.snapshots import latest, units_at
from treasury.services.snapshots import take_snapshot
from treasury.tasks import observe_prices, take_snapshots

pytestmark = pytest.mark.django_db


def snap(world: World) -> Snapshot:
    return take_snapshot(treasury_id=world.treasury.id, block=world.head(), rpc_url=world.url)


def test_every_balance_at_one_block_in_one_round_trip(world: World) -> None:
    block = world.head()
    snapshot = snap(world)
    core, tank = world.safes["core"].address, world.treasury.executor_address
    units = units_at(snapshot.id)
    assert units[core, world.address("WETH")] == 160 * 10**18  # type: ignore[index]
    assert units[core, world.address("USDC")] == 480_000 * 10**6  # type: ignore[index]
    assert units[core, world.address("WBTC")] == 4 * 10**8  # type: ignore[index]
    assert units[tank, world.address("ETH")] == int(  # type: ignore[index]
        world.chain.rpc("eth_getBalance", tank, "latest"), 16
    )
    assert (snapshot.block_hash, snapshot.block_timestamp) == (block.hash, block.timestamp)
    assert snapshot.base_fee_wei > 0
    assert snapshot.round_trips == 1
    assert latest(world.treasury.id) == snapshot


def test_values_add_up(world: World) -> None:
    snapshot = snap(world)
    positions = list(snapshot.positions.select_related("asset", "price"))
    for position in positions:
        assert position.price is not None
        assert position.price.price_usd is not None
        exact = value_usd(
            units=position.units,
            decimals=position.asset.decimals,
            price_usd=position.price.price_usd,
        )
        assert position.value_usd == quantize_usd(exact)
    total = sum((position.value_usd or Decimal(0) for position in positions), Decimal(0))
    assert snapshot.nav_usd == total
    navs = dict(snapshot.tier_navs.values_list("tier__name", "nav_usd"))
    of_core = [item.value_usd or Decimal(0) for item in positions if item.tier == world.core]
    assert navs["core"] == sum(of_core, Decimal(0))
    assert {item.asset.symbol for item in positions if item.tier == world.yield_} == {
        "USDC",
        "DAI",
        "vUSDC",
    }


def test_a_second_call_for_the_same_block_changes_nothing(world: World) -> None:
    block = world.head()
    first = take_snapshot(treasury_id=world.treasury.id, block=block, rpc_url=world.url)
    again = take_snapshot(treasury_id=world.treasury.id, block=block, rpc_url="http://127.0.0.1:1")
    assert again == first
    assert Snapshot.objects.count() == 1
    assert Price.objects.count() == len(world.assets)


def test_nav_is_unknown_while_something_held_has_no_price(bare_world: World) -> None:
    snapshot = snap(bare_world)
    assert snapshot.nav_usd is None
    assert set(snapshot.tier_navs.values_list("nav_usd", flat=True)) == {None}
    assert not Position.objects.filter(units__gt=0, value_usd__isnull=False).exists()
    portfolio, gaps = tier_portfolio(tier_id=bare_world.core.id, snapshot_id=snapshot.id)
    assert portfolio.nav_usd == 0
    assert set(gaps) == {
        PriceGap(bare_world.address(symbol), "0 usable sources, 2 needed")
        for symbol in ("WETH", "USDC", "WBTC")
    }


def test_a_tier_sees_its_own_assets_only(world: World) -> None:
    publish_core_policy(world)
    snapshot = snap(world)
    portfolio, gaps = tier_portfolio(tier_id=world.core.id, snapshot_id=snapshot.id)
    assert gaps == ()
    assert [holding.asset for holding in portfolio.holdings] == sorted(
        world.address(symbol) for symbol in ("WETH", "USDC", "WBTC")
    )
    assert quantize_usd(portfolio.nav_usd) == pytest.approx(
        snapshot.tier_navs.get(tier=world.core).nav_usd, abs=Decimal("0.0000001")
    )


def test_a_tier_may_want_more_sources_than_the_price_needed(world: World) -> None:
    strict = {"min_sources": 3, "min_on_chain": 1, "max_deviation_bps": 500}
    publish_core_policy(world, prices=strict)
    publish_yield_policy(world)
    snapshot = snap(world)
    _, gaps = tier_portfolio(tier_id=world.core.id, snapshot_id=snapshot.id)
    reasons = {gap.asset: gap.reason for gap in gaps}
    assert reasons[world.address("USDC")] == "2 usable sources, 3 needed"
    assert set(reasons) == {world.address(symbol) for symbol in ("WETH", "USDC", "WBTC")}
    _, gaps = tier_portfolio(tier_id=world.yield_.id, snapshot_id=snapshot.id)
    assert gaps == ()


def test_tasks_read_the_head_and_may_run_twice(world: World) -> None:
    for _ in range(2):
        observe_prices()
        take_snapshots()
    assert Snapshot.objects.get().block_hash == world.head().hash
    world.chain.rpc("anvil_mine", "0x1")
    take_snapshots()
    assert Snapshot.objects.count() == 2
