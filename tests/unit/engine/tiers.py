"""Tiers for tests: four tokens, a policy that trades them, and a market where all pairs trade."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from treasury.core.decisions import DecisionInputs, TriggerState
from treasury.core.policies import (
    Band,
    BandKind,
    Escalation,
    HaltRules,
    LotMethod,
    Mode,
    OnSilence,
    PriceRules,
    ReviewRules,
    Scope,
    Target,
    TierPolicy,
    TriggerKind,
    TriggerRule,
)
from treasury.core.types import Address, BlockRef, GasPrice, Holding, LotState, PairCost, Portfolio

A, B, C, USD = (Address("0x" + letter * 40) for letter in "abcd")
ASSETS = (A, B, C, USD)
NOW = 1_700_000_000
RELATIVE_20 = Band(kind=BandKind.RELATIVE, absolute_bps=0, relative_bps=2000)
GWEI = 10**9


def targets(
    weights: Sequence[int] = (4000, 3000, 2000, 1000),
    band: Band = RELATIVE_20,
    reserve_units: int = 0,
) -> tuple[Target, ...]:
    """One target per asset; the reserve belongs to the settlement asset."""
    return tuple(
        Target(asset, weight, band, reserve_units if asset == USD else 0)
        for asset, weight in zip(ASSETS, weights, strict=True)
    )


def policy(**changes: Any) -> TierPolicy:
    base = TierPolicy(
        mode=Mode.SEMI,
        settlement_asset=USD,
        targets=targets(),
        trigger=TriggerRule(TriggerKind.THRESHOLD, 0, 0, 3600),
        scope=Scope.BREACHED,
        worst_count=3,
        destination_bps=5000,
        min_trade_usd=Decimal(500),
        max_trade_usd=Decimal(1_000_000),
        max_turnover_usd=Decimal(10_000_000),
        turnover_window_seconds=86_400,
        cost_cap_bps=100,
        max_slippage_bps=50,
        max_fee_per_gas_wei=100 * GWEI,
        proposal_ttl_seconds=3600,
        lot_method=LotMethod.FIFO,
        long_term_days=365,
        venues=("dex",),
        prices=PriceRules(min_sources=2, min_on_chain=1, max_deviation_bps=1000),
        escalation=Escalation(Decimal(10**6), 1000, Decimal(10**6), 86_400, strategic=False),
        halts=HaltRules(max_base_fee_wei=100 * GWEI, failure_streak=3, max_nav_jump_bps=1000),
        unit_limits=(),
        operator_safe=False,
        review=ReviewRules(0, Decimal(100_000), 3_600, OnSilence.EXPIRE),
    )
    return replace(base, **changes)


def portfolio(values: Sequence[int], prices: Sequence[str] = ("1", "1", "1", "1")) -> Portfolio:
    """Holdings worth `values` (USD, whole), 6 decimals each."""
    return Portfolio(
        block=BlockRef(number=1, hash="0x01", timestamp=NOW),
        holdings=tuple(
            Holding(asset, asset[2].upper(), 6, int(value * 10**6 / Decimal(price)), Decimal(price))
            for asset, value, price in zip(ASSETS, values, prices, strict=True)
        ),
    )


def pair(sell: Address, buy: Address, **changes: Any) -> PairCost:
    base = PairCost(sell, buy, "dex", Decimal(5), Decimal(10**9), 200_000)
    return replace(base, **changes)


def pairs(*, through: Address | None = None, **changes: Any) -> tuple[PairCost, ...]:
    """All pairs, or only those with `through` on one side."""
    return tuple(
        pair(sell, buy, **changes)
        for sell in ASSETS
        for buy in ASSETS
        if sell != buy and (through is None or through in (sell, buy))
    )


GAS = GasPrice(base_fee_wei=GWEI, tip_wei=GWEI // 10, native_price_usd=Decimal(2000))


def lots_for(holdings: Iterable[Holding]) -> tuple[LotState, ...]:
    return tuple(
        LotState(f"lot-{item.symbol}", item.asset, item.units, Decimal(1000), NOW - 86_400, index)
        for index, item in enumerate(holdings)
        if item.units
    )


def inputs(
    values: Sequence[int] = (500_000, 280_000, 150_000, 70_000), **changes: Any
) -> DecisionInputs:
    """The tier of DE-11's vector: .50 .28 .15 .07 against .4 .3 .2 .1."""
    held = changes.pop("portfolio", portfolio(values))
    base = DecisionInputs(
        tier="core",
        policy=changes.pop("policy", policy()),
        policy_hash="00",
        portfolio=held,
        treasury_nav_usd=Decimal(10**7),
        trigger_state=TriggerState(),
        turnover_in_window_usd=Decimal(0),
        lots=lots_for(held.holdings),
        pairs=pairs(),
        gas=GAS,
        price_gaps=(),
        allowances=(),
        halts=(),
    )
    return replace(base, **changes)
