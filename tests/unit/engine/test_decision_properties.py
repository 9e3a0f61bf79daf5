"""Whatever the tier, market and limits: a decision breaks none of them (T6, D2, D4, D5, D7)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.engine.tiers import ASSETS, NOW, USD, inputs, pair, policy
from treasury.core.amounts import BPS, exact, value_usd
from treasury.core.canonical import plain
from treasury.core.decisions import (
    Decision,
    DecisionInputs,
    Outcome,
    RemainingAllowance,
    decision_digest,
)
from treasury.core.policies import Band, BandKind, LotMethod, Scope, Solver, Target
from treasury.core.revival import revive
from treasury.core.types import BlockRef, GasPrice, Holding, LotState, PairCost, Portfolio
from treasury.engine.decision import decide
from treasury.engine.valuation import TierView, tier_view


@st.composite
def holdings(draw: st.DrawFn) -> tuple[Holding, ...]:
    rows = []
    for asset in ASSETS:
        decimals = draw(st.sampled_from([0, 6, 8, 18]))
        price = draw(st.decimals(min_value="0.01", max_value=50_000, places=4))
        worth = draw(st.integers(0, 1_000_000) | st.integers(100_000, 1_000_000))
        rows.append(Holding(asset, "T", decimals, int(worth * 10**decimals / price), price))
    return tuple(rows)


@st.composite
def wanted(draw: st.DrawFn, held: tuple[Holding, ...]) -> tuple[Target, ...]:
    cuts = sorted(draw(st.lists(st.integers(0, 20), min_size=3, max_size=3)))
    weights = [500 * (high - low) for low, high in zip([0, *cuts], [*cuts, 20], strict=True)]
    bands = st.builds(
        Band,
        kind=st.sampled_from(BandKind),
        absolute_bps=st.integers(50, 1000),
        relative_bps=st.integers(500, 5000),
    )
    return tuple(
        Target(
            holding.asset,
            weight,
            draw(bands),
            draw(st.sampled_from([0] * 7 + [holding.units // 3, holding.units + 1])),
        )
        for holding, weight in zip(held, weights, strict=True)
    )


@st.composite
def markets(draw: st.DrawFn) -> tuple[PairCost, ...]:
    return tuple(
        pair(
            sell,
            buy,
            venue=draw(st.sampled_from(["dex"] * 9 + ["other"])),
            fee_bps=Decimal(draw(st.sampled_from([0, 1, 5, 30, 100]))),
            depth_usd=draw(st.none() | st.integers(10**6, 10**10).map(Decimal)),
            gas_units=draw(st.integers(0, 500_000)),
        )
        for sell in ASSETS
        for buy in ASSETS
        if sell != buy and draw(st.integers(0, 9)) < 9
    )


@st.composite
def situations(draw: st.DrawFn) -> DecisionInputs:
    held = draw(holdings())
    low, high = sorted(draw(st.tuples(st.integers(0, 3000), st.integers(1000, 800_000))))
    limits: dict[str, Any] = {
        "targets": draw(wanted(held)),
        "scope": draw(st.sampled_from(Scope)),
        "worst_count": draw(st.integers(1, 3)),
        "destination_bps": draw(st.sampled_from([0, 5000, 8750, 10_000])),
        "min_trade_usd": Decimal(low),
        "max_trade_usd": Decimal(high),
        "max_turnover_usd": draw(st.sampled_from([Decimal(10**7), Decimal(10**5)])),
        "cost_cap_bps": draw(st.integers(20, 150)),
        "max_slippage_bps": draw(st.integers(0, 300)),
        "lot_method": draw(st.sampled_from(LotMethod)),
        "solver": draw(st.sampled_from(Solver)),
    }
    allowances = tuple(
        RemainingAllowance(holding.symbol, holding.asset, draw(st.integers(0, holding.units)))
        for holding in held
        if draw(st.integers(0, 9)) == 9
    )
    lots = tuple(
        LotState(f"{holding.asset}/{part}", holding.asset, units, Decimal(part), NOW - part, part)
        for holding in held
        for part, units in ((1, holding.units // 2), (2, holding.units // 3))
        if units
    )
    return inputs(
        portfolio=Portfolio(BlockRef(1, "0x01", NOW), held),
        policy=policy(**limits),
        turnover_in_window_usd=draw(
            st.sampled_from([Decimal(0), Decimal("60000.5"), Decimal(10**5)])
        ),
        pairs=draw(markets()),
        gas=GasPrice(draw(st.integers(0, 40)) * 10**9, 10**8, Decimal(2500)),
        allowances=allowances,
        lots=lots,
        forced_reason=draw(st.sampled_from(["asked", None])),
    )


def sold_units(decision: Decision) -> Counter[str]:
    total: Counter[str] = Counter()
    for trade in decision.trades:
        total[trade.sell] += trade.sell_units
    return total


@exact
def drift_after(view: TierView, decision: Decision) -> tuple[Decimal, Decimal, list[Decimal]]:
    """Total drift before and after, and how far each asset that was inside is outside after."""
    units = {position.asset: position.available_units for position in view.positions}
    for trade in decision.trades:
        units[trade.sell] -= trade.sell_units
        units[trade.buy] += trade.expected_buy_units
    after = {
        position.asset: value_usd(
            units=units[position.asset],
            decimals=position.holding.decimals,
            price_usd=position.holding.price_usd,
        )
        for position in view.positions
    }
    total = sum(after.values(), Decimal(0))
    drifts = [(position, after[position.asset] / total) for position in view.positions]
    moved = sum((abs(weight - position.drift.target) for position, weight in drifts), Decimal(0))
    before = sum((abs(position.drift.absolute) for position in view.positions), Decimal(0))
    outside = [
        abs(weight - position.drift.target) - position.drift.half_width
        for position, weight in drifts
        if not position.drift.breached
    ]
    return before, moved, outside


@exact
def loss_and_dust(view: TierView, decision: Decision, slippage_bps: int) -> Decimal:
    """What trading keeps or rounding leaves, as a share of V: weights may be off by as much."""
    lost = sum(
        (trade.cost.fee_usd + trade.cost.impact_usd for trade in decision.trades), Decimal(0)
    )
    lost += sum(
        (trade.value_usd * slippage_bps / BPS for trade in decision.trades if trade.buy == USD),
        Decimal(0),
    )
    unit = max(
        value_usd(units=1, decimals=position.holding.decimals, price_usd=position.holding.price_usd)
        for position in view.positions
    )
    return (lost + unit * 3 * len(decision.trades)) / view.total_usd


@given(situation=situations())
@settings(max_examples=70)
def test_decide__any_situation__no_limit_broken(situation: DecisionInputs) -> None:
    """DE-18, DE-20, DE-22, D2, D5: minimum, maximum, turnover, cost cap, reserves, allowances."""
    rules = situation.policy
    decision = decide(situation)
    assert decision.explanation
    assert bool(decision.trades) is (decision.outcome is Outcome.TRADES)
    for trade in decision.trades:
        assert trade.sell_units > 0
        assert trade.expected_buy_units > 0
        assert rules.min_trade_usd <= trade.value_usd <= rules.max_trade_usd
        assert trade.cost.total_usd * BPS <= trade.value_usd * rules.cost_cap_bps
        assert trade.venue in rules.venues
        assert (trade.sell, trade.buy) in {(item.sell, item.buy) for item in situation.pairs}
    pairs_traded = Counter((trade.sell, trade.buy) for trade in decision.trades)
    assert max(pairs_traded.values(), default=1) == 1
    turnover = sum((trade.value_usd for trade in decision.trades), Decimal(0))
    if decision.trades:
        assert turnover + situation.turnover_in_window_usd <= rules.max_turnover_usd
    sold = sold_units(decision)
    for allowance in situation.allowances:
        assert sold[allowance.asset] <= allowance.remaining_units


@given(situation=situations())
@settings(max_examples=40)
def test_decide__any_situation__reserve_holds_at_worst_slippage(situation: DecisionInputs) -> None:
    """D2: leg by leg, settlement bought first counts at its worst accepted amount only. A reserve
    that was short already stays as it was: nothing of it is sold, nothing is bought for it."""
    rules = situation.policy
    decision = decide(situation)
    units = {holding.asset: holding.units for holding in situation.portfolio.holdings}
    floor = {asset: min(held, rules.target(asset).reserve_units) for asset, held in units.items()}
    for trade in decision.trades:
        units[trade.sell] -= trade.sell_units
        assert units[trade.sell] >= floor[trade.sell]
        if trade.buy == USD:
            kept = 10_000 - rules.max_slippage_bps
            units[USD] += trade.expected_buy_units * kept // 10_000


@given(situation=situations())
@settings(max_examples=60)
def test_decide__any_situation__closer_to_target_and_no_new_breach(
    situation: DecisionInputs,
) -> None:
    """But for what the market keeps (the sum of fees and impact), whole units, and what a route
    leaves in the settlement asset in case its first leg slips."""
    decision = decide(situation)
    view = tier_view(portfolio=situation.portfolio, policy=situation.policy)
    if not decision.trades:
        assert [weight.after_bps for weight in decision.weights] == [
            weight.before_bps for weight in decision.weights
        ]
        return
    before, after, outside = drift_after(view, decision)
    slack = 2 * loss_and_dust(view, decision, situation.policy.max_slippage_bps)
    assert after <= before + slack
    assert all(beyond <= slack for beyond in outside)


@given(situation=situations())
@settings(max_examples=30)
def test_decide__any_situation__self_financing_in_value(situation: DecisionInputs) -> None:
    """DE-13: what is bought is worth what was sold less fee and impact, and a unit at most."""
    decision = decide(situation)
    held = {holding.asset: holding for holding in situation.portfolio.holdings}
    for trade in decision.trades:
        bought = held[trade.buy]
        worth = value_usd(
            units=trade.expected_buy_units, decimals=bought.decimals, price_usd=bought.price_usd
        )
        unit = value_usd(units=1, decimals=bought.decimals, price_usd=bought.price_usd)
        paid = trade.value_usd - trade.cost.fee_usd - trade.cost.impact_usd
        assert paid - unit < worth <= paid


@given(situation=situations())
@settings(max_examples=30)
def test_decide__any_situation__replay_equals_the_original(situation: DecisionInputs) -> None:
    """D7."""
    decision = decide(situation)
    replayed = revive(DecisionInputs, plain(situation))
    assert replayed == situation
    assert decide(replayed) == decision
    assert revive(Decision, plain(decision)) == decision
    assert len(decision_digest(inputs=situation, decision=decision)) == 64


@given(situation=situations())
@settings(max_examples=30)
def test_decide__lots__each_unit_previewed_at_most_once(situation: DecisionInputs) -> None:
    decision = decide(situation)
    open_units = {lot.lot_ref: lot.units for lot in situation.lots}
    taken: Counter[str] = Counter()
    for trade in decision.trades:
        assert sum(item.units for item in trade.lots) <= trade.sell_units
        for item in trade.lots:
            taken[item.lot_ref] += item.units
    assert all(taken[ref] <= open_units[ref] for ref in taken)


@given(situation=situations())
@settings(max_examples=20)
def test_decide__order_of_pairs__changes_nothing(
    situation: DecisionInputs,
) -> None:
    decision = decide(situation)
    shuffled = decide(replace(situation, pairs=situation.pairs[::-1]))
    assert shuffled.trades == decision.trades
    assert shuffled.skipped == decision.skipped
