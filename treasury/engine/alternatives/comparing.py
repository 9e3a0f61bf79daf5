"""The optimiser's list beside the rules' list, tested exactly, and which of both is used (D8,
DE-45).

What the solver says is only a hint: its flows become whole units by the code that makes the rules'
trades, and must pass the same limits. Lists are compared by what they leave outside the bands,
then by their exact cost; the better one is what `Solver.OPTIMISED` returns. Both stand in the
decision, whichever is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from importlib import import_module

from treasury.core.amounts import BPS, USD_QUANTUM, exact
from treasury.core.decisions import Alternative, DecisionInputs, RuleRecord, Trade
from treasury.core.policies import Scope, Solver
from treasury.core.types import Address
from treasury.engine.alternatives.problem import Answer, Holder, Problem
from treasury.engine.costs import gate_quoted_cost
from treasury.engine.explanation import TIER, Rule, fraction_text, pair_subject, record, usd_text
from treasury.engine.matching import Flow
from treasury.engine.rounds import Rounds, allowed_units_of, open_markets, room_usd, too_small
from treasury.engine.trades import Solution, trades_of_flows
from treasury.engine.valuation import TierView, breach_opened_by, tier_view

BPS_QUANTUM = Decimal("0.0001")
CLOSING_SHARE = Decimal("0.00001")
"""A sale that leaves less of an unwanted asset than this share sells all of it."""


@dataclass(frozen=True, slots=True)
class Compared:
    """The trades to use, and the list that was not used (None: the optimiser had none)."""

    trades: tuple[Trade, ...]
    alternative: Alternative | None
    records: tuple[RuleRecord, ...]


@exact
def compare(
    *,
    inputs: DecisionInputs,
    view: TierView,
    rules: Solution,
    held: tuple[tuple[Address, bool], ...] = (),
) -> Compared:
    """The rules' list and the optimiser's. Without a breached band the optimiser stands aside: the
    cheapest list would be none, and a calendar asks for more than that; so does a policy that
    wants all assets at their targets, or that holds groups against a band. `held`: as
    `solve_trades` takes it."""
    aside = ""
    if not any(drift.breached for drift in view.tested):
        aside = "no asset is outside its band"
    elif inputs.policy.groups:
        aside = "it knows bands of assets alone, not of groups"
    elif inputs.policy.scope is Scope.ALL:
        aside = "all assets go to their targets, not to the edges of their bands"
    if aside:
        idle = record(Rule.OPTIMISER, TIER, "not asked", reason=aside)
        return Compared(rules.trades, None, (idle,))
    rounds = Rounds(
        inputs=inputs, view=view, options={}, allowed_units=allowed_units_of(inputs, view)
    )
    open_markets(rounds)
    answer = _optimiser()(_problem(rounds, held))
    trades = tuple(trades_of_flows(rounds, _in_order(rounds, answer.flows)))
    refused = next(_faults(inputs, trades), None)
    if not trades or refused is not None:
        why = refused or answer.status
        entry = record(Rule.OPTIMISER, TIER, "no list", reason=why)
        return Compared(rules.trades, None, (entry,))
    return _better(inputs, rules.trades, trades)


@cache
def _optimiser() -> Callable[[Problem], Answer]:
    """Loaded when first asked: its solver takes half a second to import and 40 MB, and most
    processes never decide anything."""
    found: Callable[[Problem], Answer] = import_module("treasury.engine.optimiser").cheapest_flows
    return found


def _problem(rounds: Rounds, held: tuple[tuple[Address, bool], ...]) -> Problem:
    inputs, view = rounds.inputs, rounds.view
    policy, room = inputs.policy, room_usd(rounds)
    return Problem(
        holders=tuple(
            Holder(
                asset=position.asset,
                value_usd=position.value_usd,
                low=max(Decimal(0), position.drift.target - position.drift.half_width),
                high=position.drift.target + position.drift.half_width,
                room_usd=room.get(position.asset),
            )
            for position in view.positions
        ),
        options=tuple(
            option
            for options in rounds.options.values()
            for option in options
            if (option.sell, True) not in held and (option.buy, False) not in held
        ),
        settlement=policy.settlement_asset,
        gas=inputs.gas,
        min_trade_usd=policy.min_trade_usd,
        max_trade_usd=policy.max_trade_usd,
        turnover_usd=max(Decimal(0), policy.max_turnover_usd - inputs.turnover_in_window_usd),
        cost_cap_bps=policy.cost_cap_bps,
        slip_bps=policy.max_slippage_bps,
    )


def _in_order(rounds: Rounds, flows: tuple[Flow, ...]) -> tuple[Flow, ...]:
    """Into settlement first, as the rules order theirs; an asset that nobody wants is sold
    whole."""
    through = rounds.inputs.policy.settlement_asset
    sold: dict[Address, Decimal] = {}
    for flow in flows:
        sold[flow.sell] = sold.get(flow.sell, Decimal(0)) + flow.value_usd
    whole = []
    for flow in flows:
        position = rounds.view.position(flow.sell)
        left = position.value_usd - sold[flow.sell]
        unwanted = position.target.weight_bps == 0 and flow.sell != through
        if unwanted and left <= position.value_usd * CLOSING_SHARE:
            whole.append(replace(flow, value_usd=flow.value_usd + left))
            sold[flow.sell] += left
        else:
            whole.append(flow)
    return tuple(
        sorted(
            whole,
            key=lambda flow: (
                flow.buy != through,
                flow.sell == through,
                -flow.value_usd,
                flow.sell,
                flow.buy,
            ),
        )
    )


def _faults(inputs: DecisionInputs, trades: tuple[Trade, ...]) -> Iterator[str]:
    """DE-45: every limit of the rules' list, exactly."""
    policy = inputs.policy
    for trade in trades:
        subject = pair_subject(trade.sell, trade.buy)
        if too_small(trade, policy.min_trade_usd):
            yield f"{subject} is below the minimum trade"
        if trade.value_usd > policy.max_trade_usd:
            yield f"{subject} is above the maximum trade"
        gate = gate_quoted_cost(policy=policy, value_usd=trade.value_usd, cost=trade.cost)
        if not gate.passed:
            yield f"{subject} costs {gate.value}, more than {gate.limit}"
    turnover = sum((trade.value_usd for trade in trades), inputs.turnover_in_window_usd)
    if turnover + len(trades) * USD_QUANTUM > policy.max_turnover_usd and trades:
        yield f"turnover of {usd_text(turnover)} in the window"
    opened = breach_opened_by(portfolio=inputs.portfolio, policy=policy, trades=trades)
    if opened is not None:
        yield f"{opened} would leave its band"


