"""Sets up the local treasury in an empty database, through the same services that people use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from config.local.chain.accounts import ACCOUNTS, AccountName
from config.local.chain.deployment import Deployment
from config.local.seed.policies import (
    core_policy,
    strategic_policy,
    strategic_shift,
    yield_policy,
)
from execution.services.quoting import allow_market
from governance.core.roles import Role
from governance.services.identity import add_wallet, create_user, grant_role, issue_token, own_tier
from governance.services.policies import publish_approved_policy
from treasury.adapters.rpc import Rpc
from treasury.core.policies import TierPolicy
from treasury.core.policy_documents import policy_document
from treasury.core.types import NATIVE, Actor, ActorKind, Address, BlockRef
from treasury.services import ledger, portfolio, prices, snapshots
from treasury.services.portfolio import AssetKind, SafeKind

if TYPE_CHECKING:
    from governance.models import User
    from treasury.models import Asset, SafeAccount, Tier, Treasury

SEEDER: Final = Actor(ActorKind.SYSTEM, "config.local.seed")
PASSWORD: Final = "only-for-the-local-demo"  # noqa: S105  printed by the demo, loopback only
HEARTBEAT_SECONDS: Final = 3_600
FEED_DECIMALS: Final = 8
STAFF: Final[dict[str, Role]] = {
    "fiona": Role.FINANCE,
    "felix": Role.FINANCE,
    "olga": Role.OPERATOR,
    "arne": Role.AUDITOR,
    "ada": Role.ADMIN,
}
SIGNERS: Final[dict[str, AccountName]] = {
    "sofia": "owner1",
    "stefan": "owner2",
    "selma": "owner3",
    "sven": "owner4",
    "bea": "board1",
    "boris": "board2",
}
ISSUERS: Final = {"USDC": "Circle", "DAI": "Sky", "WBTC": "BitGo"}
PEGS: Final = {"USDC": "USD", "DAI": "USD"}
OBJECTIVES: Final = {
    "strategic": "Long-term allocation of the treasury. Moves only by decision of the owners.",
    "core": "Operating reserve at 40/40/20. Corrected as soon as a band breaks.",
    "yield": "Dollars that are not needed now earn interest, within daily limits.",
}


@dataclass(frozen=True, slots=True)
class Seeded:
    treasury: Treasury
    tiers: dict[str, Tier]
    people: dict[str, User]
    deployment: Deployment
    rpc_url: str

    def shift_strategy(self) -> None:
        """Finance publishes another strategic allocation; a second person approved it."""
        self.publish("strategic", strategic_shift(self.deployment))

    def issue_token(self) -> str:
        """A reader's token for the people whom we play; their signatures are their own proof."""
        return issue_reader_token(self.treasury.pk)

    def publish(self, tier: str, policy: TierPolicy) -> None:
        block = head(self.rpc_url)
        publish_approved_policy(
            tier_id=self.tiers[tier].pk,
            document=policy_document(policy),
            effective_at=block.timestamp,
            author=self.people["fiona"],
            approver=self.people["felix"],
            reason="local seed",
            actor=SEEDER,
            block=block,
        )


def issue_reader_token(treasury_id: int) -> str:
    now = datetime.now(UTC)
    issued = issue_token(
        treasury_id=treasury_id,
        name="local people",
        scopes=["proposal:read"],
        expires_at=now + timedelta(days=7),
        now=now,
        is_live=False,
        actor=SEEDER,
    )
    return issued.secret


def head(rpc_url: str) -> BlockRef:
    with Rpc(rpc_url) as rpc:
        return rpc.block()


def seed_treasury(deployment: Deployment, *, rpc_url: str, price_api_url: str) -> Seeded:
    """Everything up to opened books: Safes, assets, prices, markets, tiers, policies, people."""
    seeding = _Seeding(deployment, rpc_url, head(rpc_url))
    safes = seeding.safes()
    assets = seeding.assets()
    seeding.price_sources(assets, price_api_url)
    seeding.markets()
    tiers = seeding.tiers(safes, assets)
    people = seeding.people(tiers)
    seeded = Seeded(seeding.treasury, tiers, people, deployment, rpc_url)
    for name, policy in (
        ("strategic", strategic_policy(deployment)),
        ("core", core_policy(deployment)),
        ("yield", yield_policy(deployment)),
    ):
        seeded.publish(name, policy)
    snapshot = snapshots.take_snapshot(
        treasury_id=seeding.treasury.pk, block=seeding.block, rpc_url=rpc_url
    )
    ledger.open_books(treasury_id=seeding.treasury.pk, snapshot_id=snapshot.pk, actor=SEEDER)
    return seeded


