"""Consensus from the real sources of the chain: fresh, stale, lying, at the bound, missing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from config.local.chain.market import Market
from tests.integration.treasury.world import ACTOR, HEARTBEAT_SECONDS, World, add_feed
from treasury.adapters.prices.base import PriceParametersError
from treasury.models import OutboxEvent, Price, PriceObservation, PriceSource
from treasury.selectors.prices import price_at, price_map
from treasury.services.prices import UnknownQuoteAssetError, add_source, observe_prices

pytestmark = pytest.mark.django_db


@pytest.fixture
def market(world: World) -> Any:
    found = Market(world.url, world.deployment, seed=1)
    yield found
    found.close()


def observe(world: World) -> dict[str, Price]:
    prices = observe_prices(treasury_id=world.treasury.id, block=world.head(), rpc_url=world.url)
    return {price.asset.symbol: price for price in prices}


def observations(price: Price) -> dict[str, PriceObservation]:
    rows = PriceObservation.objects.filter(
        source__asset_id=price.asset_id, block_hash=price.block_hash
    ).select_related("source")
    return {row.source.name: row for row in rows}


def value(price: Price) -> Decimal:
    assert price.price_usd is not None, price.reason
    return price.price_usd


def test_every_asset_gets_the_median_of_its_sources(world: World) -> None:
    prices = observe(world)
    truth = {"ETH": 3_000, "WETH": 3_000, "WBTC": 60_000, "USDC": 1, "DAI": 1, "vUSDC": 1}
    assert prices.keys() == truth.keys()
    for symbol, usd in truth.items():
        assert abs(value(prices[symbol]) / usd - 1) < Decimal("0.01")
    weth = observations(prices["WETH"])
    assert weth["feed"].price_usd is not None
    assert weth["pool"].price_usd is not None
    middle = (weth["feed"].price_usd + weth["pool"].price_usd) / 2
    assert abs(value(prices["WETH"]) - middle) <= Decimal("1E-18")
    assert prices["WETH"].accepted_count == 2
    assert value(prices["ETH"]) == value(prices["WETH"])
    assert not PriceObservation.objects.filter(is_accepted=False).exists()


def test_prices_of_a_block_are_observed_once(world: World) -> None:
    block = world.head()
    first = observe_prices(treasury_id=world.treasury.id, block=block, rpc_url=world.url)
    count = PriceObservation.objects.count()
    PriceSource.objects.update(is_active=False)
    again = observe_prices(treasury_id=world.treasury.id, block=block, rpc_url="http://127.0.0.1:1")
    assert again == first
    assert PriceObservation.objects.count() == count
    weth = price_at(asset_id=world.assets["WETH"].id, block_hash=block.hash)
    assert weth is not None
    found = price_map(treasury_id=world.treasury.id, block_hash=block.hash)
    assert found[world.address("WETH")] == weth.price_usd


def test_a_stale_feed_is_refused_and_one_source_is_no_price(world: World, market: Market) -> None:
    market.stale("WBTC")
    for _ in range(3):
        market.hold(HEARTBEAT_SECONDS // 2)
    wbtc = observe(world)["WBTC"]
    assert wbtc.price_usd is None
    assert wbtc.reason == "1 usable sources, 2 needed"
    assert observations(wbtc)["feed"].reason.startswith("stale: ")
    assert observations(wbtc)["pool"].is_accepted
    events = OutboxEvent.objects.filter(kind="price.stale")
    assert [event.payload["source"] for event in events] == ["feed"]
    market.mine()
    observe(world)
    assert events.count() == 1  # a source that stays bad is told once


def test_two_sources_that_disagree_name_no_liar_and_give_no_price(
    world: World, market: Market
) -> None:
    market.liar("WBTC", 13_000)
    market.hold(60)
    wbtc = observe(world)["WBTC"]
    assert wbtc.price_usd is None
    assert "disagree" in wbtc.reason
    assert not any(item.is_accepted for item in observations(wbtc).values())
    assert OutboxEvent.objects.filter(kind="price.rejected").exists()


def test_three_sources_outvote_a_liar(world: World, market: Market) -> None:
    manual(world, "WBTC", "60000")
    market.liar("WBTC", 13_000)
    market.hold(60)
    wbtc = observe(world)["WBTC"]
    assert abs(value(wbtc) - 60_000) < 1_000
    found = observations(wbtc)
    assert {name for name, item in found.items() if item.is_accepted} == {"pool", "manual"}
    assert "bps from the median" in found["feed"].reason


def test_a_bad_stablecoin_feed_does_not_spread(world: World, market: Market) -> None:
    """USDC has no price then; what is quoted in USDC loses that source, and says so."""
    market.liar("USDC", 20_000)
    market.hold(60)
    prices = observe(world)
    assert prices["USDC"].price_usd is None
    assert prices["WETH"].price_usd is None
    assert observations(prices["WETH"])["pool"].reason == (
        "no answer: the quote asset has no price"
    )
    assert prices["vUSDC"].price_usd is None


def test_a_feed_at_its_bound_is_refused(bare_world: World) -> None:
    add_source(
        asset_id=bare_world.assets["WETH"].id,
        name="feed",
        kind="chainlink",
        parameters={
            "feed": bare_world.deployment.feeds["WETH"],
            "decimals": 8,
            "description": "WETH / USD",
            "min_answer": 1,
            "max_answer": 3_000 * 10**8,
        },
        upstream="chainlink",
        heartbeat_seconds=HEARTBEAT_SECONDS,
        actor=ACTOR,
    )
    market = Market(bare_world.url, bare_world.deployment, seed=1)
    market.set_feed("WETH", 3_000 * 10**8, bare_world.head().timestamp)
    market.close()
    weth = observe(bare_world)["WETH"]
    assert weth.price_usd is None
    reason = observations(weth)["feed"].reason
    assert reason == "the feed stands at its minimum or maximum answer"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"decimals": 18}, "the feed now says 8 decimals"),
        ({"description": "WBTC / USD"}, "the feed now calls itself 'WETH / USD'"),
        ({"feed": "0x000000000000000000000000000000000000dEaD"}, "the feed does not answer"),
    ],
)
def test_a_feed_that_is_not_the_pinned_one_gives_no_price(
    bare_world: World, change: dict[str, Any], reason: str
) -> None:
    add_feed(bare_world, "WETH", "WETH")
    source = PriceSource.objects.get()
    source.parameters |= change
    source.save()
    weth = observe(bare_world)["WETH"]
    assert weth.price_usd is None
    assert observations(weth)["feed"].reason == f"no answer: {reason}"


def test_two_sources_of_one_upstream_are_one(bare_world: World) -> None:
    for name in ("one", "other"):
        manual(bare_world, "WETH", "3000", name=name, upstream="same")
    weth = observe(bare_world)["WETH"]
    assert (weth.price_usd, weth.reason) == (None, "1 usable sources, 2 needed")


def test_a_manual_price_expires(bare_world: World) -> None:
    head = bare_world.head()
    manual(bare_world, "WETH", "3000", expires_at=head.timestamp + 100)
    add_feed(bare_world, "WETH", "WETH")
    assert abs(value(observe(bare_world)["WETH"]) - 3_000) < 30
    bare_world.chain.rpc("evm_setNextBlockTimestamp", head.timestamp + 100)
    bare_world.chain.rpc("evm_mine")
    weth = observe(bare_world)["WETH"]
    assert weth.price_usd is None
    assert observations(weth)["manual"].reason.startswith("no answer: the value expired")


def manual(
    world: World,
    symbol: str,
    price: str,
    *,
    name: str = "manual",
    upstream: str = "a person",
    expires_at: int | None = None,
) -> None:
    add_source(
        asset_id=world.assets[symbol].id,
        name=name,
        kind="manual",
        parameters={
            "price_usd": price,
            "expires_at": expires_at or world.head().timestamp + 10**6,
        },
        upstream=upstream,
        heartbeat_seconds=60,
        actor=ACTOR,
    )


@pytest.mark.parametrize(
    ("kind", "parameters", "error"),
    [
        ("astrology", {}, PriceParametersError),
        ("chainlink", {"feed": "0x12", "decimals": 8, "description": "x"}, PriceParametersError),
        (
            "uniswap_v3_twap",
            {
                "pool": "0x88e6A0c2dDD26FEEb64F039a2c41296FcB3f5640",
                "quote": "0x000000000000000000000000000000000000dEaD",
            },
            UnknownQuoteAssetError,
        ),
    ],
)
def test_a_source_that_could_not_be_read_is_not_added(
    bare_world: World, kind: str, parameters: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        add_source(
            asset_id=bare_world.assets["WETH"].id,
            name="x",
            kind=kind,
            parameters=parameters,
            upstream="x",
            heartbeat_seconds=60,
            actor=ACTOR,
        )
    assert not PriceSource.objects.exists()