def _better(
    inputs: DecisionInputs, by_rules: tuple[Trade, ...], optimised: tuple[Trade, ...]
) -> Compared:
    scores = [(outside_bands(inputs, trades), cost_usd(trades)) for trades in (by_rules, optimised)]
    (rules_outside, rules_cost), (outside, cost) = scores
    is_better = (outside, cost) < (rules_outside, rules_cost)
    used = inputs.policy.solver is Solver.OPTIMISED and is_better
    entry = record(
        Rule.OPTIMISER,
        TIER,
        "used" if used else "shown beside",
        solver=inputs.policy.solver.value,
        rules_cost=usd_text(rules_cost),
        optimised_cost=usd_text(cost),
        saving=usd_text(rules_cost - cost),
        rules_outside=fraction_text(rules_outside),
        optimised_outside=fraction_text(outside),
    )
    chosen, other = (optimised, by_rules) if used else (by_rules, optimised)
    alternative = Alternative(
        solver=Solver.RULES if used else Solver.OPTIMISED,
        trades=other,
        cost_usd=rules_cost if used else cost,
        outside_bps=((rules_outside if used else outside) * BPS).quantize(BPS_QUANTUM),
    )
    return Compared(chosen, alternative, (entry,))


@exact
def cost_usd(trades: tuple[Trade, ...]) -> Decimal:
    """Total cost of a list as estimated, exact USD."""
    return sum((trade.cost.total_usd for trade in trades), Decimal(0))


@exact
def outside_bands(inputs: DecisionInputs, trades: tuple[Trade, ...]) -> Decimal:
    """How far assets would still be outside their bands after these trades, summed; a fraction of
    V after costs. 0: every band is met."""
    moved: dict[Address, int] = {}
    for trade in trades:
        moved[trade.sell] = moved.get(trade.sell, 0) - trade.sell_units
        moved[trade.buy] = moved.get(trade.buy, 0) + trade.expected_buy_units
    holdings = tuple(
        replace(holding, units=holding.units + moved.get(holding.asset, 0))
        for holding in inputs.portfolio.holdings
    )
    after = tier_view(portfolio=replace(inputs.portfolio, holdings=holdings), policy=inputs.policy)
    return sum(
        (
            max(Decimal(0), abs(position.drift.absolute) - position.drift.half_width)
            for position in after.positions
        ),
        Decimal(0),
    )
