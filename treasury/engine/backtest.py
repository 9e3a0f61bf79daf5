"""A back-test: which engine replays a policy over a table of prices, and where the rules need not
look (BT-1, BT-8).

The production rules are the authority. The kernel stands in for them where it gives the same: all
assets to target on a threshold, no filter or limit in force, and no row so near a band's edge that
floats could not tell. Otherwise the rules run, and are asked only at rows that could fire: a float
drift that is inside every band by more than `QUIET_MARGIN` is inside exactly. Floats decide nothing
else here, and nothing here is signed or booked. Not done: sweeps over several policies (M4).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from treasury.core.amounts import exact
from treasury.core.backtests.policy_files import DECIMALS, PolicyFile
from treasury.core.backtests.price_tables import PriceTable
from treasury.core.backtests.reach import kernel_objections, later_fields
from treasury.core.backtests.results import (
    AssetTrade,
    BacktestSettings,
    EngineChoice,
    Fate,
    Rebalance,
    Replay,
)
from treasury.core.decisions import Outcome, TriggerOutcome, TriggerState
from treasury.core.drift import band_half_width
from treasury.core.policies import TierPolicy, TriggerKind
from treasury.core.types import Address
from treasury.engine.explanation import fraction_text
from treasury.engine.kernel import (
    CHUNK_FIRST,
    CHUNK_LAST,
    Floats,
    KernelRun,
    Rows,
    drift_excess,
    kernel_name,
    replay_kernel,
)
from treasury.engine.replay.rules import FIRST_PURCHASE, NextRow, Progress, replay_rules

Flags = NDArray[np.bool_]

QUIET_MARGIN = 1e-9
"""Fraction of V. A float sum of n products is off by less than (n + 2) x 2.3e-16 of V."""
TIE = 1e-11
"""Fraction of V. The kernel's units are off by some 1e-14 after thousands of trades."""
AMOUNT_QUANTUM = Decimal("1E-18")


class KernelRefusedError(ValueError):
    """The kernel was asked for and may not replay this; the message lists why."""


@dataclass(frozen=True, slots=True)
class Sight:
    """The policy and its prices as matrices: rows in time order, columns in the targets' order."""

    prices: Floats
    times_at: Rows
    targets: Floats
    bands: Floats

    @classmethod
    def of(cls, policy: TierPolicy, table: PriceTable) -> Sight:
        return cls(
            prices=np.array(table.rows, dtype=np.float64),
            times_at=np.array(table.times_at, dtype=np.int64),
            targets=np.array([target.weight_bps / 10_000 for target in policy.targets]),
            bands=np.array(
                [
                    float(band_half_width(band=target.band, weight_bps=target.weight_bps))
                    for target in policy.targets
                ]
            ),
        )


def run_backtest(
    *,
    file: PolicyFile,
    table: PriceTable,
    settings: BacktestSettings,
    choice: EngineChoice = EngineChoice.AUTO,
    progress: Progress = lambda row: None,
) -> tuple[Replay, str]:
    """The replay, and why this engine made it. Columns may be in any order."""
    policy = file.policy
    table = table.of([target.asset for target in policy.targets])
    sight = Sight.of(policy, table)
    reason = "asked for"
    if choice is not EngineChoice.RULES:
        decimals = {asset: file.decimals.get(asset, DECIMALS) for asset in table.assets}
        objections = kernel_objections(
            policy=policy, settings=settings, table=table, decimals=decimals
        )
        if not objections:
            run = replay_kernel(
                prices=sight.prices,
                targets=sight.targets,
                bands=sight.bands,
                cost=float(settings.cost),
                initial=float(settings.initial_usd),
            )
            objections = tuple(_found_objections(policy, settings, sight, run))
            if not objections:
                reason = "the policy is within what kernel and rules do alike"
                return _kernel_replay(file, table, sight, settings, run), reason
        reason = "; ".join(objections)
        if choice is EngineChoice.KERNEL:
            raise KernelRefusedError(reason)
    return (
        replay_rules(
            file=file,
            table=table,
            settings=settings,
            next_row=quiet_rows(policy, sight),
            progress=progress,
        ),
        reason,
    )


def quiet_rows(policy: TierPolicy, sight: Sight) -> NextRow:
    """Where the rules need not look. Once a field that came later is set they look everywhere."""
    if any(later_fields(policy)):
        return lambda row, free, state: row

    def next_row(row: int, free: tuple[Decimal, ...], state: TriggerState) -> int:
        amounts = np.array(free, dtype=np.float64)
        if not amounts.any():
            return row
        chunk = CHUNK_FIRST
        while row < len(sight.prices):
            found = np.flatnonzero(_loud(policy, sight, slice(row, row + chunk), amounts, state))
            if len(found):
                return row + int(found[0])
            row += chunk
            chunk = min(2 * chunk, CHUNK_LAST)
        return len(sight.prices)

    return next_row


