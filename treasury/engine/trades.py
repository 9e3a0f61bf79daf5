"""From wanted weights to trades that keep every limit: filters, drops, and the residual solved
anew.

Each round solves the destination within the bounds that earlier drops left, matches flows, rounds
them to units toward less trade and tests them (`treasury.engine.rounds`); when a trade fails, the
next round starts without it (DE-18..22, DE-45). Not done: real quotes (`costs.gate_quoted_cost`
tests them again), several tiers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Decimal

from treasury.core.amounts import BPS, USD_QUANTUM, exact, quantize_usd, to_units
from treasury.core.decisions import DecisionInputs, RuleRecord, SkippedTrade, Trade
from treasury.core.types import Address
from treasury.engine.costs import estimate_cost, gate_quoted_cost, received_usd
from treasury.engine.destination import Destination
from treasury.engine.explanation import (
    TIER,
    Rule,
    bps_text,
    fraction_text,
    pair_subject,
    record,
    units_text,
    usd_text,
)
from treasury.engine.matching import DUST_USD, Flow, Market, Matching, Pair, match_flows
from treasury.engine.rounds import (
    Rounds,
    allowed_units_of,
    closed_inside_groups,
    dropped_by_allowance,
    dropped_by_breach,
    dropped_by_cost,
    dropped_by_size,
    dropped_without_route,
    hold_back,
    open_markets,
    room_usd,
    too_small,
    value_of,
)
from treasury.engine.sizing.groups import group_records, solve_grouped
from treasury.engine.valuation import Position, TierView

UNIT_NOISE = Decimal("1E-30")
"""Quotients are rounded at 100 digits: a whole unit less this much is that unit."""


@dataclass(frozen=True, slots=True)
class Solution:
    """Trades without lots, what was dropped on the way, and the records of all rounds."""

    trades: tuple[Trade, ...]
    skipped: tuple[SkippedTrade, ...]
    records: tuple[RuleRecord, ...]


@exact
def solve_trades(
    *, inputs: DecisionInputs, view: TierView, held: tuple[tuple[Address, bool], ...] = ()
) -> Solution:
    """The trade list of one tier at one block. Nothing here looks at gates, halts or triggers.
    `held`: (asset, whether selling) that were traded too recently to be traded now (DE-9)."""
    rounds = Rounds(
        inputs=inputs, view=view, options={}, allowed_units=allowed_units_of(inputs, view)
    )
    hold_back(rounds, held)
    open_markets(rounds)
    while (solution := _round(rounds)) is None:
        pass
    return solution


def _round(rounds: Rounds) -> Solution | None:
    """One round; None when something was dropped and the residual has to be solved again."""
    policy, view = rounds.inputs.policy, rounds.view
    destination = solve_grouped(
        drifts=tuple(position.drift for position in view.positions),
        tested=view.tested,
        groups=policy.groups,
        scope=policy.scope,
        worst_count=policy.worst_count,
        destination_bps=policy.destination_bps,
        bounds=rounds.bounds,
        inside=rounds.inside_groups,
    )
    sells, buys = _wishes(view, destination)
    if dropped_by_allowance(rounds, sells, buys):
        return None
    matching = match_flows(sells=sells, buys=buys, market=_market(rounds), room=room_usd(rounds))
    if dropped_without_route(rounds, matching.stuck):
        return None
    budget = _Turnover.of(rounds, matching.flows)
    trades = trades_of_flows(rounds, budget.flows)
    if dropped_by_size(rounds, trades, sells, buys, budget.cut) or dropped_by_cost(rounds, trades):
        return None
    if dropped_by_breach(rounds, trades):
        return None
    kept = tuple(trade for trade in trades if not too_small(trade, policy.min_trade_usd))
    if closed_inside_groups(rounds, kept):
        return None
    records = [
        *rounds.records,
        *_destination_records(rounds, destination),
        *_limit_records(rounds, matching, sells, kept),
        budget.record,
        *_trade_records(rounds, kept),
    ]
    return Solution(trades=kept, skipped=tuple(rounds.skipped), records=tuple(records))


def _market(rounds: Rounds) -> Market:
    policy = rounds.inputs.policy
    return Market(
        options=rounds.options,
        settlement=policy.settlement_asset,
        gas=rounds.inputs.gas,
        cost_cap_bps=policy.cost_cap_bps,
        max_trade_usd=policy.max_trade_usd,
    )


def _wishes(
    view: TierView, destination: Destination
) -> tuple[dict[Address, Decimal], dict[Address, Decimal]]:
    """Wanted sells and buys in USD, by asset. A weight of 0 sells all that is available."""
    sells: dict[Address, Decimal] = {}
    buys: dict[Address, Decimal] = {}
    for position in view.positions:
        change = destination.weights[position.asset] * view.total_usd - position.value_usd
        if change < -DUST_USD:
            sells[position.asset] = -change
        elif change > DUST_USD:
            buys[position.asset] = change
    return sells, buys


@dataclass(frozen=True, slots=True)
class _Turnover:
    """Flows that fit the window (DE-20), and which of them were large enough before the cut.

    All flows shrink by one factor, so that weights keep their proportions and both legs of a route
    still fit each other.
    """

    flows: tuple[Flow, ...]
    cut: frozenset[Pair]
    record: RuleRecord

    @classmethod
    def of(cls, rounds: Rounds, flows: tuple[Flow, ...]) -> _Turnover:
        policy = rounds.inputs.policy
        used = rounds.inputs.turnover_in_window_usd
        # Each value is later rounded at 8 decimals: one quantum per flow keeps the sum inside.
        left = max(Decimal(0), policy.max_turnover_usd - used - len(flows) * USD_QUANTUM)
        total = sum((flow.value_usd for flow in flows), Decimal(0))
        shrinks = total > left
        entry = record(
            Rule.MAX_TURNOVER,
            TIER,
            "shrunk" if shrinks else "within",
            wanted=usd_text(total),
            used_in_window=usd_text(used),
            limit=usd_text(policy.max_turnover_usd),
        )
        if not shrinks:
            return cls(flows=flows, cut=frozenset(), record=entry)
        return cls(
            flows=tuple(replace(flow, value_usd=flow.value_usd * left / total) for flow in flows),
            cut=frozenset(
                (flow.sell, flow.buy) for flow in flows if flow.value_usd >= policy.min_trade_usd
            ),
            record=entry,
        )


def trades_of_flows(rounds: Rounds, flows: tuple[Flow, ...]) -> list[Trade]:
    """Whole units, rounded toward less trade, clipped to what is there when the leg runs.

    Settlement that a first leg brings is counted at its worst accepted amount
    (`max_slippage_bps`), so the reserve holds even if every leg slips as far as it may.
    """
    policy = rounds.inputs.policy
    there = {position.asset: position.available_units for position in rounds.view.positions}
    allowed = dict(rounds.allowed_units)
    closing = _closing_flows(rounds, flows)
    trades = []
    for flow in flows:
        sold, bought = rounds.view.position(flow.sell), rounds.view.position(flow.buy)
        units = there[flow.sell] if flow in closing else _units(sold, flow.value_usd)
        units = min(units, there[flow.sell], allowed.get(flow.sell, units))
        units = min(units, _most_units(sold, policy.max_trade_usd))
        value = quantize_usd(value_of(sold, units))
        cost = estimate_cost(pair=flow.pair, value_usd=value, gas=rounds.inputs.gas)
        expected = to_units(
            amount=received_usd(value_usd=value, cost=cost) / bought.holding.price_usd,
            decimals=bought.holding.decimals,
            rounding=ROUND_DOWN,
        )
        there[flow.sell] -= units
        if flow.sell in allowed:
            allowed[flow.sell] -= units
        if flow.buy == policy.settlement_asset:
            there[flow.buy] += expected * (int(BPS) - policy.max_slippage_bps) // int(BPS)
        trades.append(
            Trade(
                sell=flow.sell,
                buy=flow.buy,
                venue=flow.pair.venue,
                sell_units=units,
                expected_buy_units=expected,
                value_usd=value,
                cost=cost,
                lots=(),
            )
        )
    return trades


def _closing_flows(rounds: Rounds, flows: tuple[Flow, ...]) -> tuple[Flow, ...]:
    """The last flow of each asset that is sold completely: it takes the units that rounding left in
    the flows before. A few units of an unwanted asset would break its band of 0 for ever."""
    closing = []
    for position in rounds.view.positions:
        selling = [flow for flow in flows if flow.sell == position.asset]
        total = sum((flow.value_usd for flow in selling), Decimal(0))
        settles = position.asset == rounds.inputs.policy.settlement_asset
        if selling and not settles and total >= position.value_usd - DUST_USD:
            closing.append(selling[-1])
    return tuple(closing)


def _destination_records(rounds: Rounds, destination: Destination) -> Iterable[RuleRecord]:
    policy, view = rounds.inputs.policy, rounds.view
    yield from group_records(
        drifts=tuple(position.drift for position in view.positions),
        groups=policy.groups,
        wanted=destination.weights,
        total_usd=view.total_usd,
    )
    yield record(
        Rule.SCOPE,
        TIER,
        ", ".join(destination.scoped) or "no asset",
        scope=policy.scope.value,
        worst_count=str(policy.worst_count),
    )
    for position in rounds.view.positions:
        drift = position.drift
        wanted = destination.weights[position.asset]
        yield record(
            Rule.DESTINATION,
            position.asset,
            f"wanted {fraction_text(wanted)}",
            weight=fraction_text(drift.weight),
            target=fraction_text(drift.target),
            band=fraction_text(drift.half_width),
            destination=bps_text(policy.destination_bps),
        )
    yield record(
        Rule.RESIDUAL,
        TIER,
        "placed" if destination.unplaced == 0 else "partly unplaced",
        residual=fraction_text(destination.residual),
        unplaced=fraction_text(destination.unplaced),
    )


def _limit_records(
    rounds: Rounds,
    matching: Matching,
    sells: dict[Address, Decimal],
    trades: tuple[Trade, ...],
) -> Iterable[RuleRecord]:
    for pair, wanted, size in matching.capped:
        yield record(
            Rule.MAX_TRADE,
            pair_subject(*pair),
            "shrunk",
            wanted=usd_text(wanted),
            largest=usd_text(size),
            max_trade=usd_text(rounds.inputs.policy.max_trade_usd),
            cost_cap=bps_text(rounds.inputs.policy.cost_cap_bps),
        )
    for asset, units in rounds.allowed_units.items():
        sold = sum(trade.sell_units for trade in trades if trade.sell == asset)
        yield record(
            Rule.ALLOWANCE,
            asset,
            "within",
            wanted=usd_text(sells.get(asset, Decimal(0))),
            sold=units_text(sold),
            remaining=units_text(units),
        )


def _trade_records(rounds: Rounds, trades: tuple[Trade, ...]) -> Iterable[RuleRecord]:
    policy = rounds.inputs.policy
    for trade in trades:
        subject = pair_subject(trade.sell, trade.buy)
        yield record(
            Rule.MIN_TRADE,
            subject,
            "passed",
            value=usd_text(trade.value_usd),
            minimum=usd_text(policy.min_trade_usd),
        )
        yield gate_quoted_cost(
            policy=policy, value_usd=trade.value_usd, cost=trade.cost, subject=subject
        ).record


def _most_units(position: Position, usd: Decimal) -> int:
    """The units whose value is at most so much, without any allowance for noise."""
    return to_units(
        amount=usd / position.holding.price_usd,
        decimals=position.holding.decimals,
        rounding=ROUND_DOWN,
    )


def _units(position: Position, usd: Decimal) -> int:
    amount = usd / position.holding.price_usd
    noise = UNIT_NOISE.scaleb(-position.holding.decimals)
    return to_units(amount=amount + noise, decimals=position.holding.decimals, rounding=ROUND_DOWN)
