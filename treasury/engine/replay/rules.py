"""The replay itself: `decide` at each row that may fire, filled at the row of its latency (BT-1).

A decision of row t sees row t and what came before (BT-3); while one is under way no other is made.
The engine is told what a table of prices can tell: holdings, prices, its own earlier trades, and
one market in which every asset trades with every other at the settings' costs. Not done: halts and
breakers (BT-14), allowances of the role, price gates, lots, yields and flows (BT-15).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from treasury.core.amounts import exact
from treasury.core.backtests.policy_files import DECIMALS, PolicyFile
from treasury.core.backtests.price_tables import PriceTable
from treasury.core.backtests.reach import swap_cost_bps
from treasury.core.backtests.results import BacktestSettings, Fate, Rebalance, Replay
from treasury.core.decisions import (
    Decision,
    DecisionInputs,
    Outcome,
    TriggerOutcome,
    TriggerState,
)
from treasury.core.policies import TierPolicy
from treasury.core.policy_documents import policy_hash
from treasury.core.triggering.observed import Move, Observed, Point, Series
from treasury.core.types import Address, BlockRef, GasPrice, Holding, PairCost, Portfolio
from treasury.engine.decision import decide
from treasury.engine.replay.book import Book
from treasury.engine.triggers.schedule.full_reset import DAY_SECONDS
from treasury.engine.triggers.schedule.full_reset import KIND as FULL_RESET

VENUE = "simulated"
IN_FLIGHT = "IN_FLIGHT"
FIRST_PURCHASE = TriggerOutcome(True, "INITIAL", "the first purchase, at the targets", "", "")
NO_HASH = "0x" + 64 * "0"

NextRow = Callable[[int, tuple[Decimal, ...], TriggerState], int]
"""Row, whole tokens above the reserves in the order of the targets, state: the first row from there
on that could fire, or the number of rows. It may name a row that does not fire, never pass over one
that does."""
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Market:
    """What is the same at every row."""

    policy: TierPolicy
    hash: str
    symbols: tuple[str, ...]
    decimals: dict[Address, int]
    pairs: tuple[PairCost, ...]
    gas: GasPrice

    @classmethod
    def of(cls, file: PolicyFile, settings: BacktestSettings) -> Market:
        policy = file.policy
        if not policy.venues:
            policy = replace(policy, venues=(VENUE,))
        assets = [target.asset for target in policy.targets]
        # One wei of base fee and 10^18 units make the cost of a trade the native price itself.
        gas_units = 10**18 if settings.gas_usd else 0
        fee_bps = swap_cost_bps(settings)
        return cls(
            policy=policy,
            hash=policy_hash(file.policy),
            symbols=tuple(file.symbols.get(asset, "") for asset in assets),
            decimals={asset: file.decimals.get(asset, DECIMALS) for asset in assets},
            pairs=tuple(
                PairCost(sell, buy, policy.venues[0], fee_bps, None, gas_units)
                for sell in assets
                for buy in assets
                if sell != buy
            ),
            gas=GasPrice(base_fee_wei=1, tip_wei=0, native_price_usd=settings.gas_usd),
        )


@dataclass(slots=True)
class _Run:
    """One replay under way."""

    market: Market
    table: PriceTable
    settings: BacktestSettings
    book: Book
    state: TriggerState
    pending: tuple[int, Decision] | None = None
    rebalances: list[Rebalance] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    turnover: deque[tuple[int, Decimal]] = field(default_factory=deque)
    proposed_at: deque[int] = field(default_factory=deque)
    moves: dict[tuple[Address, bool], int] = field(default_factory=dict)

    def prices(self, row: int) -> dict[Address, Decimal]:
        return dict(zip(self.table.assets, self.table.rows[row], strict=True))

    def open(self) -> None:
        trades = self.book.buy_targets(self.prices(0))
        began_at = self.table.times_at[0]
        self.state = TriggerState(latest_rebalance_at=began_at, policy_since=began_at)
        self.rebalances.append(
            Rebalance(0, 0, Fate.FILLED, FIRST_PURCHASE, trades, (), gas_usd=Decimal(0))
        )

    def evaluate(self, row: int) -> None:
        decision = decide(self._inputs(row), beside=False)
        self.outcomes[decision.outcome.value] += 1
        now = self.table.times_at[row]
        self.state = replace(self.state, memory=decision.memory)
        if decision.outcome is not Outcome.TRADES:
            return
        self.state = replace(self.state, latest_proposal_at=now)
        self.proposed_at.append(now)
        self.pending = (row, decision)

    def settle(self, row: int) -> None:
        """Fills the decision under way when its row has come."""
        if self.pending is None or row < self.pending[0] + self.settings.latency_rows:
            return
        decided_row, decision = self.pending
        self.pending = None
        now = self.table.times_at[row]
        if now - self.table.times_at[decided_row] > self.market.policy.proposal_ttl_seconds:
            self._note(decided_row, decision, Fate.EXPIRED)
            return
        gas = self.settings.gas_usd * len(decision.trades)
        trades = self.book.fill(decision.trades, self.prices(row), gas)
        value = sum((trade.value_usd for trade in decision.trades), Decimal(0))
        self.turnover.append((now, value))
        self.state = replace(self.state, latest_rebalance_at=now)
        if decision.trigger.kind == FULL_RESET:
            self.state = replace(self.state, latest_full_reset_at=now)
        for trade in trades:
            self.moves[trade.asset, trade.side == "SELL"] = now
        self.rebalances.append(
            Rebalance(
                row=decided_row,
                filled_row=row,
                fate=Fate.FILLED,
                trigger=decision.trigger,
                trades=trades,
                skipped=decision.skipped,
                gas_usd=gas,
            )
        )

    def close(self) -> None:
        if self.pending is not None:
            self._note(*self.pending, Fate.PENDING)

    def _note(self, row: int, decision: Decision, fate: Fate) -> None:
        self.rebalances.append(
            Rebalance(row, None, fate, decision.trigger, (), decision.skipped, gas_usd=Decimal(0))
        )

    def _inputs(self, row: int) -> DecisionInputs:
        market, now = self.market, self.table.times_at[row]
        portfolio = Portfolio(
            block=BlockRef(number=row, hash=NO_HASH, timestamp=now),
            holdings=tuple(
                sorted(
                    (
                        Holding(
                            asset, symbol, market.decimals[asset], self.book.units[asset], price
                        )
                        for asset, symbol, price in zip(
                            self.table.assets, market.symbols, self.table.rows[row], strict=True
                        )
                    ),
                    key=lambda holding: holding.asset,
                )
            ),
        )
        while self.turnover and self.turnover[0][0] < market.policy.turnover_since(now):
            self.turnover.popleft()
        while self.proposed_at and self.proposed_at[0] <= now - DAY_SECONDS:
            self.proposed_at.popleft()
        return DecisionInputs(
            tier="backtest",
            policy=market.policy,
            policy_hash=market.hash,
            portfolio=portfolio,
            treasury_nav_usd=portfolio.nav_usd,
            trigger_state=replace(
                self.state, latest_evaluation_at=self.table.times_at[row - 1] if row > 1 else None
            ),
            turnover_in_window_usd=sum((value for _, value in self.turnover), Decimal(0)),
            lots=(),
            pairs=market.pairs,
            gas=market.gas,
            price_gaps=(),
            allowances=(),
            halts=(),
            observed=Observed(
                prices=self._earlier_prices(row),
                moves=tuple(
                    Move(asset, is_sale, at) for (asset, is_sale), at in sorted(self.moves.items())
                ),
                proposals_in_day=len(self.proposed_at),
            ),
        )

    def _earlier_prices(self, row: int) -> tuple[Series, ...]:
        """The rows of the triggers' longest window, the present one left out."""
        events, times = self.market.policy.trigger.events, self.table.times_at
        window = max(
            events.price_move_seconds if events.price_move_bps else 0,
            events.volatility_seconds if events.volatility_bps else 0,
        )
        if window == 0:
            return ()
        first = bisect_left(times, times[row] - window)
        return tuple(
            Series(
                asset=asset,
                source="table of prices",
                points=tuple(
                    Point(times[at], self.table.rows[at][place]) for at in range(first, row)
                ),
            )
            for place, asset in enumerate(self.table.assets)
        )