def _loud(
    policy: TierPolicy, sight: Sight, rows: slice, amounts: Floats, state: TriggerState
) -> Flags:
    """By row, whether the trigger could fire: times exactly, drifts with a margin."""
    trigger, now = policy.trigger, sight.times_at[rows]
    values = sight.prices[rows] * amounts
    drifted = drift_excess(values, values.sum(axis=1), sight.targets, sight.bands) > -QUIET_MARGIN
    proposed_at, rebalanced_at = state.latest_proposal_at, state.latest_rebalance_at
    match trigger.kind:
        case TriggerKind.THRESHOLD:
            loud = drifted
        case TriggerKind.HYBRID:
            loud = drifted | _due(now, rebalanced_at, trigger.max_age_seconds)
        case TriggerKind.CALENDAR:
            times = [at for at in (proposed_at, rebalanced_at) if at is not None]
            loud = _due(now, max(times, default=None), trigger.interval_seconds)
    if proposed_at is not None:
        loud &= now - proposed_at >= trigger.cooldown_seconds
    return loud


def _due(now: Rows, since: int | None, seconds: int) -> Flags:
    """A time that is not known is left to the rules."""
    return np.ones(len(now), np.bool_) if since is None else now - since >= seconds


# ---------------------------------------------------------------------------------------- kernel
def _found_objections(
    policy: TierPolicy, settings: BacktestSettings, sight: Sight, run: KernelRun
) -> Iterator[str]:
    """Limits that the run met and the kernel does not know, and rows too near to call."""
    if run.nearest < TIE:
        yield "an asset comes too near to the edge of its band for floats to tell"
    cost, sizes = float(settings.cost), run.traded[1:]
    if not len(sizes):
        return
    if np.abs(sizes).max() * (1 + cost) >= float(policy.max_trade_usd) * (1 - QUIET_MARGIN):
        yield "/max_trade_usd limits a trade"
    moved = np.concatenate([[0.0], np.cumsum(np.where(sizes < 0, -sizes, 0).sum(axis=1))])
    times = sight.times_at[run.rows[1:]]
    first = np.searchsorted(times, times - policy.turnover_window_seconds, side="left")
    in_window = (moved[1:] - moved[first]).max()
    if in_window >= float(policy.max_turnover_usd) * (1 - QUIET_MARGIN):
        yield "/max_turnover_usd limits a rebalance"


@exact
def _kernel_replay(
    file: PolicyFile, table: PriceTable, sight: Sight, settings: BacktestSettings, run: KernelRun
) -> Replay:
    """The kernel's floats as the document's decimals, with the reason of each event."""
    units = np.cumsum(run.traded / sight.prices[run.rows], axis=0)
    held = sight.prices @ units[0]
    fired = len(run.rows) - 1
    counts = {
        Outcome.NOT_FIRED.value: len(table.rows) - 1 - fired,
        Outcome.TRADES.value: fired,
    }
    return Replay(
        engine="kernel",
        kernel=kernel_name(),
        equity_usd=tuple(map(Decimal, run.equity.tolist())),
        held_usd=tuple(map(Decimal, held.tolist())),
        rebalances=tuple(
            Rebalance(
                row=row,
                filled_row=row,
                fate=Fate.FILLED,
                trigger=_trigger(file, sight, row, units[event - 1]) if row else FIRST_PURCHASE,
                trades=_trades(table.assets, settings.cost, sizes, sight.prices[row]),
                skipped=(),
                gas_usd=Decimal(0),
            )
            for event, (row, sizes) in enumerate(zip(run.rows.tolist(), run.traded, strict=True))
        ),
        outcomes={outcome: count for outcome, count in counts.items() if count},
    )


def _trigger(file: PolicyFile, sight: Sight, row: int, units: Floats) -> TriggerOutcome:
    """What the threshold rule says of the most severe asset, to four decimals of a bp."""
    values = units * sight.prices[row]
    drift = values / values.sum() - sight.targets
    severity = np.divide(
        np.abs(drift), sight.bands, out=np.zeros_like(drift), where=sight.bands > 0
    )
    worst = int(severity.argmax())
    asset = file.policy.targets[worst].asset
    side = "over" if drift[worst] > 0 else "under"
    return TriggerOutcome(
        fired=True,
        kind="THRESHOLD",
        reason=f"{file.symbols.get(asset) or asset} is {side} its band",
        value=fraction_text(Decimal(abs(float(drift[worst])))),
        limit=fraction_text(Decimal(float(sight.bands[worst]))),
    )


def _trades(
    assets: tuple[Address, ...], cost: Decimal, sizes: Floats, prices: Floats
) -> tuple[AssetTrade, ...]:
    """Sales first, as the rules book them."""
    trades = [
        AssetTrade(
            asset=asset,
            side="BUY" if size > 0 else "SELL",
            amount=Decimal(abs(size / price)).quantize(AMOUNT_QUANTUM),
            value_usd=Decimal(abs(size)),
            fee_usd=Decimal(abs(size)) * cost,
        )
        for asset, size, price in zip(assets, sizes.tolist(), prices.tolist(), strict=True)
        if size
    ]
    return tuple(sorted(trades, key=lambda trade: trade.side, reverse=True))
