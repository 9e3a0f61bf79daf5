"""One policy to vary."""

from __future__ import annotations

from decimal import Decimal

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
from treasury.core.types import Address

USDC = Address("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48")
WETH = Address("0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2")
BAND = Band(BandKind.ABSOLUTE, absolute_bps=100, relative_bps=0)

POLICY = TierPolicy(
    mode=Mode.AUTOMATIC,
    settlement_asset=USDC,
    targets=(Target(USDC, 5_000, BAND), Target(WETH, 5_000, BAND)),
    trigger=TriggerRule(TriggerKind.THRESHOLD, 0, 0, cooldown_seconds=0),
    scope=Scope.ALL,
    worst_count=3,
    destination_bps=0,
    min_trade_usd=Decimal(500),
    max_trade_usd=Decimal(100_000),
    max_turnover_usd=Decimal(1_000_000),
    turnover_window_seconds=86_400,
    cost_cap_bps=100,
    max_slippage_bps=100,
    max_fee_per_gas_wei=10**11,
    proposal_ttl_seconds=3_600,
    lot_method=LotMethod.FIFO,
    long_term_days=365,
    venues=("uniswap_v3",),
    prices=PriceRules(min_sources=2, min_on_chain=1, max_deviation_bps=1_000),
    escalation=Escalation(
        value_usd=Decimal(10_000),
        nav_share_bps=1_000,
        turnover_usd=Decimal(30_000),
        turnover_window_seconds=86_400,
        strategic=False,
    ),
    halts=HaltRules(max_base_fee_wei=10**11, failure_streak=3, max_nav_jump_bps=2_000),
    unit_limits=(),
    operator_safe=False,
    review=ReviewRules(0, Decimal(100_000), 3_600, OnSilence.EXPIRE),
)
