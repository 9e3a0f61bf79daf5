"""Settings of a back-test and what came out of it, as one document (BT-2, BT-17).

Values are exact USD, quantised to 8 decimals where they are written, ratios to 12. The document
holds everything it was made from (hashes, settings, versions) and no wall time, so that the same
files give the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from treasury.core.amounts import BPS, exact, quantize_usd, share_bps
from treasury.core.backtests.price_tables import PriceTable, time_text
from treasury.core.canonical import decimal_text, plain
from treasury.core.decisions import SkippedTrade, TriggerOutcome
from treasury.core.types import Address

REPLAY_VERSION = 1
"""Raise it when the same files and settings would give another result."""
RATIO_QUANTUM = Decimal("1E-12")


class EngineChoice(StrEnum):
    """AUTO takes the kernel where it provably gives what the rules give, else the rules."""

    AUTO = "auto"
    RULES = "rules"
    KERNEL = "kernel"


@dataclass(frozen=True, slots=True)
class BacktestSettings:
    """`cost_bps`: what the market keeps of each value bought or sold (a swap of one asset for
    another pays it on both sides). `gas_usd`: per trade. A decision of row t is filled at the
    prices of row t + `latency_rows`."""

    initial_usd: Decimal = Decimal(1_000_000)
    cost_bps: Decimal = Decimal(10)
    gas_usd: Decimal = Decimal(0)
    latency_rows: int = 0

    @property
    @exact
    def cost(self) -> Decimal:
        """c of DE-13, a fraction."""
        return self.cost_bps / BPS


class Fate(StrEnum):
    """FILLED; EXPIRED: older than the policy's `proposal_ttl_seconds` when its row came; PENDING:
    the prices end first."""

    FILLED = "FILLED"
    EXPIRED = "EXPIRED"
    PENDING = "PENDING"


@dataclass(frozen=True, slots=True)
class AssetTrade:
    """One asset bought or sold: whole tokens, value at the row's price before the fee, and fee."""

    asset: Address
    side: str
    amount: Decimal
    value_usd: Decimal
    fee_usd: Decimal


@dataclass(frozen=True, slots=True)
class Rebalance:
    """One decision to trade: why, what was dropped and why, what was filled. `filled_row` None: it
    never was."""

    row: int
    filled_row: int | None
    fate: Fate
    trigger: TriggerOutcome
    trades: tuple[AssetTrade, ...]
    skipped: tuple[SkippedTrade, ...]
    gas_usd: Decimal


@dataclass(frozen=True, slots=True)
class Replay:
    """What one engine made of the prices. `equity_usd` and `held_usd` (never rebalanced) have one
    value per row; the first purchase is `rebalances[0]`. `outcomes` counts evaluated rows."""

    engine: str
    kernel: str | None
    equity_usd: tuple[Decimal, ...]
    held_usd: tuple[Decimal, ...]
    rebalances: tuple[Rebalance, ...]
    outcomes: dict[str, int]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a result comes from: the policy's hash as the service has it, SHA-256 of the prices'
    file."""

    policy_hash: str
    prices_sha256: str


@exact
def backtest_document(
    *,
    replay: Replay,
    engine_reason: str,
    settings: BacktestSettings,
    table: PriceTable,
    provenance: Provenance,
) -> dict[str, Any]:
    """The whole result as JSON types (docs/schemas/backtest.output.schema.json)."""
    times = [time_text(at) for at in table.times_at]
    return {
        "engine": {
            "name": replay.engine,
            "kernel": replay.kernel,
            "reason": engine_reason,
            "version": REPLAY_VERSION,
        },
        "inputs": {
            **plain(provenance),
            "assets": list(table.assets),
            "rows": len(times),
            "first_time": times[0],
            "last_time": times[-1],
            "interval_seconds": table.interval_seconds,
            "gaps": [
                {
                    "after": time_text(gap.after_at),
                    "before": time_text(gap.before_at),
                    "missing_rows": gap.missing_rows,
                }
                for gap in table.gaps
            ],
        },
        "settings": plain(settings),
        "totals": _totals(replay, settings),
        "baselines": {"never_rebalanced": _curve_totals(replay.held_usd, settings)},
        "outcomes": dict(replay.outcomes),
        "equity": [
            {"time": time, "equity_usd": _usd(equity), "never_rebalanced_usd": _usd(held)}
            for time, equity, held in zip(times, replay.equity_usd, replay.held_usd, strict=True)
        ],
        "rebalances": [_rebalance(item, times) for item in replay.rebalances],
    }


def _totals(replay: Replay, settings: BacktestSettings) -> dict[str, Any]:
    filled = [item for item in replay.rebalances if item.fate is Fate.FILLED]
    trades = [trade for item in filled for trade in item.trades]
    turnover = sum((trade.value_usd for trade in trades), Decimal(0))
    fees = sum((trade.fee_usd for trade in trades), Decimal(0))
    gas = sum((item.gas_usd for item in filled), Decimal(0))
    return {
        **_curve_totals(replay.equity_usd, settings),
        "rebalances": len(filled),
        "expired": sum(item.fate is Fate.EXPIRED for item in replay.rebalances),
        "pending": sum(item.fate is Fate.PENDING for item in replay.rebalances),
        "trades": len(trades),
        "turnover_usd": _usd(turnover),
        "fee_usd": _usd(fees),
        "gas_usd": _usd(gas),
        "cost_usd": _usd(fees + gas),
        "cost_bps_of_turnover": _ratio(share_bps(part=fees + gas, whole=turnover)),
    }


def _curve_totals(values: Sequence[Decimal], settings: BacktestSettings) -> dict[str, Any]:
    """DE-51 without flows, and DE-55."""
    peak, worst = values[0], Decimal(0)
    for value in values:
        peak = max(peak, value)
        worst = min(worst, value / peak - 1) if peak else worst
    return {
        "final_usd": _usd(values[-1]),
        "return": _ratio(values[-1] / settings.initial_usd - 1),
        "max_drawdown": _ratio(worst),
    }


def _rebalance(item: Rebalance, times: Sequence[str]) -> dict[str, Any]:
    return {
        "time": times[item.row],
        "filled_time": None if item.filled_row is None else times[item.filled_row],
        "fate": item.fate.value,
        "trigger": plain(item.trigger),
        "trades": [
            {
                "asset": trade.asset,
                "side": trade.side,
                "amount": decimal_text(trade.amount),
                "value_usd": _usd(trade.value_usd),
                "fee_usd": _usd(trade.fee_usd),
            }
            for trade in item.trades
        ],
        "skipped": plain(item.skipped),
        "gas_usd": _usd(item.gas_usd),
    }


def _usd(value: Decimal) -> str:
    return decimal_text(quantize_usd(value))


def _ratio(value: Decimal) -> str:
    return decimal_text(value.quantize(RATIO_QUANTUM))
