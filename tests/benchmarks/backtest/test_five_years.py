"""Five years of ten assets (BT-4, BT-5): the kernel, the production rules, and the library bt."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from tests.benchmarks.conftest import Report
from tests.benchmarks.figures import TIMING, Table, Timing, figure, once, timed
from tests.crosscheck.test_bt import AGREEMENT, apart, by_bt
from tests.price_paths import (
    DAILY_ROWS,
    HOURLY_ROWS,
    WEIGHTS_BPS,
    YEAR_DAYS,
    YEAR_HOURS,
    Path,
    job,
    plain_policy,
    relative,
)
from treasury.core.backtests.results import BacktestSettings, EngineChoice
from treasury.engine.backtest import run_backtest
from treasury.engine.kernel import kernel_name, replay_kernel, replay_numpy, sweep, sweep_numpy

BAND_BPS, INITIAL = 500, 1_000_000.0
SETTINGS = BacktestSettings()
TARGETS = np.array(WEIGHTS_BPS) / 10_000
DAILY = job(rows=DAILY_ROWS, per_year=YEAR_DAYS)
HOURLY = job(rows=HOURLY_ROWS, per_year=YEAR_HOURS)
BANDS_BPS = np.linspace(100, 2_500, 25).round().astype(int)
COSTS_BPS = (3, 10, 30, 50)
BT_SETS = ((100, 3), (1_300, 10), (2_500, 50))
"""bt takes minutes for all hundred: these are measured and their mean is taken a hundred times."""


def cells(name: str, rebalances: int, timing: Timing, unit: Timing) -> tuple[str, ...]:
    times = timing.median_ms / unit.median_ms
    return (name, f"{rebalances:,}", *timing.cells, "1" if timing is unit else figure(times))


def engines(path: Path, *, runs_by_rules: int) -> tuple[tuple[str, ...], ...]:
    given: dict[str, Any] = {
        "prices": path.prices,
        "targets": TARGETS,
        "bands": TARGETS * BAND_BPS / 10_000,
        "cost": float(SETTINGS.cost),
        "initial": INITIAL,
    }
    rules = partial(
        run_backtest,
        file=plain_policy(relative(BAND_BPS)),
        table=path.table(),
        settings=SETTINGS,
        choice=EngineChoice.RULES,
    )
    oracle = partial(by_bt, path, band_bps=BAND_BPS, cost_bps=SETTINGS.cost_bps)
    count = len(replay_kernel(**given).rows)
    replay, _ = rules()
    assert len(replay.rebalances) == count == len(replay_numpy(**given).rows)
    assert apart(replay, oracle()) < AGREEMENT
    compiled = timed(partial(replay_kernel, **given), runs=15)
    others = {
        "NumPy": timed(partial(replay_numpy, **given), runs=7),
        "the production rules, exact": Timing(tuple(once(rules) for _ in range(runs_by_rules))),
        "bt": Timing(tuple(once(oracle) for _ in range(3))),
    }
    return (
        cells(f"kernel, compiled ({kernel_name()})", count, compiled, compiled),
        *(cells(name, count, timing, compiled) for name, timing in others.items()),
    )


def test_five_years_of_ten_assets(report: Report) -> None:
    if kernel_name() != "numba":
        pytest.skip("the extra `fast` is not installed")
    rows = [("daily", *row) for row in engines(DAILY, runs_by_rules=3)]
    rows += [("hourly", *row) for row in engines(HOURLY, runs_by_rules=1)]
    columns = ("prices", "engine", "rebalances", *TIMING, "times the kernel's")
    report("backtest", Table(columns, tuple(rows)))


def test_sweep_of_a_hundred_parameter_sets(report: Report) -> None:
    bands = np.repeat(BANDS_BPS / 10_000, len(COSTS_BPS))[:, None] * TARGETS
    costs = np.tile(np.array(COSTS_BPS) / 10_000, len(BANDS_BPS))
    given: dict[str, Any] = {
        "prices": HOURLY.prices,
        "targets": TARGETS,
        "bands": bands,
        "costs": costs,
        "initial": INITIAL,
    }
    found = sweep(**given)
    compiled = timed(partial(sweep, **given), runs=7)
    by_numpy = timed(partial(sweep_numpy, **given), runs=3)
    one_by_one = [
        once(partial(by_bt, HOURLY, band_bps=band, cost_bps=SETTINGS.cost_bps * cost / 10))
        for band, cost in BT_SETS
    ]
    by_bt_ms = sum(one_by_one) / len(one_by_one) * len(costs)
    assert found.rebalances.max() > found.rebalances.min()
    rows = (
        (f"kernel, compiled ({kernel_name()})", *compiled.cells, "1"),
        ("NumPy", *by_numpy.cells, figure(by_numpy.median_ms / compiled.median_ms)),
        (
            f"bt, one by one: {len(BT_SETS)} sets measured, times {len(costs)}",
            str(len(BT_SETS)),
            figure(by_bt_ms),
            "",
            figure(by_bt_ms / compiled.median_ms),
        ),
    )
    report("sweep", Table(("a hundred sets, hourly", *TIMING, "times the kernel's"), rows))
