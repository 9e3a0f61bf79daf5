"""Sets the treasury of the local chain up through the services, with one decision per tier."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from config.local.chain.cache import ensure_chain
from config.local.chain.deployment import Deployment
from execution.services.quoting import allow_market
from tests.chain.execution.world import MAX_FEE_WEI, SLIPPAGE_BPS, TESTER, TIERS, VENUES, World
from tests.conftest import Chain
from treasury.core.decisions import DecisionContext, TriggerState
from treasury.core.types import NATIVE, Address
from treasury.models import Asset, AssetKind, SafeAccount, SafeKind, Tier, Treasury
from treasury.services.decisions import decide_tier
from treasury.services.ledger import open_books
from treasury.services.policies import publish_policy
from treasury.services.portfolio import (
    add_asset,
    add_safe,
    assign_asset,
    create_tier,
    create_treasury,
)
from treasury.services.prices import add_source
from treasury.services.snapshots import take_snapshot


def build_world(chain: Chain) -> World:
    deployment = ensure_chain().manifest
    treasury = create_treasury(
        name="Test treasury",
        chain_id=deployment.chain_id,
        executor_address=Address(deployment.accounts["executor"]),
        actor=TESTER,
    )
    safes = _safes(treasury, deployment)
    assets = _assets(treasury, deployment, chain.url)
    _sources(deployment, assets)
    tiers = {name: _tier(treasury, deployment, name, safes) for name in TIERS}
    for name, symbols in TIERS.items():
        for symbol in symbols:
            assign_asset(tier_id=tiers[name].id, asset_id=assets[symbol].id, actor=TESTER)
    _markets(treasury, deployment, assets, safes)
    world = World(treasury, safes, assets, tiers, {}, deployment, chain)
    _decide(world)
    return world


def _safes(treasury: Treasury, deployment: Deployment) -> dict[str, SafeAccount]:
    chain = deployment.safes
    known = {
        "main": (chain.main, SafeKind.MAIN, deployment.roles.main),
        "core": (chain.core, SafeKind.TIER, deployment.roles.core),
        "yield": (chain.yield_, SafeKind.TIER, deployment.roles.yield_),
        "operator": (chain.operator, SafeKind.OPERATOR, None),
    }
    return {
        name: add_safe(
            treasury_id=treasury.id,
            name=name,
            address=Address(address),
            kind=kind,
            modifier_address=Address(modifier) if modifier else None,
            actor=TESTER,
        )
        for name, (address, kind, modifier) in known.items()
    }


def _assets(treasury: Treasury, deployment: Deployment, url: str) -> dict[str, Asset]:
    vault = deployment.vault
    found = {
        "ETH": add_asset(
            treasury_id=treasury.id, address=NATIVE, decimals=18, rpc_url=url, actor=TESTER
        )
    }
    for symbol, token in deployment.tokens.items():
        found[symbol] = add_asset(
            treasury_id=treasury.id,
            address=Address(token.address),
            decimals=token.decimals,
            rpc_url=url,
            actor=TESTER,
        )
    found["vUSDC"] = add_asset(
        treasury_id=treasury.id,
        address=Address(vault.address),
        decimals=vault.decimals,
        rpc_url=url,
        actor=TESTER,
        kind=AssetKind.VAULT_SHARE,
        underlying_id=found[vault.asset].id,
    )
    return found


def _sources(deployment: Deployment, assets: dict[str, Asset]) -> None:
    for symbol, feed in (
        *((name, name) for name in ("WETH", "USDC", "WBTC", "DAI")),
        ("ETH", "WETH"),
    ):
        add_source(
            asset_id=assets[symbol].id,
            name="feed",
            kind="chainlink",
            parameters={
                "feed": deployment.feeds[feed],
                "decimals": 8,
                "description": f"{feed} / USD",
            },
            upstream="chainlink",
            heartbeat_seconds=10**7,
            actor=TESTER,
        )
    add_source(
        asset_id=assets["ETH"].id,
        name="pool",
        kind="uniswap_v3_twap",
        parameters={
            "pool": deployment.pool("WETH", "USDC", 500).address,
            "quote": assets["USDC"].address,
            "base": assets["WETH"].address,
        },
        upstream="uniswap",
        heartbeat_seconds=60,
        actor=TESTER,
    )
    vault = deployment.vault
    add_source(
        asset_id=assets["vUSDC"].id,
        name="vault",
        kind="erc4626",
        parameters={
            "vault": vault.address,
            "underlying": assets[vault.asset].address,
            "share_decimals": vault.decimals,
        },
        upstream="vault",
        heartbeat_seconds=60,
        actor=TESTER,
    )


def _tier(
    treasury: Treasury, deployment: Deployment, name: str, safes: dict[str, SafeAccount]
) -> Tier:
    safe = safes["main" if name == "reserve" else name]
    members = {member.safe: member for member in deployment.members[:2]}
    member = members.get(safe.address) if name != "reserve" else None  # type: ignore[call-overload]
    return create_tier(
        treasury_id=treasury.id,
        name=name,
        objective=f"The {name} tier",
        safe_id=safe.id,
        role_key=member.role_key if member else "",
        member_address=Address(member.account) if member else None,
        actor=TESTER,
    )


def _markets(
    treasury: Treasury,
    deployment: Deployment,
    assets: dict[str, Asset],
    safes: dict[str, SafeAccount],
) -> None:
    markets = [
        ("uniswap_v3", pool.token0, pool.token1, {"fee": str(pool.fee)}, Decimal(pool.fee) / 100)
        for pool in deployment.pools
    ]
    vault = {"vault": str(deployment.vault.address)}
    markets.append(("erc4626", "vUSDC", "USDC", vault, Decimal(0)))
    markets += [
        ("transfer", "USDC", "USDC", {"recipient": safes[name].address}, Decimal(0))
        for name in ("core", "yield")
    ]
    for venue, base, quote, parameters, fee in markets:
        allow_market(
            treasury_id=treasury.id,
            venue=venue,
            base=Address(assets[base].address),
            quote=Address(assets[quote].address),
            parameters=parameters,
            fee_bps=fee,
            depth_usd=Decimal(10**9),
            gas_units=200_000,
            actor=TESTER,
            block=None,
        )


def _decide(world: World) -> None:
    """Books opened at a snapshot, and one decision per tier that the plans refer to."""
    block = world.head()
    for name, symbols in TIERS.items():
        publish_policy(
            tier_id=world.tiers[name].id,
            document=_policy(world, name, symbols),
            effective_at=block.timestamp,
            actor=TESTER,
            block=block,
        )
    snapshot = take_snapshot(treasury_id=world.treasury.id, block=block, rpc_url=world.url)
    open_books(treasury_id=world.treasury.id, snapshot_id=snapshot.id, actor=TESTER)
    context = DecisionContext(
        trigger_state=TriggerState(),
        turnover_in_window_usd=Decimal(0),
        pairs=(),
        tip_wei=10**8,
        allowances=(),
        halts=(),
    )
    for name, tier in world.tiers.items():
        decision = decide_tier(
            tier_id=tier.id, snapshot_id=snapshot.id, context=context, actor=TESTER
        )
        world.decisions[name] = decision.id


def _policy(world: World, name: str, symbols: Sequence[str]) -> dict[str, Any]:
    weights = (4_000, 4_000, 2_000)
    band = {"kind": "ABSOLUTE", "absolute_bps": 500, "relative_bps": 0}
    modifier = world.safes["main" if name == "reserve" else name].modifier_address
    return {
        "mode": "SEMI",
        "settlement_asset": world.address("USDC"),
        "targets": [
            {
                "asset": world.address(symbol),
                "weight_bps": weight,
                "band": band,
                "reserve_units": 0,
            }
            for symbol, weight in zip(symbols, weights, strict=True)
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
        "max_slippage_bps": SLIPPAGE_BPS,
        "max_fee_per_gas_wei": MAX_FEE_WEI,
        "proposal_ttl_seconds": 86_400,
        "lot_method": "FIFO",
        "long_term_days": 365,
        "venues": list(VENUES),
        "prices": {"min_sources": 1, "min_on_chain": 1, "max_deviation_bps": 500},
        "escalation": {
            "value_usd": "1000000",
            "nav_share_bps": 5_000,
            "turnover_usd": "5000000",
            "turnover_window_seconds": 86_400,
            "strategic": False,
        },
        "halts": {"max_base_fee_wei": 10**11, "failure_streak": 3, "max_nav_jump_bps": 2_000},
        "unit_limits": [
            {
                "allowance_key": item.allowance_key,
                "asset": item.token_address,
                "refill_units": str(item.refill),
                "max_refill_units": str(item.max_refill),
                "period_seconds": item.period,
            }
            for item in world.deployment.allowances
            if item.roles == modifier and name != "reserve"
        ],
        "operator_safe": name == "core",
        "review": {
            "min_review_seconds": 0,
            "question_value_usd": "100000",
            "silence_seconds": 3600,
            "on_silence": "EXPIRE",
        },
    }
