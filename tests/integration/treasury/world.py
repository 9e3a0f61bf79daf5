"""The treasury of the local chain, set up through the services: two tiers, six assets, real
sources."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from config.local.chain.cache import ensure_chain
from config.local.chain.deployment import Deployment
from tests.conftest import Chain
from treasury.adapters.rpc import Rpc
from treasury.core.decisions import DecisionContext, TriggerState
from treasury.core.types import NATIVE, Actor, ActorKind, Address, BlockRef, PairCost
from treasury.models import Asset, AssetKind, PolicyVersion, SafeAccount, SafeKind, Tier, Treasury
from treasury.services.policies import publish_policy
from treasury.services.portfolio import (
    add_asset,
    add_safe,
    assign_asset,
    create_tier,
    create_treasury,
)
from treasury.services.prices import add_source

ACTOR = Actor(ActorKind.PERSON, "tester")
HEARTBEAT_SECONDS = 3_600
CORE_ASSETS = ("WETH", "USDC", "WBTC")
YIELD_ASSETS = ("USDC", "DAI", "vUSDC")


@dataclass(frozen=True, slots=True)
class World:
    treasury: Treasury
    safes: dict[str, SafeAccount]
    assets: dict[str, Asset]
    core: Tier
    yield_: Tier
    deployment: Deployment
    chain: Chain

    @property
    def url(self) -> str:
        return self.chain.url

    def head(self) -> BlockRef:
        with Rpc(self.url) as rpc:
            return rpc.block("latest")

    def address(self, symbol: str) -> Address:
        return Address(self.assets[symbol].address)


def build_world(chain: Chain) -> World:
    deployment = ensure_chain().manifest
    treasury = create_treasury(
        name="Test treasury",
        chain_id=deployment.chain_id,
        executor_address=Address(deployment.accounts["executor"]),
        actor=ACTOR,
    )
    kinds = {"main": SafeKind.MAIN, "core": SafeKind.TIER, "yield": SafeKind.TIER}
    addresses = {
        "main": deployment.safes.main,
        "core": deployment.safes.core,
        "yield": deployment.safes.yield_,
    }
    safes = {
        name: add_safe(
            treasury_id=treasury.id,
            name=name,
            address=Address(addresses[name]),
            kind=kind,
            actor=ACTOR,
        )
        for name, kind in kinds.items()
    }
    assets = _assets(treasury, deployment, chain.url)
    tiers = {
        name: create_tier(
            treasury_id=treasury.id,
            name=name,
            objective=f"The {name} tier",
            safe_id=safes[name].id,
            actor=ACTOR,
        )
        for name in ("core", "yield")
    }
    for name, symbols in (("core", CORE_ASSETS), ("yield", YIELD_ASSETS)):
        for symbol in symbols:
            assign_asset(tier_id=tiers[name].id, asset_id=assets[symbol].id, actor=ACTOR)
    return World(treasury, safes, assets, tiers["core"], tiers["yield"], deployment, chain)


def _assets(treasury: Treasury, deployment: Deployment, url: str) -> dict[str, Asset]:
    vault = deployment.vault
    found = {
        "ETH": add_asset(
            treasury_id=treasury.id, address=NATIVE, decimals=18, rpc_url=url, actor=ACTOR
        )
    }
    for symbol, token in deployment.tokens.items():
        found[symbol] = add_asset(
            treasury_id=treasury.id,
            address=Address(token.address),
            decimals=token.decimals,
            rpc_url=url,
            actor=ACTOR,
            symbol=symbol,
        )
    found[vault.symbol] = add_asset(
        treasury_id=treasury.id,
        address=Address(vault.address),
        decimals=vault.decimals,
        rpc_url=url,
        actor=ACTOR,
        kind=AssetKind.VAULT_SHARE,
        underlying_id=found[vault.asset].id,
    )
    return found


def add_sources(world: World) -> None:
    """Feed and pool average for every asset; the pools of USDC and DAI price each other."""
    for symbol in ("WETH", "USDC", "WBTC", "DAI"):
        add_feed(world, symbol, symbol)
    add_feed(world, "ETH", "WETH")
    add_twap(world, "ETH", "WETH", "USDC", 500, base="WETH")
    add_twap(world, "WETH", "WETH", "USDC", 500)
    add_twap(world, "WBTC", "WBTC", "USDC", 3000)
    add_twap(world, "USDC", "USDC", "DAI", 100)
    add_twap(world, "DAI", "DAI", "USDC", 100)
    vault = world.deployment.vault
    add_source(
        asset_id=world.assets[vault.symbol].id,
        name="vault",
        kind="erc4626",
        parameters={
            "vault": vault.address,
            "underlying": world.address(vault.asset),
            "share_decimals": vault.decimals,
        },
        upstream="vault",
        heartbeat_seconds=60,
        actor=ACTOR,
    )


def add_feed(world: World, symbol: str, feed: str) -> None:
    add_source(
        asset_id=world.assets[symbol].id,
        name="feed",
        kind="chainlink",
        parameters={
            "feed": world.deployment.feeds[feed],
            "decimals": 8,
            "description": f"{feed} / USD",
        },
        upstream="chainlink",
        heartbeat_seconds=HEARTBEAT_SECONDS,
        actor=ACTOR,
    )


def add_twap(
    world: World, symbol: str, one: str, other: str, fee: int, base: str | None = None
) -> None:
    parameters = {
        "pool": world.deployment.pool(one, other, fee).address,
        "quote": world.address(other),
    }
    if base:
        parameters["base"] = world.address(base)
    add_source(
        asset_id=world.assets[symbol].id,
        name="pool",
        kind="uniswap_v3_twap",
        parameters=parameters,
        upstream="uniswap",
        heartbeat_seconds=60,
        actor=ACTOR,
    )


def band(bps: int = 500) -> dict[str, Any]:
    return {"kind": "ABSOLUTE", "absolute_bps": bps, "relative_bps": 0}


def policy_document(world: World, weights: dict[str, int], **changes: Any) -> dict[str, Any]:
    """A policy that trades readily; `changes` replace top-level fields."""
    document: dict[str, Any] = {
        "mode": "SEMI",
        "settlement_asset": world.address("USDC"),
        "targets": [
            {
                "asset": world.address(symbol),
                "weight_bps": weight,
                "band": band(),
                "reserve_units": 0,
            }
            for symbol, weight in weights.items()
        ],
        "trigger": {
            "kind": "THRESHOLD",
            "interval_seconds": 0,
            "max_age_seconds": 0,
            "cooldown_seconds": 0,
        },
        "scope": "ALL",
        "worst_count": 3,
        "destination_bps": 0,
        "min_trade_usd": "500",
        "max_trade_usd": "10000000",
        "max_turnover_usd": "10000000",
        "turnover_window_seconds": 86_400,
        "cost_cap_bps": 100,
        "max_slippage_bps": 100,
        "max_fee_per_gas_wei": 10**11,
        "proposal_ttl_seconds": 86_400,
        "lot_method": "FIFO",
        "long_term_days": 365,
        "venues": ["uniswap_v3"],
        "prices": {"min_sources": 2, "min_on_chain": 1, "max_deviation_bps": 500},
        "escalation": {
            "value_usd": "1000000",
            "nav_share_bps": 5_000,
            "turnover_usd": "5000000",
            "turnover_window_seconds": 86_400,
            "strategic": False,
        },
        "halts": {"max_base_fee_wei": 10**11, "failure_streak": 3, "max_nav_jump_bps": 2_000},
        "unit_limits": [],
        "operator_safe": False,
        "review": {
            "min_review_seconds": 0,
            "question_value_usd": "100000",
            "silence_seconds": 3600,
            "on_silence": "EXPIRE",
        },
    }
    return deepcopy(document) | changes


def publish_core_policy(world: World, **changes: Any) -> PolicyVersion:
    weights = {"WETH": 2_000, "USDC": 5_000, "WBTC": 3_000}
    return _publish(world, world.core, policy_document(world, weights, **changes))


def publish_yield_policy(world: World, **changes: Any) -> PolicyVersion:
    weights = {"USDC": 4_000, "DAI": 2_000, "vUSDC": 4_000}
    return _publish(world, world.yield_, policy_document(world, weights, **changes))


def _publish(world: World, tier: Tier, document: dict[str, Any]) -> PolicyVersion:
    head = world.head()
    return publish_policy(
        tier_id=tier.id,
        document=document,
        effective_at=head.timestamp,
        actor=ACTOR,
        block=head,
    )


def context(world: World) -> DecisionContext:
    """What execution would know: one venue for every pair of the core tier."""
    pairs = tuple(
        PairCost(
            sell=world.address(sell),
            buy=world.address(buy),
            venue="uniswap_v3",
            fee_bps=Decimal(5),
            depth_usd=None,
            gas_units=180_000,
        )
        for sell in CORE_ASSETS
        for buy in CORE_ASSETS
        if sell != buy
    )
    return DecisionContext(
        trigger_state=TriggerState(),
        turnover_in_window_usd=Decimal(0),
        pairs=pairs,
        tip_wei=10**8,
        allowances=(),
        halts=(),
    )
