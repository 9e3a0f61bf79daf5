"""The treasury of the local chain with three tiers: reserve (main Safe), core (operator Safe
holds the role), yield (the executor key holds it); and the people who sign."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db import transaction
from eth_typing import Hash32

from config.local.chain.accounts import ACCOUNTS, AccountName, private_key
from config.local.chain.deployment import Deployment
from config.local.chain.rpc import hexed
from execution.core.types import Authorization, Mechanism, Quote
from execution.models import SafeTransaction, Transaction
from execution.selectors.plans import decision_inputs
from execution.selectors.transactions import transaction_by_id
from execution.services.confirming import add_confirmation
from execution.services.preparing import PreparedPlan, open_safe_transaction, prepare_plan
from execution.services.quoting import quote_trades, store_quotes
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
from treasury.core.decisions import Trade
from treasury.core.types import (
    Actor,
    ActorKind,
    Address,
    BlockRef,
    CostEstimate,
)
from treasury.engine.lots.choice import with_lots
from treasury.models import Asset, SafeAccount, Tier, Treasury
from treasury.selectors.decisions import decision_by_id
from treasury.selectors.lots import open_lots

TESTER = Actor(ActorKind.PERSON, "tester")
SLIPPAGE_BPS = 100
MAX_FEE_WEI = 10**11
FINALITY_DEPTH = 2
TTL_SECONDS = 3_600
MINED_SECONDS = 60
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

    def receipt(self, tx_hash: str) -> dict[str, Any]:
        """anvil answers a send before it has mined."""
        deadline = time.monotonic() + MINED_SECONDS
        while (found := self.chain.rpc("eth_getTransactionReceipt", tx_hash)) is None:
            assert time.monotonic() < deadline, f"{tx_hash} was not mined"
            time.sleep(0.01)
        return dict(found)

    def act_as(self, sender: str, to: str, data: bytes) -> None:
        """Any account does anything, without its key."""
        if int(self.chain.rpc("eth_getBalance", sender, "latest"), 16) < 10**17:
            self.chain.rpc("anvil_setBalance", sender, hex(10**18))
        self.chain.rpc("anvil_impersonateAccount", sender)
        call = {"from": sender, "to": to, "data": hexed(data)}
        assert self.receipt(self.chain.rpc("eth_sendTransaction", call))["status"] == "0x1"

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

    def with_open_lots(self, tier: str, trades: Sequence[Trade]) -> tuple[Trade, ...]:
        inputs = replace(
            decision_inputs(decision_by_id(self.decisions[tier])),
            lots=open_lots(
                treasury_id=self.treasury.id, holder=Address(self.tiers[tier].safe.address)
            ),
        )
        later = replace(inputs.portfolio, block=self.head())
        return with_lots(replace(inputs, portfolio=later), tuple(trades))[0]

    def quotes(self, tier: str, trades: Sequence[Trade]) -> tuple[Quote, ...]:
        """Each trade by itself: legs of one pair stay apart here."""
        found: list[Quote] = []
        block = self.head()
        for trade in trades:
            quoted = quote_trades(
                decision_id=self.decisions[tier],
                trades=[trade],
                safe=Address(self.tiers[tier].safe.address),
                block=block,
                rpc_url=self.url,
                by_role=False,
            )
            store_quotes(decision_id=self.decisions[tier], quoted=quoted)
            found += quoted.quotes
        return tuple(found)

    def prepare(
        self,
        tier: str,
        trades: Sequence[Trade],
        *,
        mechanism: Mechanism = Mechanism.SAFE,
        ttl: int = TTL_SECONDS,
        evidence: dict[str, Any] | None = None,
    ) -> PreparedPlan:
        """With the lots that are open now, as the engine freezes them."""
        block = self.head()
        trades = self.with_open_lots(tier, trades)
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
        self.receipt(row.attempts.get(is_current=True).tx_hash)
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
