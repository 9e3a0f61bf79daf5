"""A tier of fifty assets for the pure engine. Nothing is random: equal calls give equal inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import permutations
from typing import Any

from eth_utils.address import to_checksum_address

from tests.unit.engine.tiers import GAS, NOW, policy
from treasury.core.decisions import DecisionInputs, TriggerState
from treasury.core.policies import Band, BandKind, Scope, Target
from treasury.core.types import Address, BlockRef, Holding, LotState, PairCost, Portfolio

ASSETS = 50
LOTS_PER_ASSET = 20
TIER_USD = 50_000_000
DECIMALS = (6, 8, 18)
ADDRESSES = tuple(
    Address(to_checksum_address(f"0x{0xA000 + number:040x}")) for number in range(ASSETS)
)
SETTLEMENT = ADDRESSES[0]
WEIGHT_BPS = 10_000 // ASSETS
BAND = Band(BandKind.ABSOLUTE, absolute_bps=25, relative_bps=0)


def wide_tier(
    drift_bps: Sequence[int] = (0,), *, all_pairs: bool = False, **policy_changes: Any
) -> DecisionInputs:
    """Fifty equal targets; asset i is `drift_bps[i % len]` over (under) its target. Every asset
    trades against the settlement asset, or against every other."""
    holdings = tuple(_holding(i, drift_bps[i % len(drift_bps)]) for i in range(ASSETS))
    return DecisionInputs(
        tier="wide",
        policy=_policy(policy_changes),
        policy_hash="00" * 32,
        portfolio=Portfolio(BlockRef(1, "0x" + "01" * 32, NOW), holdings),
        treasury_nav_usd=Decimal(2 * TIER_USD),
        trigger_state=TriggerState(),
        turnover_in_window_usd=Decimal(0),
        lots=tuple(lot for holding in holdings for lot in _lots(holding)),
        pairs=tuple(
            PairCost(sell, buy, "dex", Decimal(5), Decimal(10**9), 200_000)
            for sell, buy in permutations(ADDRESSES, 2)
            if all_pairs or SETTLEMENT in (sell, buy)
        ),
        gas=GAS,
        price_gaps=(),
        allowances=(),
        halts=(),
    )


def _policy(changes: dict[str, Any]) -> Any:
    base = policy(
        settlement_asset=SETTLEMENT,
        targets=tuple(Target(asset, WEIGHT_BPS, BAND) for asset in ADDRESSES),
        scope=Scope.ALL,
        destination_bps=0,
        max_turnover_usd=Decimal(TIER_USD),
    )
    return replace(base, **changes)


def _holding(number: int, drift_bps: int) -> Holding:
    decimals = DECIMALS[number % len(DECIMALS)]
    price = Decimal(1) if number == 0 else Decimal(3 * number) + Decimal("0.37")
    value = Decimal(TIER_USD) * (WEIGHT_BPS + drift_bps) / 10_000
    units = int((value / price).scaleb(decimals))
    return Holding(ADDRESSES[number], f"T{number}", decimals, units, price)


def _lots(holding: Holding) -> list[LotState]:
    """Twenty equal lots, a week apart, bought below today's price."""
    units = -(-holding.units // LOTS_PER_ASSET)
    cost = holding.value_usd / LOTS_PER_ASSET * Decimal("0.8")
    return [
        LotState(
            lot_ref=f"{holding.symbol}-{number}",
            asset=holding.asset,
            units=units,
            cost_usd=cost.quantize(Decimal("1E-8")),
            acquired_at=NOW - (LOTS_PER_ASSET - number) * 7 * 86_400,
            sequence=number,
        )
        for number in range(LOTS_PER_ASSET)
    ]
