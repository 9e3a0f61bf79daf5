"""Prices and policies of back-tests: the benchmark job (BT-4, BT-5) and paths by seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.unit.engine.tiers import policy
from treasury.core.backtests.policy_files import PolicyFile
from treasury.core.backtests.price_tables import PriceTable
from treasury.core.policies import Band, BandKind, Scope, Target, TriggerKind, TriggerRule
from treasury.core.types import Address

JOB_SEED = 20260401
START_AT = 1_609_459_200
"""2021-01-01 UTC."""
YEAR_HOURS, YEAR_DAYS = 8_760, 365
HOURLY_ROWS, DAILY_ROWS = 43_800, 1_825
WEIGHTS_BPS = (2500, 2000, 1500, 1000, 800, 700, 500, 400, 300, 300)
ASSETS = tuple(Address(f"0x{place:040x}") for place in range(1, 11))
YEARLY = np.array([0.65, 0.80, 0.002, 0.85, 1.0, 0.003, 0.95, 1.1, 0.9, 1.2])
START = np.array([30_000, 2_000, 1, 20, 5, 1, 100, 0.5, 10, 1.0])

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Path:
    """Prices with their step in seconds."""

    prices: Floats
    step: int

    def table(self, assets: Sequence[Address] = ASSETS) -> PriceTable:
        return PriceTable(
            assets=tuple(assets),
            times_at=tuple(START_AT + self.step * row for row in range(len(self.prices))),
            rows=tuple(
                tuple(Decimal(repr(price)) for price in row) for row in self.prices.tolist()
            ),
            interval_seconds=self.step,
            gaps=(),
        )


def job(*, rows: int, per_year: int, seed: int = JOB_SEED) -> Path:
    """BT-4, for any seed. Hourly and daily rows are different paths."""
    vol = YEARLY / np.sqrt(per_year)
    rng = np.random.default_rng(seed)
    correlation = np.full((10, 10), 0.6)
    np.fill_diagonal(correlation, 1)
    shocks = rng.standard_t(4, size=(rows - 1, 10)) / np.sqrt(2.0)
    returns = (shocks @ np.linalg.cholesky(correlation).T) * vol - 0.5 * vol**2
    prices = np.exp(np.vstack([np.zeros(10), np.cumsum(returns, axis=0)])) * START
    return Path(prices=prices, step=YEAR_DAYS * 86_400 // per_year)


def relative(bps: int) -> Band:
    return Band(BandKind.RELATIVE, absolute_bps=0, relative_bps=bps)


def absolute(bps: int) -> Band:
    return Band(BandKind.ABSOLUTE, absolute_bps=bps, relative_bps=0)


def plain_policy(band: Band, **changes: Any) -> PolicyFile:
    """BT-5: everything to target once anything is outside; no limit in force."""
    targets = tuple(
        Target(asset, weight, band) for asset, weight in zip(ASSETS, WEIGHTS_BPS, strict=True)
    )
    base: dict[str, Any] = {
        "targets": targets,
        "settlement_asset": ASSETS[2],
        "trigger": TriggerRule(TriggerKind.THRESHOLD, 0, 0, 0),
        "scope": Scope.ALL,
        "min_trade_usd": Decimal(0),
        "max_trade_usd": Decimal(10**12),
        "max_turnover_usd": Decimal(10**15),
        "cost_cap_bps": 1000,
    }
    return PolicyFile(policy=policy(**{**base, **changes}))
