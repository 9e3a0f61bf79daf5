"""What a tier's breakers look at, gathered at one block. What the policy does not ask for is not
read."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from execution.selectors.transactions import failed_streak, trading_losses
from execution.services.watching.contracts import look_at_contracts
from execution.services.watching.depth import probe_depth
from governance.selectors.answers import answers_at
from governance.selectors.halts import latest_closed
from treasury.core.policies import TierPolicy
from treasury.core.types import Actor, Address, BlockRef, Portfolio
from treasury.engine.breakers.facts import (
    ContractFact,
    GasHistory,
    PegSamples,
    PriceSeries,
    TierFacts,
)
from treasury.selectors.decisions import latest_evaluation_at
from treasury.selectors.portfolio import tier_assets, tier_portfolio
from treasury.selectors.snapshots import latest_before
from treasury.selectors.standing.history import latest_prices, median_gas, price_steps

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Place:
    """Where one look is taken: tier (with treasury and Safe), its policy in force since, and the
    snapshot of the block."""

    tier: Any
    policy: TierPolicy
    policy_since: int
    snapshot: Any
    block: BlockRef
    rpc_url: str
    actor: Actor


def gather_facts(place: Place) -> TierFacts:
    """Reads of the chain (contracts, depth) come before any database transaction."""
    tier, rules, now = place.tier, place.policy.halts, place.block.timestamp
    portfolio, gaps = tier_portfolio(tier_id=tier.pk, snapshot_id=place.snapshot.pk)
    median, samples = (None, 0)
    if rules.gas_median_percent:
        median, samples = median_gas(treasury_id=tier.treasury_id, until=now, seconds=DAY)
    contracts: tuple[ContractFact, ...] = ()
    if rules.watch_code:
        contracts = look_at_contracts(
            tier_id=tier.pk,
            venues=place.policy.venues,
            block=place.block,
            rpc_url=place.rpc_url,
            actor=place.actor,
        )
    streak = latest_closed(tier_id=tier.pk, breaker="FAILURE_STREAK")
    fall = latest_closed(tier_id=tier.pk, breaker="DRAWDOWN")
    return TierFacts(
        scope=tier.name,
        now=now,
        rules=rules,
        max_deviation_bps=place.policy.prices.max_deviation_bps,
        portfolio=portfolio,
        earlier=_earlier(place),
        gaps=gaps,
        answers=answers_at(tier_id=tier.pk, block_hash=place.block.hash),
        base_fee_wei=place.snapshot.base_fee_wei,
        failed_streak=failed_streak(tier_id=tier.pk),
        streak_seen=failed_streak(tier_id=tier.pk, known_by=streak.tripped_at) if streak else 0,
        policy_since=place.policy_since,
        evaluated_at=latest_evaluation_at(tier_id=tier.pk, before=now),
        gas=GasHistory(median, samples, DAY),
        series=_series(place, portfolio),
        fall_seen_at=fall.closed_at or 0 if fall else 0,
        pegs=_pegs(place),
        depth=probe_depth(
            tier_id=tier.pk,
            policy=place.policy,
            portfolio=portfolio,
            block=place.block,
            rpc_url=place.rpc_url,
        )
        if rules.max_depth_loss_bps and not gaps
        else (),
        spent=trading_losses(tier_id=tier.pk, since=now - rules.slippage_window_seconds)
        if rules.slippage_budget_bps
        else (),
        contracts=contracts,
    )


def _earlier(place: Place) -> Portfolio | None:
    """The tier at its latest evaluation before this block, or where two people looked at a jump
    after that."""
    row = (
        place.tier.decisions.filter(snapshot__block_number__lt=place.block.number)
        .select_related("snapshot")
        .order_by("-snapshot__block_number")
        .first()
    )
    if row is None:
        return None
    snapshot = row.snapshot
    closed = latest_closed(tier_id=place.tier.pk, breaker="NAV_JUMP")
    looked_at = closed.closed_at or 0 if closed else 0
    if looked_at >= snapshot.block_timestamp:
        seen = latest_before(
            treasury_id=place.tier.treasury_id,
            at=looked_at,
            block_number=place.block.number,
        )
        snapshot = seen or snapshot
    return tier_portfolio(tier_id=place.tier.pk, snapshot_id=snapshot.pk)[0]


def _series(place: Place, portfolio: Portfolio) -> tuple[PriceSeries, ...]:
    """Steps end at this block's time."""
    rules = place.policy.halts
    if not (rules.max_volatility_bps or rules.max_basket_volatility_bps or rules.max_drawdown_bps):
        return ()
    assets = {row.asset_id: row.asset for row in tier_assets(place.tier.pk)}
    found = price_steps(
        asset_ids=sorted(assets),
        until=place.block.timestamp,
        step=rules.history_step_seconds,
        count=rules.history_steps,
    )
    held = {holding.asset: holding.units for holding in portfolio.holdings}
    return tuple(
        PriceSeries(
            assets[asset_id].symbol,
            held.get(Address(assets[asset_id].address), 0),
            assets[asset_id].decimals,
            prices,
        )
        for asset_id, prices in found.items()
    )


def _pegs(place: Place) -> tuple[PegSamples, ...]:
    """The books are in the functional currency, so that is the one whose worth is known."""
    if not place.policy.halts.depeg_bps:
        return ()
    assets = {row.asset_id: row.asset for row in tier_assets(place.tier.pk) if row.asset.peg}
    prices = latest_prices(
        asset_ids=sorted(assets),
        block_number=place.block.number,
        count=place.policy.halts.depeg_samples,
    )
    currency = place.tier.treasury.functional_currency
    return tuple(
        PegSamples(
            asset.symbol,
            asset.peg,
            Decimal(1) if asset.peg == currency else None,
            prices[asset_id],
        )
        for asset_id, asset in assets.items()
    )
