"""Trades over several pools, by the owners: other fee tiers, through a third token, and splits;
from quotes to the books."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from execution.core.pools.parts import divide_trade
from execution.core.reconciliation import compare_changes
from execution.core.types import Mechanism
from execution.models import Quote as QuoteRow
from execution.selectors.conformity import plan_findings
from execution.selectors.plans import plan_by_id, plan_value
from execution.selectors.transactions import fills
from execution.services.checking_books import check_books
from execution.services.preparing import PreparedPlan, prepare_plan
from execution.services.quoting import (
    Quoted,
    UnableToQuoteError,
    allow_market,
    quote_trades,
    store_quotes,
)
from tests.chain.execution.world import SLIPPAGE_BPS, TESTER, TTL_SECONDS, World
from treasury.core.decisions import DecisionContext, Trade, TriggerState
from treasury.core.policy_documents import policy_document
from treasury.core.types import Address
from treasury.selectors.policies import policy_in_force
from treasury.services.decisions import decide_tier
from treasury.services.policies import publish_policy
from treasury.services.snapshots import take_snapshot

CONTEXT = DecisionContext(
    trigger_state=TriggerState(),
    turnover_in_window_usd=Decimal(0),
    pairs=(),
    tip_wei=10**8,
    allowances=(),
    halts=(),
)


def route(world: World, tier: str, *, hops: int, parts: int, without: str = "") -> None:
    """Every pool of the chain is allowed (but side pools with the token `without`), and the tier's
    policy with these rules is in force."""
    for pool in world.deployment.side_pools:
        if without in (pool.token0, pool.token1):
            continue
        allow_market(
            treasury_id=world.treasury.id,
            venue="uniswap_v3",
            base=world.address(pool.token0),
            quote=world.address(pool.token1),
            parameters={"fee": str(pool.fee)},
            fee_bps=Decimal(pool.fee) / 100,
            depth_usd=Decimal(10**7),
            gas_units=200_000,
            actor=TESTER,
            block=None,
        )
    world.mine()
    block, tier_id = world.head(), world.tiers[tier].id
    _, policy = policy_in_force(tier_id=tier_id, now=block.timestamp)
    publish_policy(
        tier_id=tier_id,
        document=policy_document(policy) | {"routing": {"max_hops": hops, "max_parts": parts}},
        effective_at=block.timestamp,
        actor=TESTER,
        block=block,
    )
    snapshot = take_snapshot(treasury_id=world.treasury.id, block=block, rpc_url=world.url)
    row = decide_tier(tier_id=tier_id, snapshot_id=snapshot.id, context=CONTEXT, actor=TESTER)
    world.decisions[tier] = row.id


def quoted(world: World, tier: str, trades: Sequence[Trade], *, by_role: bool = False) -> Quoted:
    found = quote_trades(
        decision_id=world.decisions[tier],
        trades=trades,
        safe=Address(world.tiers[tier].safe.address),
        block=world.head(),
        rpc_url=world.url,
        by_role=by_role,
    )
    store_quotes(decision_id=world.decisions[tier], quoted=found)
    return found


def prepared(world: World, tier: str, found: Quoted) -> PreparedPlan:
    block = world.head()
    return prepare_plan(
        tier_id=world.tiers[tier].id,
        decision_id=world.decisions[tier],
        mechanism=Mechanism.SAFE,
        trades=found.trades,
        quotes=found.quotes,
        max_slippage_bps=SLIPPAGE_BPS,
        expires_at=block.timestamp + TTL_SECONDS,
        evidence={"why": "test"},
        block=block,
        rpc_url=world.url,
    )


def test_quote_trades__two_hops_and_a_split_allowed__executed_and_booked_to_the_unit(
    world: World,
) -> None:
    """DAI for WETH: part directly, part through USDC."""
    route(world, "reserve", hops=2, parts=3)
    whole = world.trade("uniswap_v3", "DAI", "WETH", 150_000)
    found = quoted(world, "reserve", [whole])
    through = {quote.tokens[1:-1] for quote in found.quotes}
    assert through == {(), (world.address("USDC"),)}
    assert sum(quote.sell_units for quote in found.quotes) == whole.sell_units
    assert sum(trade.value_usd for trade in found.trades) == whole.value_usd
    assert all(quote.impact_bps is not None for quote in found.quotes)
    brought = sum(quote.buy_units for quote in found.quotes)
    assert brought > max(quote.buy_units for quote in found.others)
    plan = prepared(world, "reserve", found)
    assert plan.ok, plan.error
    stx = world.open(plan)
    world.confirm(stx, "owner1", "owner2", "owner3")
    row = world.execute(plan, stx)
    assert row.state == "RECONCILED", row.state_reason
    assert not row.breaks.exists()
    done = [(fill.sell_units, fill.buy_units) for fill in fills(transaction_id=row.id)]
    assert done == [(quote.sell_units, quote.buy_units) for quote in found.quotes]
    snapshot = take_snapshot(treasury_id=world.treasury.id, block=world.head(), rpc_url=world.url)
    assert check_books(treasury_id=world.treasury.id, snapshot_id=snapshot.id) == []


def test_quote_trades__every_answer__is_kept_with_its_way(world: World) -> None:
    route(world, "reserve", hops=2, parts=2)
    found = quoted(world, "reserve", [world.trade("uniswap_v3", "USDC", "WETH", 300_000)])
    assert len(found.quotes) == 2
    rows = list(QuoteRow.objects.filter(decision_id=world.decisions["reserve"]).order_by("id"))
    assert [row.is_chosen for row in rows] == [True, True] + [False] * len(found.others)
    whole = [row.detail["fees"] for row in rows if not row.is_chosen]
    assert sorted(whole) == ["100, 500", "10000", "3000", "3000, 500", "500"] or "500" in whole
    assert {row.detail["part"] for row in rows if row.is_chosen} == {"1 of 2", "2 of 2"}
    assert all(Decimal(row.detail["impact_bps"]) > 0 for row in rows)


def test_quote_trades__by_role__keeps_to_single_pools_and_says_so(world: World) -> None:
    route(world, "reserve", hops=2, parts=1)
    trade = world.trade("uniswap_v3", "USDC", "WBTC", 100_000)
    (free,) = quoted(world, "reserve", [trade]).quotes
    (kept,) = quoted(world, "reserve", [trade], by_role=True).quotes
    assert free.onward
    assert not kept.onward
    assert dict(kept.detail)["kept_to"].startswith("single markets")
    assert free.buy_units > kept.buy_units


def test_quote_trades__rules_as_before__one_pool_for_all_of_it(world: World) -> None:
    trade = world.trade("uniswap_v3", "USDC", "WETH", 300_000)
    found = quoted(world, "reserve", [trade])
    assert found.trades == (trade,)
    (quote,) = found.quotes
    assert quote.market.parameter("fee") == "500"
    assert not quote.onward
    with pytest.raises(UnableToQuoteError, match="no pool of the pair"):
        quoted(world, "reserve", [world.trade("uniswap_v3", "DAI", "WETH", 1)])


def test_quote_trades__more_than_the_pools_hold__refused_not_filled_in_part(world: World) -> None:
    trade = world.trade("uniswap_v3", "USDC", "WETH", 10**9)
    with pytest.raises(UnableToQuoteError, match="was read from tick"):
        quoted(world, "reserve", [trade])


def test_quote_trades__one_pair_twice__is_quoted_as_one(world: World) -> None:
    """Two legs of one pair would each be promised the same liquidity."""
    trade = world.trade("uniswap_v3", "USDC", "WETH", 200_000)
    halves = divide_trade(trade, [trade.sell_units // 4, trade.sell_units - trade.sell_units // 4])
    found = quoted(world, "reserve", halves)
    assert [one.sell_units for one in found.trades] == [trade.sell_units]


def test_plan_findings__path_in_a_plan__sound_until_the_market_between_is_gone(
    world: World,
) -> None:
    route(world, "reserve", hops=2, parts=1, without="DAI")
    plan = prepared(
        world,
        "reserve",
        quoted(world, "reserve", [world.trade("uniswap_v3", "DAI", "WETH", 150_000)]),
    )
    assert plan.plan_id is not None, plan.error
    row = plan_by_id(plan.plan_id)
    assert plan_findings(row).violations == ()
    legs = plan_value(row).legs
    assert compare_changes(legs, plan.simulation.changes) == ()
    world.treasury.trading_pairs.filter(parameters={"fee": "100"}).delete()
    assert [str(found.rule) for found in plan_findings(row).violations] == [
        "TARGET",
        "SPENDER",
    ]
