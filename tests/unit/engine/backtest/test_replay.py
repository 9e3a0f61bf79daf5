"""The replay by the production rules: against the kernel, against looking at every row, and what
must hold whatever the prices are (BT-8, BT-11, section 5 of the reference)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from tests.price_paths import (
    ASSETS,
    YEAR_DAYS,
    YEAR_HOURS,
    Path,
    absolute,
    job,
    plain_policy,
    relative,
)
from treasury.core.amounts import exact
from treasury.core.backtests.policy_files import PolicyFile
from treasury.core.backtests.results import BacktestSettings, EngineChoice, Fate, Replay
from treasury.core.policies import Scope, TriggerKind, TriggerRule
from treasury.engine.backtest import KernelRefusedError, run_backtest
from treasury.engine.replay.book import ReserveError
from treasury.engine.replay.rules import replay_rules

DAY, HOUR = 86_400, 3_600
PATH = job(rows=120, per_year=YEAR_DAYS, seed=7)
USUAL: dict[str, Any] = {
    "scope": Scope.WORST,
    "destination_bps": 5_000,
    "min_trade_usd": Decimal(500),
    "max_trade_usd": Decimal(60_000),
    "cost_cap_bps": 60,
    "max_turnover_usd": Decimal(150_000),
    "turnover_window_seconds": 7 * DAY,
    "proposal_ttl_seconds": 2 * DAY,
}


def replayed(
    file: PolicyFile, choice: EngineChoice = EngineChoice.RULES, path: Path = PATH, **changes: Any
) -> Replay:
    replay, _ = run_backtest(
        file=file, table=path.table(), settings=BacktestSettings(**changes), choice=choice
    )
    return replay


def everywhere(file: PolicyFile, path: Path = PATH, **changes: Any) -> Replay:
    """The rules asked at every row."""
    return replay_rules(
        file=file,
        table=path.table(),
        settings=BacktestSettings(**changes),
        next_row=lambda row, free, state: row,
        progress=lambda row: None,
    )


# ------------------------------------------------------------------------------ rules and kernel
@pytest.mark.parametrize("seed", range(4))
def test_kernel__against_the_rules__every_row_every_event(seed: int) -> None:
    rng = np.random.default_rng(seed)
    width, cost = int(rng.integers(200, 2_500)), Decimal(int(rng.integers(3, 51)))
    band = (relative, absolute)[seed % 2](width if seed % 2 == 0 else width // 10 + 50)
    path = job(rows=150, per_year=(YEAR_DAYS, YEAR_HOURS)[seed // 2], seed=seed)
    rules = replayed(plain_policy(band), path=path, cost_bps=cost)
    kernel = replayed(plain_policy(band), EngineChoice.KERNEL, path=path, cost_bps=cost)
    for one, two in ((rules.equity_usd, kernel.equity_usd), (rules.held_usd, kernel.held_usd)):
        assert max(abs(a / b - 1) for a, b in zip(one, two, strict=True)) < Decimal("1E-12")
    assert rules.outcomes == kernel.outcomes
    for mine, theirs in zip(rules.rebalances, kernel.rebalances, strict=True):
        assert (mine.row, mine.filled_row, mine.fate) == (
            theirs.row, theirs.filled_row, theirs.fate,
        )  # fmt: skip
        assert mine.trigger.reason == theirs.trigger.reason
        sides = [(trade.asset, trade.side) for trade in mine.trades]
        assert sides == [(trade.asset, trade.side) for trade in theirs.trades]
        for trade, same in zip(mine.trades, theirs.trades, strict=True):
            assert abs(trade.value_usd - same.value_usd) < Decimal("1E-5")


@pytest.mark.parametrize(
    ("changes", "settings", "why"),
    [
        ({"scope": Scope.BREACHED}, {}, "/scope"),
        ({"min_trade_usd": Decimal(1)}, {}, "/min_trade_usd"),
        ({"max_trade_usd": Decimal(1000)}, {}, "/max_trade_usd limits"),
        ({"max_turnover_usd": Decimal(1000)}, {}, "/max_turnover_usd limits"),
        ({"cost_cap_bps": 20}, {}, "/cost_cap_bps"),
        ({"trigger": TriggerRule(TriggerKind.THRESHOLD, 0, 0, DAY + 1)}, {}, "/trigger/cooldown"),
        ({"trigger": TriggerRule(TriggerKind.HYBRID, 0, DAY, 0)}, {}, "/trigger/kind"),
        ({}, {"gas_usd": Decimal(1)}, "gas"),
        ({}, {"latency_rows": 1}, "latency"),
    ],
)
def test_auto__a_policy_beyond_the_kernel__the_rules_and_why(
    changes: dict[str, Any], settings: dict[str, Any], why: str
) -> None:
    file = plain_policy(relative(500), **changes)
    path = replace(PATH, prices=PATH.prices[:12])
    chosen = BacktestSettings(**settings)
    replay, reason = run_backtest(file=file, table=path.table(), settings=chosen)
    assert replay.engine == "rules"
    assert why in reason
    with pytest.raises(KernelRefusedError, match=why):
        run_backtest(file=file, table=path.table(), settings=chosen, choice=EngineChoice.KERNEL)


def test_auto__a_price_exactly_on_the_bands_edge__the_rules_decide() -> None:
    """.5 of the first asset, band 10 %: at a price of 1.2222... the drift is exactly the band."""
    file = plain_policy(absolute(500))
    two = tuple(
        replace(target, weight_bps=weight)
        for target, weight in zip(file.policy.targets[:2], (5_000, 5_000), strict=True)
    )
    file = PolicyFile(replace(file.policy, targets=two, settlement_asset=ASSETS[1]))
    table = Path(np.array([[9.0, 9.0], [11.0, 9.0], [11.0, 9.0]]), DAY).table(ASSETS[:2])
    replay, reason = run_backtest(
        file=file, table=table, settings=BacktestSettings(cost_bps=Decimal(0))
    )
    assert replay.engine == "rules"
    assert "too near to the edge" in reason
    assert len(replay.rebalances) == 1  # strictly beyond: DE-3


# ----------------------------------------------------------------------------------- quiet rows
@pytest.mark.parametrize(
    ("trigger", "settings"),
    [
        (TriggerRule(TriggerKind.THRESHOLD, 0, 0, 0), {}),
        (TriggerRule(TriggerKind.THRESHOLD, 0, 0, 5 * DAY), {}),
        (TriggerRule(TriggerKind.HYBRID, 0, 9 * DAY, 0), {}),
        (TriggerRule(TriggerKind.HYBRID, 0, 9 * DAY, 3 * DAY), {"latency_rows": 2}),
        (TriggerRule(TriggerKind.CALENDAR, 10 * DAY, 0, 0), {}),
        (TriggerRule(TriggerKind.CALENDAR, 10 * DAY, 0, 12 * DAY), {"latency_rows": 3}),
    ],
)
def test_quiet_rows__against_looking_everywhere__the_same_replay(
    trigger: TriggerRule, settings: dict[str, Any]
) -> None:
    file = plain_policy(relative(1_500), **{**USUAL, "trigger": trigger})
    assert replayed(file, **settings) == everywhere(file, **settings)


def test_quiet_rows__with_a_reserve__the_same_replay() -> None:
    file = plain_policy(relative(1_500), **USUAL)
    kept = tuple(
        replace(target, reserve_units=20_000 * 10**18 if target.asset == ASSETS[2] else 0)
        for target in file.policy.targets
    )
    file = PolicyFile(replace(file.policy, targets=kept))
    replay = replayed(file)
    assert replay == everywhere(file)
    assert len(replay.rebalances) > 3


# ---------------------------------------------------------------------------- what always holds
@exact
@pytest.mark.parametrize(
    "settings",
    [{}, {"gas_usd": Decimal(7)}, {"latency_rows": 1}, {"cost_bps": Decimal(200)}],
)
def test_books__at_every_row__equity_is_what_trades_left(settings: dict[str, Any]) -> None:
    """Money in = units at their prices + cash, to the last digit; costs are all that leaves."""
    replay = replayed(plain_policy(relative(1_000), **{**USUAL, "cost_cap_bps": 900}), **settings)
    table = PATH.table()
    amounts = dict.fromkeys(ASSETS, Decimal(0))
    cash = BacktestSettings().initial_usd
    filled = {item.filled_row: item for item in replay.rebalances if item.fate is Fate.FILLED}
    assert len(filled) > 3
    for row, prices in enumerate(table.rows):
        if row in filled:
            cash -= filled[row].gas_usd
            for trade in filled[row].trades:
                sign = 1 if trade.side == "BUY" else -1
                amounts[trade.asset] += sign * trade.amount
                cash -= sign * trade.value_usd + trade.fee_usd
        held = sum(
            (amounts[item] * price for item, price in zip(ASSETS, prices, strict=True)), cash
        )
        assert held == replay.equity_usd[row]
        assert min(amounts.values()) >= 0
        assert abs(cash) < 1


def test_latency__of_no_rows__is_none() -> None:
    file = plain_policy(relative(1_000), **USUAL)
    assert replayed(file, latency_rows=0) == replayed(file)


def test_latency__decides_before_and_fills_at_later_prices() -> None:
    replay = replayed(plain_policy(relative(1_000), **USUAL), latency_rows=2)
    later = replay.rebalances[1:]
    assert later
    for item in later:
        assert item.filled_row is None or item.filled_row == item.row + 2
    assert replay.outcomes["IN_FLIGHT"] > 0


def test_latency__longer_than_a_proposal_lives__expires_and_trades_nothing() -> None:
    file = plain_policy(relative(1_000), **{**USUAL, "proposal_ttl_seconds": DAY})
    replay = replayed(file, latency_rows=2)
    assert {item.fate for item in replay.rebalances[1:]} <= {Fate.EXPIRED, Fate.PENDING}
    assert replay.equity_usd == replay.held_usd


def test_minimum_trade__larger_than_the_tier__never_rebalanced() -> None:
    huge = Decimal(10**9)
    file = plain_policy(relative(500), min_trade_usd=huge)
    replay = replayed(file, path=replace(PATH, prices=PATH.prices[:20]))
    assert replay.equity_usd == replay.held_usd
    assert replay.outcomes["NOTHING_WORTHWHILE"] > 0


def test_turnover__over_any_window__within_the_policy() -> None:
    file = plain_policy(relative(500), **{**USUAL, "max_turnover_usd": Decimal(20_000)})
    replay = replayed(file)
    table = PATH.table()
    sold = [
        (table.times_at[item.row], sum(t.value_usd for t in item.trades if t.side == "SELL"))
        for item in replay.rebalances[1:]
    ]
    for at, _ in sold:
        window = [value for when, value in sold if at - 7 * DAY < when <= at]
        assert sum(window) <= 20_000 * (1 + Decimal("0.0011"))  # sales are grossed up by the cost
    assert any(item.skipped for item in replay.rebalances) or replay.outcomes["TRADES"] > 1


def test_reserves__beyond_the_first_value__refused() -> None:
    file = plain_policy(relative(500), **USUAL)
    kept = tuple(replace(target, reserve_units=10**30) for target in file.policy.targets)
    with pytest.raises(ReserveError):
        replayed(PolicyFile(replace(file.policy, targets=kept)))
