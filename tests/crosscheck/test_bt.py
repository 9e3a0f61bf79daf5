"""The replayed equity curve against the library bt, which decides and books on its own (BT-9).

Its `RunIfOutOfBounds` is relative drift. The random jobs differ from run to run; a failure names
its seed.
"""

from __future__ import annotations

import secrets
from decimal import Decimal

import bt
import numpy as np
import pandas as pd
import pytest

from tests.price_paths import (
    ASSETS,
    DAILY_ROWS,
    HOURLY_ROWS,
    WEIGHTS_BPS,
    YEAR_DAYS,
    YEAR_HOURS,
    Floats,
    Path,
    job,
    plain_policy,
    relative,
)
from treasury.core.backtests.results import BacktestSettings, EngineChoice, Replay
from treasury.engine.backtest import run_backtest

AGREEMENT = 1e-10


def by_bt(path: Path, *, band_bps: int, cost_bps: Decimal) -> Floats:
    """bt's equity at every row, after its trades."""
    cost = float(cost_bps) / 10_000
    index = pd.date_range("2021-01-01", periods=len(path.prices), freq=f"{path.step}s")
    weights = dict(zip(ASSETS, (weight / 10_000 for weight in WEIGHTS_BPS), strict=True))
    strategy = bt.Strategy(
        "job",
        [
            bt.algos.WeighSpecified(**weights),
            bt.algos.RunIfOutOfBounds(band_bps / 10_000),
            bt.algos.Rebalance(),
        ],
    )
    run = bt.Backtest(
        strategy,
        pd.DataFrame(path.prices, index=index, columns=ASSETS),
        initial_capital=1_000_000.0,
        commissions=lambda quantity, price: abs(quantity) * price * cost,
        integer_positions=False,
        progress_bar=False,
    )
    run.run()
    values: Floats = run.strategy.values.iloc[1:].to_numpy()
    return values


def replayed(path: Path, choice: EngineChoice, *, band_bps: int, cost_bps: Decimal) -> Replay:
    replay, _ = run_backtest(
        file=plain_policy(relative(band_bps)),
        table=path.table(),
        settings=BacktestSettings(cost_bps=cost_bps),
        choice=choice,
    )
    return replay


def apart(replay: Replay, values: Floats) -> float:
    """The largest relative difference at any row."""
    equity = np.array(replay.equity_usd, dtype=np.float64)
    assert equity.shape == values.shape
    return float(np.abs(equity / values - 1).max())


@pytest.mark.parametrize("choice", [EngineChoice.RULES, EngineChoice.KERNEL])
def test_daily_job__against_bt__equal_at_every_row(choice: EngineChoice) -> None:
    path = job(rows=DAILY_ROWS, per_year=YEAR_DAYS)
    replay = replayed(path, choice, band_bps=500, cost_bps=Decimal(10))
    assert apart(replay, by_bt(path, band_bps=500, cost_bps=Decimal(10))) < AGREEMENT
    assert (replay.engine, len(replay.rebalances)) == (str(choice), 1_174)


def test_hourly_job__against_bt__equal_at_every_row() -> None:
    path = job(rows=HOURLY_ROWS, per_year=YEAR_HOURS)
    replay = replayed(path, EngineChoice.KERNEL, band_bps=500, cost_bps=Decimal(10))
    assert apart(replay, by_bt(path, band_bps=500, cost_bps=Decimal(10))) < AGREEMENT
    assert len(replay.rebalances) == 2_626


@pytest.mark.full
def test_hourly_job__by_the_rules_against_bt__equal_at_every_row() -> None:
    path = job(rows=HOURLY_ROWS, per_year=YEAR_HOURS)
    replay = replayed(path, EngineChoice.RULES, band_bps=500, cost_bps=Decimal(10))
    assert apart(replay, by_bt(path, band_bps=500, cost_bps=Decimal(10))) < AGREEMENT
    assert len(replay.rebalances) == 2_626


@pytest.mark.parametrize("choice", [EngineChoice.RULES, EngineChoice.KERNEL])
@pytest.mark.parametrize("turn", range(2))
def test_random_job__against_bt__equal_at_every_row(turn: int, choice: EngineChoice) -> None:
    seed = secrets.randbits(32)
    rng = np.random.default_rng(seed)
    band_bps = int(rng.integers(100, 2_500))
    cost_bps = Decimal(int(rng.integers(3, 51)))
    path = job(rows=300, per_year=YEAR_DAYS, seed=seed)
    replay = replayed(path, choice, band_bps=band_bps, cost_bps=cost_bps)
    difference = apart(replay, by_bt(path, band_bps=band_bps, cost_bps=cost_bps))
    assert difference < AGREEMENT, f"seed {seed}, {band_bps} bps, costs {cost_bps} bps"
