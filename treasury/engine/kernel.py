"""The fast kernel of the back-test: the threshold rule with all assets to target, in floats (BT-5).

Prices are a matrix (rows, assets), targets and band half-widths fractions of V, costs fractions of
the value traded. At row 0 cash buys the targets; at each later row, when any |v - t V| > b V, every
asset goes to target with the sizes of DE-13; equity is taken after the trades. With numba (the
extra `fast`) the loop is compiled, otherwise NumPy skips from event to event: both agree with the
production rules on their common subset (`treasury.engine.backtest`), the tests say within what.
For reading and sweeping only: nothing here is signed or booked. Not done: everything else a policy
can ask for (destination, minimum trade, caps, gas, cool-down, latency).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

try:
    import numba
except ImportError:  # the extra `fast` is not installed
    numba = None  # type: ignore[assignment]

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

CHUNK_FIRST = 32
CHUNK_LAST = 4096
"""Rows looked at in one go after an event, doubled while nothing happens."""


@dataclass(frozen=True, slots=True)
class KernelRun:
    """`equity[row]` after the trades; per event its row and the signed value traded per asset (buys
    above 0, before the fee). `nearest`: how near, as a fraction of V, any row came to the border
    between trading and not: below what floats can tell, the exact rules must decide."""

    equity: Floats
    rows: Rows
    traded: Floats
    nearest: float


@dataclass(frozen=True, slots=True)
class SweepRun:
    """One value per parameter set. `rebalances` counts the first purchase."""

    final: Floats
    rebalances: Rows
    turnover: Floats
    fees: Floats


def kernel_name() -> str:
    """Which implementation `replay_kernel` and `sweep` take."""
    return "numpy" if numba is None else "numba"


def replay_kernel(
    *, prices: Floats, targets: Floats, bands: Floats, cost: float, initial: float
) -> KernelRun:
    """One replay, with every event. Prices above 0, targets that sum to 1, 0 <= cost < 1."""
    replay = _skipping if _compiled_replay is None else _compiled_replay
    return KernelRun(*replay(np.ascontiguousarray(prices), targets, bands, cost, initial))


def replay_numpy(
    *, prices: Floats, targets: Floats, bands: Floats, cost: float, initial: float
) -> KernelRun:
    """The fallback, whatever is installed."""
    return KernelRun(*_skipping(np.ascontiguousarray(prices), targets, bands, cost, initial))


def sweep(
    *, prices: Floats, targets: Floats, bands: Floats, costs: Floats, initial: float
) -> SweepRun:
    """Many parameter sets over one path, totals only: `bands` (sets, assets), `costs` (sets)."""
    run = _sweep_rows if _compiled_sweep is None else _compiled_sweep
    return SweepRun(*run(np.ascontiguousarray(prices), targets, bands, costs, initial))


def sweep_numpy(
    *, prices: Floats, targets: Floats, bands: Floats, costs: Floats, initial: float
) -> SweepRun:
    """The fallback, whatever is installed."""
    return SweepRun(*_sweep_rows(np.ascontiguousarray(prices), targets, bands, costs, initial))


# ------------------------------------------------------------------------------- plain, for numba
def _loop(
    prices: Floats, targets: Floats, bands: Floats, cost: float, initial: float
) -> tuple[Floats, Rows, Floats, float]:
    rows, assets = prices.shape
    equity = np.empty(rows)
    fired = np.empty(rows, np.int64)
    traded = np.empty((rows, assets))
    units = np.zeros(assets)
    values = np.zeros(assets)
    nearest = np.inf
    count = 0
    total = initial
    for row in range(rows):
        excess = np.inf
        if row > 0:
            total = 0.0
            for i in range(assets):
                values[i] = units[i] * prices[row, i]
                total += values[i]
            excess = -np.inf
            for i in range(assets):
                excess = max(excess, abs(values[i] - targets[i] * total) - bands[i] * total)
            nearest = min(nearest, abs(excess) / total)
        if excess > 0.0:
            equity_after = 0.0
            for i in range(assets):
                delta = targets[i] * total - values[i]
                size = delta / (1.0 + cost) if delta > 0.0 else delta / (1.0 - cost)
                units[i] += size / prices[row, i]
                equity_after += units[i] * prices[row, i]
                traded[count, i] = size
            fired[count] = row
            count += 1
            total = equity_after
        equity[row] = total
    return equity, fired[:count].copy(), traded[:count].copy(), nearest


def _sweep_one(
    prices: Floats, targets: Floats, bands: Floats, cost: float, initial: float
) -> tuple[float, int, float, float]:
    rows, assets = prices.shape
    units = np.zeros(assets)
    values = np.zeros(assets)
    count, turnover, total = 0, 0.0, initial
    for row in range(rows):
        breached = row == 0
        if row > 0:
            total = 0.0
            for i in range(assets):
                values[i] = units[i] * prices[row, i]
                total += values[i]
            for i in range(assets):
                if abs(values[i] - targets[i] * total) > bands[i] * total:
                    breached = True
                    break
        if breached:
            count += 1
            for i in range(assets):
                delta = targets[i] * total - values[i]
                size = delta / (1.0 + cost) if delta > 0.0 else delta / (1.0 - cost)
                units[i] += size / prices[row, i]
                turnover += abs(size)
    final = 0.0
    for i in range(assets):
        final += units[i] * prices[rows - 1, i]
    return final, count, turnover, turnover * cost


# ----------------------------------------------------------------------------------------- NumPy
def _skipping(
    prices: Floats, targets: Floats, bands: Floats, cost: float, initial: float
) -> tuple[Floats, Rows, Floats, float]:
    """The same by whole chunks of rows: between two events units do not change."""
    rows = len(prices)
    equity = np.empty(rows)
    fired: list[int] = []
    traded: list[Floats] = []
    units = np.zeros(len(targets))
    nearest = np.inf

    def trade(row: int, total: float) -> None:
        delta = targets * total - units * prices[row]
        size = delta / np.where(delta > 0.0, 1.0 + cost, 1.0 - cost)
        units[:] = units + size / prices[row]
        equity[row] = units @ prices[row]
        fired.append(row)
        traded.append(size)

    trade(0, initial)
    start, chunk = 1, CHUNK_FIRST
    while start < rows:
        values = prices[start : start + chunk] * units
        totals = values.sum(axis=1)
        excess = drift_excess(values, totals, targets, bands)
        found = np.flatnonzero(excess > 0.0)
        quiet = int(found[0]) if len(found) else len(excess)
        equity[start : start + quiet] = totals[:quiet]
        looked_at = excess[: quiet + 1]
        nearest = min(nearest, float(np.abs(looked_at).min()))
        if len(found):
            trade(start + quiet, float(totals[quiet]))
        start += len(looked_at)
        chunk = CHUNK_FIRST if len(found) else min(2 * chunk, CHUNK_LAST)
    return equity, np.array(fired, np.int64), np.array(traded), nearest


def drift_excess(values: Floats, totals: Floats, targets: Floats, bands: Floats) -> Floats:
    """By row, how far outside its band the worst asset is, as a fraction of V: above 0 fires."""
    over = np.abs(values - totals[:, None] * targets) - totals[:, None] * bands
    excess: Floats = over.max(axis=1) / totals
    return excess


def _sweep_rows(
    prices: Floats, targets: Floats, bands: Floats, costs: Floats, initial: float
) -> tuple[Floats, Rows, Floats, Floats]:
    """Row by row for all parameter sets at once."""
    sets = len(costs)
    units = np.zeros((sets, len(targets)))
    counts = np.zeros(sets, np.int64)
    turnover = np.zeros(sets)
    for row, price in enumerate(prices):
        values = units * price
        total = values.sum(axis=1) if row else np.full(sets, initial)
        edge = total[:, None]
        breached = (np.abs(values - edge * targets) > edge * bands).any(axis=1)
        if not row:
            breached[:] = True
        hit = np.flatnonzero(breached)
        if len(hit):
            delta = edge[hit] * targets - values[hit]
            size = delta / np.where(delta > 0.0, 1.0 + costs[hit, None], 1.0 - costs[hit, None])
            units[hit] += size / price
            counts[hit] += 1
            turnover[hit] += np.abs(size).sum(axis=1)
    return units @ prices[-1], counts, turnover, turnover * costs


# ----------------------------------------------------------------------------------------- numba
def _compile(function: Callable[..., Any], **options: Any) -> Any:
    """Compiled at the first call; kept on disk where there is a place to keep it."""
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # no folder that may be written to
        return numba.njit(**options)(function)


def _sweep_compiled() -> Any:
    one = _compile(_sweep_one)
    spread = numba.prange

    def sets_in_parallel(
        prices: Floats, targets: Floats, bands: Floats, costs: Floats, initial: float
    ) -> tuple[Floats, Rows, Floats, Floats]:
        sets = len(costs)
        final, turnover, fees = np.empty(sets), np.empty(sets), np.empty(sets)
        counts = np.empty(sets, np.int64)
        for k in spread(sets):
            final[k], counts[k], turnover[k], fees[k] = one(
                prices, targets, bands[k], costs[k], initial
            )
        return final, counts, turnover, fees

    return numba.njit(parallel=True)(sets_in_parallel)


_compiled_replay: Any = None if numba is None else _compile(_loop)
_compiled_sweep: Any = None if numba is None else _sweep_compiled()
