"""The treasury of the local chain with three tiers: reserve (main Safe), core (operator Safe holds the
role), yield (the executor key holds it); and the people who sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from eth_typing import Hash32

from config.local.chain.accounts import ACCOUNTS, AccountName, private_key
from config.local.chain.cache import ensure_chain
from config.local.chain.deployment import Deployment
from execution.core.types import Authorization, Mechanism, Quote
from execution.models import SafeTransaction, Transaction
from execution.selectors.transactions import transaction_by_id
from execution.services.confirming import add_confirmation
from execution.services.preparing import PreparedPlan, open_safe_transaction, prepare_plan
from execution.services.quoting import allow_market, quote_trades
from execution.services.reconciling import reconcile
from execution.services.submission import (
    broadcast,
    build_attempt,
    start_transaction,
    store_attempt,
)
from execution.services.tracking import track
from tests.conftest import Chain
from treasury.adapters.rpc import Rpc
from treasury.core.decision_context import DecisionContext
from treasury.core.decisions import Trade, TriggerState
from treasury.core.types import (
    NATIVE,
    Actor,
    ActorKind,
    Address,
    BlockRef,
    CostEstimate,
)
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

TESTER = Actor(ActorKind.PERSON, "tester")
SLIPPAGE_BPS = 100
MAX_FEE_WEI = 10**11
FINALITY_DEPTH = 2
TTL_SECONDS = 3_600
TIERS = {
    "reserve": ("USDC", "WETH", "DAI"),
    "core": ("USDC", "WETH", "WBTC"),
    "yield": ("USDC", "DAI", "vUSDC"),
}
VENUES = ("uniswap_v3", "erc4626", "transfer")
EXECUTOR_KEY = "0x" + private_key("executor").hex()


@dataclass(frozen=True, slots=True)
class World:
    treasury: Treasury
    safes: dict[str, SafeAccount]
    assets: dict[str, Asset]
    tiers: dict[str, Tier]
    decisions: dict[str, int]
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

    def safe(self, name: str) -> Address:
        return Address(self.safes[name].address)

    def mine(self, count: int = 1) -> None:
        self.chain.rpc("anvil_mine", hex(count))

    # ------------------------------------------------------------------------ trades
    def trade(self, venue: str, sell: str, buy: str, amount: Decimal | int) -> Trade:
        units = int(Decimal(amount) * 10 ** self.assets[sell].decimals)
        return Trade(
            sell=self.address(sell),
            buy=self.address(buy),
            venue=venue,
            sell_units=units,
            expected_buy_units=1,
            value_usd=Decimal(1),
            cost=CostEstimate(),
            lots=(),
        )

    def quotes(self, tier: str, trades: Sequence[Trade]) -> tuple[Quote, ...]:
        return quote_trades(
            decision_id=self.decisions[tier],
            trades=trades,
            safe=Address(self.tiers[tier].safe.address),
            block=self.head(),
            rpc_url=self.url,
        )

    def prepare(
        self,
        tier: str,
        trades: Sequence[Trade],
        *,
        mechanism: Mechanism = Mechanism.SAFE,
        ttl: int = TTL_SECONDS,
        evidence: dict[str, Any] | None = None,
    ) -> PreparedPlan:
        block = self.head()
        return prepare_plan(
            tier_id=self.tiers[tier].id,
            decision_id=self.decisions[tier],
            mechanism=mechanism,
            trades=trades,
            quotes=self.quotes(tier, trades),
            max_slippage_bps=SLIPPAGE_BPS,
            expires_at=block.timestamp + ttl,
            evidence=evidence or {"why": "test"},
            block=block,
            rpc_url=self.url,
        )

    # ------------------------------------------------------------------------ signing
    def open(self, prepared: PreparedPlan) -> SafeTransaction:
        assert prepared.plan_id is not None, prepared.error
        return open_safe_transaction(
            plan_id=prepared.plan_id, block=self.head(), rpc_url=self.url, actor=TESTER
        )

    def confirm(self, stx: SafeTransaction, *names: AccountName) -> None:
        for name in names:
            self.confirm_with(stx, Address(ACCOUNTS[name].address), sign(name, stx.safe_tx_hash))

    def confirm_with(
        self, stx: SafeTransaction, owner: Address, signature: bytes, kind: str | None = None
    ) -> None:
        add_confirmation(
            safe_transaction_id=stx.id,
            owner=owner,
            signature=signature,
            kind=kind,
            block=self.head(),
            rpc_url=self.url,
            actor=TESTER,
        )

    # ------------------------------------------------------------------------ execution
    def start(self, prepared: PreparedPlan, stx: SafeTransaction | None) -> Transaction:
        assert prepared.plan_id is not None
        block = self.head()
        mechanism = Mechanism(stx.plan.mechanism) if stx else Mechanism.ROLES
        with transaction.atomic():
            return start_transaction(
                plan_id=prepared.plan_id,
                safe_transaction_id=stx.id if stx else None,
                authorization=Authorization(
                    prepared.digest, mechanism, block.timestamp + TTL_SECONDS
                ),
                actor=TESTER,
                block=block,
            )

    def submit(self, row: Transaction) -> None:
        """Sign, store, send."""
        self.sign(row)
        broadcast(transaction_id=row.id, rpc_url=self.url)

    def sign(self, row: Transaction) -> None:
        block = self.head()
        signed = build_attempt(
            transaction_id=row.id,
            block=block,
            rpc_url=self.url,
            max_fee_per_gas_wei=MAX_FEE_WEI,
            max_slippage_bps=SLIPPAGE_BPS,
        )
        with transaction.atomic():
            store_attempt(transaction_id=row.id, signed=signed, block=block)

    def track(self, row: Transaction) -> str:
        return track(
            transaction_id=row.id,
            block=self.head(),
            finality_depth=FINALITY_DEPTH,
            rpc_url=self.url,
        ).value

    def settle(self, row: Transaction) -> str:
        """From BROADCAST to the end."""
        assert self.track(row) == "MINED"
        self.mine(FINALITY_DEPTH)
        assert self.track(row) == "FINAL"
        return self.reconcile(row)

    def reconcile(self, row: Transaction) -> str:
        return reconcile(
            transaction_id=row.id, block=self.head(), rpc_url=self.url, actor=TESTER
        ).value

    def execute(self, prepared: PreparedPlan, stx: SafeTransaction | None) -> Transaction:
        """Start, submit, settle; the row as it is in the end."""
        row = self.start(prepared, stx)
        self.submit(row)
        self.settle(row)
        return transaction_by_id(row.id)


def sign(name: AccountName, tx_hash: str) -> bytes:
    raw = Hash32(bytes.fromhex(tx_hash[2:]))
    return bytes(ACCOUNTS[name].unsafe_sign_hash(raw).signature)


# ------------------------------------------------------------------------------------ building
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
    for name in ("core", "yield"):
        markets.append(("transfer", "USDC", "USDC", {"recipient": safes[name].address}, Decimal(0)))
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
    }
