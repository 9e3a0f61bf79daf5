"""The kernel in floats: the numbers of BT-6, its implementations, its sweep."""

from __future__ import annotations

import numpy as np
import pytest

from tests.price_paths import (
    DAILY_ROWS,
    HOURLY_ROWS,
    WEIGHTS_BPS,
    YEAR_DAYS,
    YEAR_HOURS,
    Floats,
    job,
)
from treasury.engine import kernel
from treasury.engine.kernel import KernelRun, kernel_name, replay_kernel, replay_numpy, sweep

TARGETS = np.array(WEIGHTS_BPS) / 10_000
RELATIVE, ABSOLUTE = TARGETS * 0.05, np.full(10, 0.05)
DAILY = job(rows=DAILY_ROWS, per_year=YEAR_DAYS).prices
HOURLY = job(rows=HOURLY_ROWS, per_year=YEAR_HOURS).prices


def run(prices: Floats, bands: Floats = RELATIVE, *, compiled: bool = True) -> KernelRun:
    replay = replay_kernel if compiled else replay_numpy
    return replay(prices=prices, targets=TARGETS, bands=bands, cost=0.001, initial=1_000_000.0)


def apart(one: Floats, two: Floats) -> float:
    return float(np.abs(one / two - 1).max())


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize(
    ("prices", "bands", "count", "final"),
    [
        (DAILY, RELATIVE, 1_174, 196_229.3808185905),
        (HOURLY, RELATIVE, 2_626, 677_926.3722551262),
        (DAILY, ABSOLUTE, 35, 229_914.7806673643),
        (HOURLY, ABSOLUTE, 28, 648_881.8596897847),
    ],
)
def test_job__of_the_reference__its_counts_and_values(
    prices: Floats, bands: Floats, count: int, final: float, *, compiled: bool
) -> None:
    done = run(prices, bands, compiled=compiled)
    assert len(done.rows) == count
    assert done.equity[-1] == pytest.approx(final, rel=1e-12)
    assert done.equity[0] == pytest.approx(999_000.999000999, rel=1e-14)


@pytest.mark.parametrize(("prices", "turnover"), [(DAILY, 14_865_203.49), (HOURLY, 35_000_952.97)])
def test_job__of_the_reference__its_turnover(prices: Floats, turnover: float) -> None:
    assert np.abs(run(prices).traded).sum() == pytest.approx(turnover, abs=0.005)


def test_numpy__against_the_loop__every_event_and_every_row() -> None:
    one, two = run(DAILY), run(DAILY, compiled=False)
    assert one.rows.tolist() == two.rows.tolist()
    assert apart(one.equity, two.equity) < 1e-12
    assert np.abs(one.traded - two.traded).max() < 1e-6
    assert one.nearest == pytest.approx(two.nearest, rel=1e-3)


def test_compiled__against_the_plain_loop__the_same_bits() -> None:
    if kernel_name() != "numba":
        pytest.skip("the extra `fast` is not installed")
    plain = kernel._loop(DAILY[:300], TARGETS, RELATIVE, 0.001, 1_000_000.0)
    assert np.array_equal(plain[0], run(DAILY[:300]).equity)
    assert np.array_equal(plain[2], run(DAILY[:300]).traded)


def test_sweep__against_single_runs__the_same_totals() -> None:
    bands = np.array([0.03, 0.05, 0.10])[:, None] * TARGETS
    costs = np.array([0.0003, 0.001, 0.005])
    for many in (sweep, kernel.sweep_numpy):
        found = many(prices=DAILY, targets=TARGETS, bands=bands, costs=costs, initial=1_000_000.0)
        for place, cost in enumerate(costs):
            one = replay_kernel(
                prices=DAILY, targets=TARGETS, bands=bands[place], cost=cost, initial=1_000_000.0
            )
            traded = np.abs(one.traded).sum()
            assert found.rebalances[place] == len(one.rows)
            assert found.final[place] == pytest.approx(one.equity[-1], rel=1e-12)
            assert found.turnover[place] == pytest.approx(traded, rel=1e-12)
            assert found.fees[place] == pytest.approx(traded * cost, rel=1e-12)
