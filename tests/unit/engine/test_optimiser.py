"""The optimiser beside the rules: never worse where both meet the bands, exact where it counts
(D8, DE-44..46)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from tests.unit.engine.test_decision_properties import situations
from tests.unit.engine.tiers import USD, A, B, C, inputs, pair, pairs, policy, targets
from treasury.core.canonical import plain
from treasury.core.decisions import Decision, DecisionInputs, Outcome, RemainingAllowance
from treasury.core.policies import Scope, Solver
from treasury.core.revival import revive
from treasury.engine.alternatives.comparing import cost_usd, outside_bands
from treasury.engine.decision import decide

FREE_GAS = replace(inputs().gas, base_fee_wei=0, tip_wei=0)


def optimised(given_inputs: DecisionInputs) -> Decision:
    return decide(
        replace(given_inputs, policy=replace(given_inputs.policy, solver=Solver.OPTIMISED))
    )


def by_rules(given_inputs: DecisionInputs) -> Decision:
    return decide(replace(given_inputs, policy=replace(given_inputs.policy, solver=Solver.RULES)))


def optimiser_record(decision: Decision) -> dict[str, str]:
    (found,) = [item for item in decision.explanation if item.rule == "optimiser"]
    return {**dict(found.inputs), "outcome": found.outcome}


@settings(max_examples=40)
@given(situations())
def test_optimised__rules_meet_the_bands__costs_no_more_and_meets_them_too(
    situation: DecisionInputs,
) -> None:
    rules, better = by_rules(situation), optimised(situation)
    assert rules.trigger == better.trigger
    if rules.outcome not in {Outcome.TRADES, Outcome.NOTHING_WORTHWHILE}:
        assert better == rules
        return
    left = outside_bands(situation, rules.trades)
    assert outside_bands(situation, better.trades) <= left
    if left == 0:
        assert outside_bands(situation, better.trades) == 0
        assert cost_usd(better.trades) <= cost_usd(rules.trades)


@settings(max_examples=40)
@given(situations())
def test_alternative__whichever_list_is_used__the_other_stands_beside_it(
    situation: DecisionInputs,
) -> None:
    decision = optimised(situation)
    other = decision.alternative
    if other is None:
        assert decision.trades == by_rules(situation).trades
        return
    if other.solver is Solver.RULES:
        bare = tuple(replace(trade, lots=()) for trade in by_rules(situation).trades)
        assert other.trades == bare
    assert other.cost_usd == cost_usd(other.trades)
    outside = outside_bands(situation, other.trades)
    assert abs(other.outside_bps - outside * 10_000) <= Decimal("0.00005")


def test_optimised__vector_of_de_11__stops_at_the_edges_and_says_what_it_saves() -> None:
    """.50 .28 .15 .07 with half-widths .08 .06 .04 .02: A to .48, C to .16, USD to .08."""
    rules, better = by_rules(inputs()), optimised(inputs())
    pairs_of = {(trade.sell, trade.buy): trade.value_usd for trade in better.trades}
    assert set(pairs_of) == {(A, C), (A, USD)}
    assert all(Decimal(10_000) < value < Decimal(10_020) for value in pairs_of.values())
    assert cost_usd(better.trades) < cost_usd(rules.trades)
    assert better.alternative is not None
    assert better.alternative.solver is Solver.RULES
    said = optimiser_record(better)
    saving = cost_usd(rules.trades) - cost_usd(better.trades)
    assert (said["outcome"], said["saving"]) == ("used", f"{saving.normalize():f} USD")
    assert optimiser_record(rules)["outcome"] == "shown beside"
    assert optimiser_record(rules)["saving"] == said["saving"]


def test_optimised__nothing_breached_on_a_calendar__leaves_it_to_the_rules() -> None:
    quiet = inputs((410_000, 300_000, 195_000, 95_000), policy=policy(scope=Scope.ALL))
    quiet = replace(quiet, forced_reason="asked")
    decision = optimised(quiet)
    assert decision.trades == by_rules(quiet).trades != ()
    assert decision.alternative is None
    assert optimiser_record(decision)["outcome"] == "not asked"


def test_optimised__no_room_for_any_trade__the_rules_answer_stands() -> None:
    none = tuple(RemainingAllowance("k", asset, 0) for asset in (A, B, C, USD))
    situation = inputs(allowances=none)
    decision = optimised(situation)
    assert (decision.outcome, decision.trades) == (Outcome.NOTHING_WORTHWHILE, ())
    assert decision.alternative is None


def test_optimised__unwanted_asset__is_sold_to_the_last_unit() -> None:
    """A weight of 0 has a band of 0: a few units left would break it for ever."""
    situation = inputs(
        (100_000, 400_000, 300_000, 200_000), policy=policy(targets=targets((0, 5000, 3000, 2000)))
    )
    decision = optimised(situation)
    sold = sum(trade.sell_units for trade in decision.trades if trade.sell == A)
    assert sold == situation.portfolio.holding(A).units
    assert outside_bands(situation, decision.trades) == 0


def test_optimised__dear_gas__fewer_trades_than_the_rules() -> None:
    """With fixed costs two trades that a larger one replaces are worth avoiding (DE-46)."""
    values = (480_500, 299_500, 159_000, 61_000)
    dear = replace(inputs().gas, base_fee_wei=200 * 10**9)
    situation = inputs(values, gas=dear, policy=policy(cost_cap_bps=1000, min_trade_usd=Decimal(0)))
    rules, better = by_rules(situation), optimised(situation)
    assert len(better.trades) < len(rules.trades)
    assert cost_usd(better.trades) < cost_usd(rules.trades)


@given(
    weights=st.lists(st.integers(1, 40), min_size=4, max_size=4),
    fees=st.lists(st.sampled_from([1, 5, 30, 60]), min_size=4, max_size=4),
)
@settings(max_examples=40)
def test_optimised__only_proportional_costs__equals_the_asset_program(
    weights: list[int], fees: list[int]
) -> None:
    """DE-44 written over assets (one selling price an asset, no pairs) is a second opinion: where
    the fee hangs on what is sold, both have the same least cost."""
    total = sum(weights)
    values = [weight * 1_000_000 // total for weight in weights]
    by_sold = dict(zip((A, B, C, USD), fees, strict=True))
    market = tuple(
        pair(item.sell, item.buy, fee_bps=Decimal(by_sold[item.sell]), depth_usd=None)
        for item in pairs()
    )
    free = policy(min_trade_usd=Decimal(0), max_slippage_bps=0, cost_cap_bps=500)
    situation = inputs(values, pairs=market, gas=FREE_GAS, policy=free)
    decision = optimised(situation)
    if decision.outcome is Outcome.NOT_FIRED:
        return
    least = asset_program(values, [fee / 10_000 for fee in fees])
    assert outside_bands(situation, decision.trades) == 0
    # Bands are drawn in by a millionth of V on each side, and values are whole cents.
    assert float(cost_usd(decision.trades)) == pytest.approx(least, abs=0.1)


def asset_program(values: list[int], fees: list[float]) -> float:
    """Least cost in USD over buys b and sells s of four assets, targets .4 .3 .2 .1, bands 20 %
    of them; bands hold for shares of what is left after costs."""
    worth, target = np.array(values, dtype=float), np.array([0.4, 0.3, 0.2, 0.1])
    fee, total = np.array(fees), float(sum(values))
    identity = np.eye(4)
    rows, ends = [], []
    for sign, edge in ((1.0, target * 1.2), (-1.0, target * 0.8)):
        # sign x (v + b - s - edge (V - fee s)) <= 0
        change = np.hstack([identity, -identity + np.outer(edge, fee)])
        rows.append(sign * change)
        ends.append(sign * (edge * total - worth))
    balance = np.hstack([np.ones(4), -(1 - fee)])[None, :]
    found = linprog(
        np.hstack([np.zeros(4), fee]),
        A_ub=np.vstack(rows),
        b_ub=np.hstack(ends),
        A_eq=balance,
        b_eq=[0.0],
        bounds=[(0, None)] * 4 + [(0, value) for value in worth],
        method="highs",
    )
    assert found.success, found.message
    assert found.fun is not None
    return float(found.fun)


def test_optimised__stored_and_revived__decides_the_same_again() -> None:
    situation = replace(inputs(), policy=policy(solver=Solver.OPTIMISED))
    decision = decide(situation)
    assert decide(revive(DecisionInputs, plain(situation))) == decision
    assert revive(Decision, plain(decision)) == decision