class _Seeding:
    def __init__(self, deployment: Deployment, rpc_url: str, block: BlockRef) -> None:
        self.deployment = deployment
        self.rpc_url = rpc_url
        self.block = block
        self.treasury = portfolio.create_treasury(
            name="Harbour DAO",
            chain_id=deployment.chain_id,
            executor_address=Address(deployment.accounts["executor"]),
            actor=SEEDER,
            block=block,
        )

    def safes(self) -> dict[str, SafeAccount]:
        safes, roles = self.deployment.safes, self.deployment.roles
        rows: tuple[tuple[str, str, SafeKind, str | None], ...] = (
            ("main", safes.main, SafeKind.MAIN, roles.main),
            ("core", safes.core, SafeKind.TIER, roles.core),
            ("yield", safes.yield_, SafeKind.TIER, roles.yield_),
            ("operator", safes.operator, SafeKind.OPERATOR, None),
        )
        return {
            name: portfolio.add_safe(
                treasury_id=self.treasury.pk,
                name=name,
                address=Address(address),
                kind=kind,
                modifier_address=Address(modifier) if modifier else None,
                actor=SEEDER,
                block=self.block,
            )
            for name, address, kind, modifier in rows
        }

    def assets(self) -> dict[str, Asset]:
        found = {"ETH": self._asset("ETH", NATIVE, 18, AssetKind.NATIVE)}
        for symbol, token in self.deployment.tokens.items():
            found[symbol] = self._asset(symbol, token.address, token.decimals, AssetKind.ERC20)
        vault = self.deployment.vault
        found[vault.symbol] = self._asset(
            vault.symbol,
            vault.address,
            vault.decimals,
            AssetKind.VAULT_SHARE,
            found[vault.asset].pk,
        )
        return found

    def _asset(
        self,
        symbol: str,
        address: str,
        decimals: int,
        kind: AssetKind,
        underlying_id: int | None = None,
    ) -> Asset:
        return portfolio.add_asset(
            treasury_id=self.treasury.pk,
            address=Address(address),
            decimals=decimals,
            kind=kind,
            underlying_id=underlying_id,
            issuer=ISSUERS.get(symbol, ""),
            peg=PEGS.get(symbol, ""),
            rpc_url=self.rpc_url,
            actor=SEEDER,
            block=self.block,
        )

    # ------------------------------------------------------------------------ prices
    def price_sources(self, assets: dict[str, Asset], price_api_url: str) -> None:
        """A feed each; the pool's average beside it, and for USDC, which the pools are quoted in,
        the public API."""
        for symbol in self.deployment.feeds:
            self._feed(assets[symbol], symbol)
        self._feed(assets["ETH"], "WETH")
        for symbol in ("WETH", "WBTC", "DAI"):
            self._average(assets[symbol], symbol)
        self._average(assets["ETH"], "WETH", base=self.deployment.tokens["WETH"].address)
        self._source(
            assets["USDC"],
            "public API",
            "http_json",
            {"url": price_api_url, "id": "USDC"},
            "public API",
        )
        vault = self.deployment.vault
        self._source(
            assets[vault.symbol],
            "share rate",
            "erc4626",
            {
                "vault": vault.address,
                "underlying": self.deployment.tokens[vault.asset].address,
                "share_decimals": vault.decimals,
            },
            vault.address,
        )

    def _feed(self, asset: Asset, symbol: str) -> None:
        parameters = {
            "feed": self.deployment.feeds[symbol],
            "decimals": FEED_DECIMALS,
            "description": f"{symbol} / USD",
        }
        self._source(asset, "feed", "chainlink", parameters, f"{symbol} feed")

    def _average(self, asset: Asset, symbol: str, base: str | None = None) -> None:
        pool = self.deployment.pool(symbol, "USDC")
        parameters: dict[str, str] = {
            "pool": pool.address,
            "quote": self.deployment.tokens["USDC"].address,
        }
        if base is not None:
            parameters["base"] = base
        self._source(asset, "pool average", "uniswap_v3_twap", parameters, f"pool {pool.address}")

    def _source(
        self, asset: Asset, name: str, kind: str, parameters: dict[str, Any], upstream: str
    ) -> None:
        prices.add_source(
            asset_id=asset.pk,
            name=name,
            kind=kind,
            parameters=parameters,
            upstream=upstream,
            heartbeat_seconds=HEARTBEAT_SECONDS,
            actor=SEEDER,
            block=self.block,
        )

    # ------------------------------------------------------------------------ markets, tiers
    def markets(self) -> None:
        deployment = self.deployment
        for pool in deployment.pools:
            self._market(
                "uniswap_v3",
                deployment.tokens[pool.token0].address,
                deployment.tokens[pool.token1].address,
                {"fee": str(pool.fee), "pool": pool.address},
                fee_bps=Decimal(pool.fee) / 100,
                depth_usd=Decimal(60_000_000),
                gas_units=220_000,
            )
        vault = deployment.vault
        self._market(
            "erc4626",
            vault.address,
            deployment.tokens[vault.asset].address,
            {"vault": vault.address},
            fee_bps=Decimal(0),
            depth_usd=None,
            gas_units=200_000,
        )

    def _market(
        self,
        venue: str,
        base: str,
        quote: str,
        parameters: dict[str, str],
        *,
        fee_bps: Decimal,
        depth_usd: Decimal | None,
        gas_units: int,
    ) -> None:
        allow_market(
            treasury_id=self.treasury.pk,
            venue=venue,
            base=Address(base),
            quote=Address(quote),
            parameters=parameters,
            fee_bps=fee_bps,
            depth_usd=depth_usd,
            gas_units=gas_units,
            actor=SEEDER,
            block=self.block,
        )

    def tiers(self, safes: dict[str, SafeAccount], assets: dict[str, Asset]) -> dict[str, Tier]:
        deployment = self.deployment
        members = {str(member.safe): member for member in deployment.members}
        holdings = {
            "strategic": ("main", ("USDC", "WETH", "DAI")),
            "core": ("core", ("USDC", "WETH", "WBTC")),
            "yield": ("yield", ("USDC", "DAI", deployment.vault.symbol)),
        }
        tiers = {}
        for name, (safe, symbols) in holdings.items():
            member = members.get(safes[safe].address) if name != "strategic" else None
            tiers[name] = portfolio.create_tier(
                treasury_id=self.treasury.pk,
                name=name,
                objective=OBJECTIVES[name],
                safe_id=safes[safe].pk,
                role_key=member.role_key if member else "",
                member_address=Address(member.account) if member else None,
                actor=SEEDER,
                block=self.block,
            )
            for symbol in symbols:
                portfolio.assign_asset(
                    tier_id=tiers[name].pk,
                    asset_id=assets[symbol].pk,
                    actor=SEEDER,
                    block=self.block,
                )
        return tiers

    # ------------------------------------------------------------------------ people
    def people(self, tiers: dict[str, Tier]) -> dict[str, User]:
        people = {name: self._person(name) for name in (*STAFF, *SIGNERS)}
        for name, role in STAFF.items():
            grant_role(
                user=people[name],
                treasury_id=self.treasury.pk,
                role=role,
                actor=SEEDER,
                block=self.block,
            )
        wallets: dict[str, AccountName] = {**SIGNERS, "olga": "operator"}
        for name, account in wallets.items():
            add_wallet(
                user=people[name],
                address=Address(ACCOUNTS[account].address),
                actor=SEEDER,
                block=self.block,
            )
        for tier in tiers.values():
            for owner in ("fiona", "olga"):
                own_tier(user=people[owner], tier_id=tier.pk, actor=SEEDER, block=self.block)
        return people

    def _person(self, name: str) -> User:
        return create_user(
            username=name,
            password=PASSWORD,
            is_staff=STAFF.get(name) is Role.ADMIN,
            actor=SEEDER,
            block=self.block,
        )
