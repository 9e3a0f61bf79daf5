"""For each registered breaker: the rules that switch it on, what trips it, what makes it clean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import F

from config.local.chain.rpc import encode_call, hexed
from execution.models import Fill, Plan, TradingPair, Transaction
from governance.models import Proposal
from tests.integration.governance.breakers.liar import lying_provider
from tests.integration.governance.conftest import Stage
from treasury.adapters.rpc import Rpc
from treasury.models import Asset, SafeAccount
from treasury.services.snapshots import take_snapshot


@dataclass(frozen=True, slots=True)
class Case:
    """`prepare` comes before the proposal, `trip` after its approval, `clean` before the reset.
    Either may end with the block at which the next look is taken."""

    rules: dict[str, Any] = field(default_factory=dict)
    prepare: Callable[[Stage], object] = lambda stage: None
    trip: Callable[[Stage, Proposal], object] = lambda stage, proposal: None
    clean: Callable[[Stage], object] = lambda stage: None
    settings: Callable[[Stage, Any], Any] | None = None


def snapshots(stage: Stage, count: int, seconds: int) -> None:
    for _ in range(count):
        stage.market.hold(seconds)
        take_snapshot(treasury_id=stage.seeded.treasury.pk, block=stage.head(), rpc_url=stage.url)


def priced(stage: Stage, symbol: str, usd: str, looks: int = 2) -> None:
    """The market is there; looked at every ten minutes."""
    stage.market.set_price(symbol, Decimal(usd))
    snapshots(stage, looks, 600)


def gas(stage: Stage, gwei: int) -> None:
    stage.market.base_fee(gwei * 10**9)
    stage.market.hold(12)


def token(symbol: str) -> Asset:
    return Asset.objects.get(symbol=symbol)


def silent_feed(stage: Stage, _: Proposal) -> None:
    stage.market.stale("DAI")
    stage.market.hold(5_000)


def feed_speaks(stage: Stage) -> None:
    stage.market.stale("DAI", on=False)
    stage.market.hold(12)


def lie(stage: Stage, factor_bps: int) -> None:
    stage.market.liar("DAI", factor_bps)
    stage.market.hold(12)


def drain(stage: Stage, _: Proposal) -> None:
    """Half of the tier's USDC leaves its Safe behind everybody's back."""
    safe = SafeAccount.objects.get(name__icontains="yield")
    asset = token("USDC")
    with Rpc(stage.url) as rpc:
        held = int(
            rpc.call(
                "eth_call",
                {
                    "to": asset.address,
                    "data": hexed(encode_call("balanceOf(address)", safe.address)),
                },
                "latest",
            ),
            16,
        )
        rpc.call("anvil_setBalance", safe.address, hex(10**18))
        rpc.call("anvil_impersonateAccount", safe.address)
        data = encode_call("transfer(address,uint256)", "0x" + "11" * 20, held // 2)
        rpc.call(
            "eth_sendTransaction",
            {"from": safe.address, "to": asset.address, "data": hexed(data)},
        )
    stage.market.hold(12)


def executed(stage: Stage, proposal: Proposal, *states: str, **values: Any) -> Transaction:
    """Another execution of the tier that went through these states."""
    assert proposal.plan is not None
    plan, number = Plan.objects.get(pk=proposal.plan.pk), Plan.objects.count()
    plan.pk, plan.digest, plan.public_id = None, f"{number:064x}", f"plan_of_another_{number}"
    plan.save(force_insert=True)
    row = Transaction.objects.create(
        plan=plan,
        mechanism=plan.mechanism,
        plan_digest=plan.digest,
        authorization_expires_at=plan.expires_at,
        to=stage.seeded.treasury.executor_address,
        data=b"",
    )
    for state in ("SIGNED_RAW", "BROADCAST", "MINED", "FINAL", *states):
        Transaction.objects.filter(pk=row.pk).update(state=state, **values)
    stage.market.hold(12)
    return row


def failed(stage: Stage, proposal: Proposal) -> None:
    """The chain refused it."""
    executed(stage, proposal, "FAILED_ONCHAIN", reconciled_at=stage.head().timestamp)


def lost_by_trading(stage: Stage, proposal: Proposal) -> None:
    """It lost 50,000 USD against the consensus price."""
    block = stage.head()
    row = executed(
        stage,
        proposal,
        "RECONCILED",
        mined_block_hash=block.hash,
        mined_block_number=block.number,
        mined_at=block.timestamp,
    )
    Fill.objects.create(
        transaction=row,
        leg_index=0,
        venue="uniswap_v3",
        kind="SWAP",
        safe=row.plan.tier.safe,
        sell=token("DAI"),
        buy=token("USDC"),
        sell_units=1,
        buy_units=1,
        tx_hash=block.hash,
        block_hash=block.hash,
        log_index=0,
        estimated_cost_usd=Decimal(0),
        actual_cost_usd=Decimal(50_000),
        actual_gas_usd=Decimal(0),
    )


def budget_has_leaked(stage: Stage) -> None:
    """The bucket leaks the whole budget in a window; a fill of the far past weighs nothing."""
    Transaction.objects.filter(fills__actual_cost_usd=50_000).update(
        mined_at=F("mined_at") - 100 * 86_400
    )
    stage.market.hold(12)


def markets(stage: Stage, *, are_open: bool) -> None:
    TradingPair.objects.update(is_active=are_open)
    stage.market.hold(12)


def another_code(stage: Stage, _: Proposal) -> None:
    """One byte behind the code that is never reached."""
    address = token("DAI").address
    with Rpc(stage.url) as rpc:
        code = rpc.call("eth_getCode", address, "latest")
        rpc.call("anvil_setCode", address, code + "00")
    stage.market.hold(12)


@contextmanager
def two_providers(stage: Stage, settings: Any) -> Iterator[None]:
    with lying_provider(stage.url) as liar:
        settings.RPC_URLS = [stage.url, liar.url]
        stage.liar = liar  # type: ignore[attr-defined]
        yield


def starts_to_lie(stage: Stage, *, on: bool) -> None:
    stage.liar.is_lying = on  # type: ignore[attr-defined]
    stage.market.hold(12)


STEPS = {"history_steps": 3, "history_step_seconds": 600}
CASES: dict[str, Case] = {
    "NO_PRICE": Case(trip=silent_feed, clean=feed_speaks),
    "SOURCE_DISAGREEMENT": Case(
        trip=lambda stage, _: lie(stage, 13_000), clean=lambda stage: lie(stage, 10_000)
    ),
    "DEPEG": Case(
        rules={"depeg_bps": 200, "depeg_samples": 2},
        trip=lambda stage, _: priced(stage, "DAI", "0.96"),
        clean=lambda stage: priced(stage, "DAI", "1", looks=9),
    ),
    "GAS": Case(trip=lambda stage, _: gas(stage, 90), clean=lambda stage: gas(stage, 5)),
    "GAS_SPIKE": Case(
        rules={"gas_median_percent": 300},
        prepare=lambda stage: snapshots(stage, 12, 12),
        trip=lambda stage, _: gas(stage, 20),
        clean=lambda stage: gas(stage, 5),
    ),
    "VOLATILITY": Case(
        rules={"max_volatility_bps": 10_000, **STEPS},
        prepare=lambda stage: snapshots(stage, 6, 600),
        trip=lambda stage, _: priced(stage, "DAI", "0.96"),
        clean=lambda stage: priced(stage, "DAI", "1", looks=9),
    ),
    "BASKET_VOLATILITY": Case(
        rules={"max_basket_volatility_bps": 5_000, **STEPS},
        prepare=lambda stage: snapshots(stage, 6, 600),
        trip=lambda stage, _: priced(stage, "DAI", "0.92"),
        clean=lambda stage: priced(stage, "DAI", "1", looks=9),
    ),
    "LIQUIDITY": Case(
        rules={"max_depth_loss_bps": 300},
        trip=lambda stage, _: markets(stage, are_open=False),
        clean=lambda stage: markets(stage, are_open=True),
    ),
    "NAV_JUMP": Case(rules={"max_nav_jump_bps": 100}, trip=drain),
    "DRAWDOWN": Case(
        rules={"max_drawdown_bps": 50, **STEPS},
        prepare=lambda stage: snapshots(stage, 6, 600),
        trip=lambda stage, _: priced(stage, "DAI", "0.92"),
        clean=lambda stage: priced(stage, "DAI", "1", looks=9),
    ),
    "FAILURE_STREAK": Case(rules={"failure_streak": 1}, trip=failed),
    "SLIPPAGE_BUDGET": Case(
        rules={"slippage_budget_bps": 10}, trip=lost_by_trading, clean=budget_has_leaked
    ),
    "CODE_CHANGED": Case(rules={"watch_code": True}, trip=another_code),
    "NO_EVALUATION": Case(
        rules={"max_silence_seconds": 3_600},
        trip=lambda stage, _: stage.market.hold(4_000),
        clean=lambda stage: (stage.evaluate("yield"), stage.market.hold(12)),
    ),
    "RPC_DISAGREEMENT": Case(
        trip=lambda stage, _: starts_to_lie(stage, on=True),
        clean=lambda stage: starts_to_lie(stage, on=False),
        settings=two_providers,
    ),
}
