"""The three policies of the local treasury: strategic by hand, core by one click, yield by
itself."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from config.local.chain.deployment import Deployment
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
    UnitLimit,
)
from treasury.core.types import Address

HOUR = 3600
DAY = 24 * HOUR
GWEI = 10**9
PRICES = PriceRules(min_sources=2, min_on_chain=1, max_deviation_bps=1_000)
STRATEGIC_REVIEW = ReviewRules(
    min_review_seconds=0,
    question_value_usd=Decimal(100_000),
    silence_seconds=DAY,
    on_silence=OnSilence.ESCALATE,
)
CORE_REVIEW = ReviewRules(0, Decimal(50_000), HOUR, OnSilence.ESCALATE)
YIELD_REVIEW = ReviewRules(0, Decimal(200_000), HOUR, OnSilence.EXPIRE)
HALTS = HaltRules(
    max_base_fee_wei=80 * GWEI,
    failure_streak=3,
    max_nav_jump_bps=2_500,
    patience_seconds=DAY,
    gas_median_percent=500,
    max_volatility_bps=20_000,
    max_basket_volatility_bps=15_000,
    max_drawdown_bps=4_000,
    depeg_bps=200,
    slippage_budget_bps=100,
    watch_code=True,
)
"""A silent feed and dear gas hold a tier while they last; after a day they are people's affair."""


def strategic_policy(deployment: Deployment) -> TierPolicy:
    """Wide bands: nothing moves unless finance decides on another allocation."""
    return TierPolicy(
        mode=Mode.MANUAL,
        settlement_asset=_asset(deployment, "USDC"),
        targets=_targets(
            deployment, {"USDC": 4_900, "WETH": 3_600, "DAI": 1_500}, absolute_bps=1_500
        ),
        trigger=TriggerRule(TriggerKind.THRESHOLD, 0, 0, cooldown_seconds=DAY),
        scope=Scope.ALL,
        worst_count=3,
        destination_bps=0,
        min_trade_usd=Decimal(5_000),
        max_trade_usd=Decimal(400_000),
        max_turnover_usd=Decimal(1_000_000),
        turnover_window_seconds=30 * DAY,
        cost_cap_bps=60,
        max_slippage_bps=100,
        max_fee_per_gas_wei=100 * GWEI,
        proposal_ttl_seconds=3 * DAY,
        lot_method=LotMethod.HIFO,
        long_term_days=365,
        venues=("uniswap_v3",),
        prices=PRICES,
        escalation=Escalation(Decimal(1), 1, Decimal(1), 30 * DAY, strategic=True),
        halts=HALTS,
        unit_limits=(),
        operator_safe=False,
        review=STRATEGIC_REVIEW,
    )


def strategic_shift(deployment: Deployment) -> TierPolicy:
    """What finance decides later: more WETH, out of both stablecoins."""
    targets = _targets(deployment, {"USDC": 4_400, "WETH": 4_600, "DAI": 1_000}, absolute_bps=300)
    return replace(strategic_policy(deployment), targets=targets)


def core_policy(deployment: Deployment) -> TierPolicy:
    """40/40/20 within bands, half way back, one operator's confirmation on the chain."""
    return TierPolicy(
        mode=Mode.SEMI,
        settlement_asset=_asset(deployment, "USDC"),
        targets=_targets(
            deployment, {"USDC": 4_000, "WETH": 4_000, "WBTC": 2_000}, absolute_bps=150
        ),
        trigger=TriggerRule(
            TriggerKind.HYBRID, 0, max_age_seconds=90 * DAY, cooldown_seconds=6 * HOUR
        ),
        scope=Scope.BREACHED,
        worst_count=3,
        destination_bps=5_000,
        min_trade_usd=Decimal(500),
        max_trade_usd=Decimal(150_000),
        max_turnover_usd=Decimal(600_000),
        turnover_window_seconds=7 * DAY,
        cost_cap_bps=60,
        max_slippage_bps=100,
        max_fee_per_gas_wei=100 * GWEI,
        proposal_ttl_seconds=DAY,
        lot_method=LotMethod.FIFO,
        long_term_days=365,
        venues=("uniswap_v3",),
        prices=PRICES,
        escalation=Escalation(Decimal(35_000), 1_000, Decimal(400_000), 7 * DAY, strategic=False),
        halts=HALTS,
        unit_limits=_limits(deployment, deployment.safes.core),
        operator_safe=True,
        review=CORE_REVIEW,
    )


def yield_policy(deployment: Deployment) -> TierPolicy:
    """Idle dollars into the vault, within the day's allowance, without a person."""
    return TierPolicy(
        mode=Mode.AUTOMATIC,
        settlement_asset=_asset(deployment, "USDC"),
        targets=_targets(
            deployment, {"USDC": 2_000, "DAI": 1_600, "vUSDC": 6_400}, absolute_bps=300
        ),
        trigger=TriggerRule(
            TriggerKind.HYBRID, 0, max_age_seconds=30 * DAY, cooldown_seconds=6 * HOUR
        ),
        scope=Scope.BREACHED,
        worst_count=3,
        destination_bps=0,
        min_trade_usd=Decimal(500),
        max_trade_usd=Decimal(150_000),
        max_turnover_usd=Decimal(400_000),
        turnover_window_seconds=7 * DAY,
        cost_cap_bps=30,
        max_slippage_bps=50,
        max_fee_per_gas_wei=100 * GWEI,
        proposal_ttl_seconds=6 * HOUR,
        lot_method=LotMethod.FIFO,
        long_term_days=365,
        venues=("erc4626", "uniswap_v3"),
        prices=PRICES,
        escalation=Escalation(Decimal(200_000), 1_000, Decimal(400_000), 7 * DAY, strategic=False),
        halts=HALTS,
        unit_limits=_limits(deployment, deployment.safes.yield_),
        operator_safe=False,
        review=YIELD_REVIEW,
    )


def _asset(deployment: Deployment, symbol: str) -> Address:
    if symbol == deployment.vault.symbol:
        return Address(deployment.vault.address)
    return Address(deployment.tokens[symbol].address)


def _targets(
    deployment: Deployment, weights: dict[str, int], *, absolute_bps: int
) -> tuple[Target, ...]:
    band = Band(BandKind.ABSOLUTE, absolute_bps=absolute_bps, relative_bps=0)
    return tuple(
        Target(_asset(deployment, symbol), weight_bps, band)
        for symbol, weight_bps in weights.items()
    )


def _limits(deployment: Deployment, safe: str) -> tuple[UnitLimit, ...]:
    """The role's allowances, word for word: a difference would stop automation."""
    return tuple(
        UnitLimit(
            allowance_key=item.allowance_key,
            asset=Address(item.token_address),
            refill_units=item.refill,
            max_refill_units=item.max_refill,
            period_seconds=item.period,
        )
        for item in deployment.allowances
        if item.safe == safe
    )
