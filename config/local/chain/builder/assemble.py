"""The order in which the chain comes to be, and its two hours of history.

A chain younger than the window of a time-weighted price answers no such price, so it is aged:
prices wander for a while, come back to where they started, and stay there for longer than a window.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from config.local.chain.accounts import ACCOUNTS, CHAIN_ID
from config.local.chain.builder import addresses as at
from config.local.chain.builder import custody, protocols
from config.local.chain.builder.packages import Artefact
from config.local.chain.builder.session import ChainBuildError, Session
from config.local.chain.deployment import Contracts, Deployment
from config.local.chain.market import Market, MarketStep
from config.local.chain.rpc import Rpc

GENESIS_TIMESTAMP: Final = 1_767_571_200  # 2026-01-05T00:00:00Z
DEPLOYER_WEI: Final = 10_000 * 10**18
MARKET_WEI: Final = 10_000 * 10**18
HISTORY_SEED: Final = 2026
WANDER_BLOCKS, WANDER_SECONDS = 60, 120
SETTLE_BLOCKS, SETTLE_SECONDS = 40, 60
SETTLE_BPS: Final = 2  # wobble in the last 40 min, so that every window holds trades
CONTRACTS: Final = Contracts(
    multicall3=at.MULTICALL3,
    multisend_call_only=at.MULTISEND_CALL_ONLY,
    swap_router=at.SWAP_ROUTER,
    swap_router02=at.SWAP_ROUTER02,
    quoter_v2=at.QUOTER_V2,
    tick_lens=at.TICK_LENS,
    position_manager=at.POSITION_MANAGER,
    uniswap_v3_factory=at.V3_FACTORY,
    safe_singleton=at.SAFE_SINGLETON,
    safe_proxy_factory=at.SAFE_PROXY_FACTORY,
    safe_fallback_handler=at.SAFE_FALLBACK_HANDLER,
    safe_simulate_tx_accessor=at.SAFE_141["SimulateTxAccessor"],
    roles_mastercopy=at.ZODIAC["RolesV2"],
    module_proxy_factory=at.ZODIAC["ModuleProxyFactory"],
    unwrapper=at.ZODIAC["MultiSendUnwrapper"],
)


def build_chain(
    rpc: Rpc, artefacts: Mapping[str, Artefact], say: Callable[[str], None]
) -> Deployment:
    """Build everything on an empty node that mines only when asked."""
    session = Session(rpc, artefacts)
    stock = protocols.MARKET_STOCK_USD // protocols.GENESIS_PRICES_USD["WETH"]
    session.fund("deployer", DEPLOYER_WEI + 2 * stock * 10**18)
    session.fund("market", MARKET_WEI)
    session.fund("stranger", custody.PEOPLE_WEI)
    say("deploying Safe, Zodiac, tokens, feeds and Uniswap v3")
    protocols.deploy_safe(session)
    tokens = protocols.deploy_tokens(session)
    feeds = protocols.deploy_feeds(session)
    protocols.deploy_uniswap(session)
    protocols.deploy_zodiac(session)
    protocols.stock_market(session, tokens)
    pools = protocols.create_pools(session, tokens)
    side_pools = protocols.create_side_pools(session, tokens)
    vault = protocols.deploy_vault(session, tokens)
    awkward = protocols.deploy_awkward_tokens(session)
    say("creating the treasury's Safes and roles")
    treasury = custody.install(session, tokens, vault)
    deployment = Deployment(
        chain_id=CHAIN_ID,
        genesis_number=0,
        genesis_timestamp=GENESIS_TIMESTAMP,
        head_number=0,
        head_timestamp=0,
        tokens=tokens,
        feeds=feeds,
        pools=pools,
        side_pools=side_pools,
        vault=vault,
        safes=treasury.safes,
        roles=treasury.modifiers,
        members=treasury.members,
        allowances=treasury.allowances,
        contracts=CONTRACTS,
        owners=treasury.owners,
        awkward_tokens=awkward,
        accounts={name: account.address for name, account in ACCOUNTS.items()},
    )
    say("two hours of history")
    market = Market(rpc.url, deployment, HISTORY_SEED)
    for _ in range(WANDER_BLOCKS):
        _require_moved(market.step(WANDER_SECONDS))
    _settle(market)
    session.now = rpc.timestamp()
    custody.fund(session, treasury.safes, tokens, vault)
    _return_to_genesis_prices(market)
    _require_moved(market.hold(SETTLE_SECONDS))
    market.close()
    head = rpc.block()
    number, timestamp = int(head["number"], 16), int(head["timestamp"], 16)
    return replace(deployment, head_number=number, head_timestamp=timestamp)


def _settle(market: Market) -> None:
    """Hold the prices of genesis for longer than a window, with small trades both ways."""
    for block in range(SETTLE_BLOCKS):
        _return_to_genesis_prices(market)
        wobble = SETTLE_BPS if block % 2 else -SETTLE_BPS
        for symbol, share in (("WETH", wobble), ("WBTC", -wobble), ("DAI", wobble // 2)):
            market.nudge(symbol, share)
        _require_moved(market.hold(SETTLE_SECONDS))


def _require_moved(step: MarketStep) -> None:
    if step.unmoved:
        raise ChainBuildError(f"block {step.number}: no trade moved {step.unmoved}")


def _return_to_genesis_prices(market: Market) -> None:
    for symbol, usd in protocols.GENESIS_PRICES_USD.items():
        market.set_price(symbol, usd)