@exact
def replay_rules(
    *,
    file: PolicyFile,
    table: PriceTable,
    settings: BacktestSettings,
    next_row: NextRow,
    progress: Progress,
) -> Replay:
    """The table's columns are in the order of the policy's targets (`PriceTable.of`). Raises
    `ReserveError` when the first value does not pay for the reserves."""
    market = Market.of(file, settings)
    book = Book.opened(targets=market.policy.targets, decimals=market.decimals, settings=settings)
    run = _Run(market=market, table=table, settings=settings, book=book, state=TriggerState())
    run.open()
    start = book.amounts(), book.cash_usd
    equity = [_worth(*start, table.rows[0])]
    rows, row = len(table.rows), 1
    while row < rows:
        run.settle(row)
        if run.pending is None:
            loud = next_row(row, book.free_amounts(), run.state)
            run.outcomes[Outcome.NOT_FIRED.value] += loud - row
        else:
            run.outcomes[IN_FLIGHT] += 1
            loud = row + 1
        quiet = book.amounts(), book.cash_usd
        equity.extend(_worth(*quiet, table.rows[at]) for at in range(row, loud))
        row = loud
        if row < rows and run.pending is None:
            run.evaluate(row)
            if settings.latency_rows == 0:
                run.settle(row)
            equity.append(_worth(book.amounts(), book.cash_usd, table.rows[row]))
            row += 1
        progress(row)
    run.close()
    return Replay(
        engine="rules",
        kernel=None,
        equity_usd=tuple(equity),
        held_usd=tuple(_worth(*start, prices) for prices in table.rows),
        rebalances=tuple(run.rebalances),
        outcomes={key: count for key, count in sorted(run.outcomes.items()) if count},
    )


def _worth(amounts: tuple[Decimal, ...], cash_usd: Decimal, prices: tuple[Decimal, ...]) -> Decimal:
    pairs = zip(amounts, prices, strict=True)
    return sum((amount * price for amount, price in pairs), cash_usd)
