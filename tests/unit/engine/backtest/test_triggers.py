"""Triggers that need what the replay remembers: calendar, damping, windows of prices. Each is named
in `treasury.core.backtests.reach`, and here is what it does over a path."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np

from tests.price_paths import (
    ASSETS,
    WEIGHTS_BPS,
    YEAR_DAYS,
    YEAR_HOURS,
    Path,
    job,
    plain_policy,
    relative,
)
from treasury.core.backtests.reach import unreplayed_fields
from treasury.core.backtests.results import BacktestSettings, Rebalance
from treasury.core.policies import Scope, Solver, TriggerKind, TriggerRule
from treasury.core.triggering.rules import CalendarRule, DampingRule, EventRules
from treasury.engine.backtest import run_backtest

DAY = 86_400
DAILY = job(rows=120, per_year=YEAR_DAYS, seed=3)
HOURLY = job(rows=150, per_year=YEAR_HOURS, seed=3)
NEVER = 9_999


def rebalances(
    kind: TriggerKind = TriggerKind.THRESHOLD, band: int = 1_000, path: Path = DAILY, **parts: Any
) -> tuple[Rebalance, ...]:
    """Without the first purchase."""
    rule = TriggerRule(kind, 0, 0, 0, **parts)
    file = plain_policy(relative(band), trigger=rule)
    assert unreplayed_fields(file.policy) == ()
    replay, _ = run_backtest(file=file, table=path.table(), settings=BacktestSettings())
    assert replay.engine == "rules" or not parts
    return replay.rebalances[1:]


def test_solver__optimised__replayed_and_cheaper_at_the_first_rebalance() -> None:
    """Both run over the same prices until their holdings part."""
    path = replace(DAILY, prices=DAILY.prices[:12])
    found = {}
    for solver in Solver:
        file = plain_policy(relative(1_000), scope=Scope.BREACHED, solver=solver)
        assert unreplayed_fields(file.policy) == ()
        replay, _ = run_backtest(file=file, table=path.table(), settings=BacktestSettings())
        found[solver] = replay.rebalances[1]
    rules, better = found[Solver.RULES], found[Solver.OPTIMISED]
    assert (rules.row, rules.trigger) == (better.row, better.trigger)
    costs = [sum(trade.fee_usd for trade in item.trades) for item in (better, rules)]
    assert costs[0] < costs[1]


def at(item: Rebalance, path: Path = DAILY) -> int:
    return path.table().times_at[item.row]


def test_cron__mondays__acts_on_mondays_alone() -> None:
    found = rebalances(TriggerKind.CALENDAR, calendar=CalendarRule(cron="0 0 * * 1"))
    days = [datetime.fromtimestamp(at(item), UTC) for item in found]
    assert {day.isoweekday() for day in days} == {1}
    assert {(after - before).days for before, after in pairwise(days)} == {7}


def test_full_reset__every_thirty_days__resets_and_counts_anew() -> None:
    found = rebalances(band=NEVER, calendar=CalendarRule(full_reset_days=30))
    assert {item.trigger.kind for item in found} == {"FULL_RESET"}
    assert [item.row for item in found] == [30, 60, 90]


def test_confirmation__twice_of_two__the_first_row_with_two_in_a_row() -> None:
    grown = DAILY.prices / DAILY.prices[0] * np.array(WEIGHTS_BPS)
    weights = grown / grown.sum(axis=1, keepdims=True) * 10_000
    side = np.sign(weights - WEIGHTS_BPS)
    side[np.abs(weights / WEIGHTS_BPS - 1) <= 0.1] = 0
    twice = (side[1:] != 0) & (side[1:] == side[:-1])
    confirmed = rebalances(damping=DampingRule(confirm_count=2, confirm_of=2))
    assert confirmed[0].row == 1 + int(np.flatnonzero(twice.any(axis=1))[0])
    assert rebalances()[0].row < confirmed[0].row


def test_daily_limit__of_one__never_two_in_a_day() -> None:
    damping = DampingRule(max_proposals_per_day=1)
    free, limited = (
        rebalances(band=150, path=HOURLY),
        rebalances(band=150, path=HOURLY, damping=damping),
    )
    assert any(at(two, HOURLY) - at(one, HOURLY) < DAY for one, two in pairwise(free))
    assert all(at(two, HOURLY) - at(one, HOURLY) >= DAY for one, two in pairwise(limited))
    assert limited


def test_asset_cooldown__of_ten_days__no_asset_twice_the_same_way() -> None:
    seconds = 10 * DAY
    found = rebalances(damping=DampingRule(asset_cooldown_seconds=seconds))
    latest: dict[tuple[str, str], int] = {}
    assert len(found) > 3
    for item in found:
        for trade in item.trades:
            before = latest.get((trade.asset, trade.side))
            if trade.asset != ASSETS[2]:  # the settlement asset is exempt
                assert before is None or at(item) - before >= seconds
            latest[trade.asset, trade.side] = at(item)


def test_price_move__over_ten_percent_in_two_days__named_and_true() -> None:
    events = EventRules(price_move_bps=1_000, price_move_seconds=2 * DAY)
    found = rebalances(band=NEVER, events=events)
    table = DAILY.table()
    assert {item.trigger.kind for item in found} == {"PRICE_MOVE"}
    for item in found:
        moves = [
            abs(price / before - 1)
            for back in (1, 2)
            if item.row >= back
            for price, before in zip(table.rows[item.row], table.rows[item.row - back], strict=True)
        ]
        assert max(moves) > Decimal("0.1")


def test_volatility__above_half_its_usual__fires_once_there_is_enough_to_see() -> None:
    events = EventRules(volatility_bps=3_000, volatility_seconds=20 * DAY)
    found = rebalances(band=NEVER, events=events)
    assert found[0].trigger.kind == "VOLATILITY"
    assert found[0].row == 10  # ten returns, DE-34
