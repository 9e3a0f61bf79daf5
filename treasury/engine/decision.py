"""One decision of one tier: from complete inputs to trades and the whole explanation (T6, D7).

Order (decision reference, section 1): data gates, halts, reserves out of V, trigger, destination,
matching, filters and cost gates in rounds, the optimiser beside them, lots. Reserves come before
the trigger, so that trigger and destination look at the same weights: else a reserve could fire a
trigger that no trade can answer. The same inputs always give the same decision; nothing else is
read. Not done: cash flows (DE-14), netting across tiers (DE-16), routing (P5, governance).
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from treasury.core.amounts import BPS, exact, value_usd
from treasury.core.decisions import (
    Alternative,
    Decision,
    DecisionInputs,
    Outcome,
    PriceGap,
    RuleRecord,
    SkippedTrade,
    Trade,
    TriggerOutcome,
    Weight,
)
from treasury.core.policies import Scope, Solver
from treasury.core.triggering.observed import UNREMEMBERED, TriggerMemory
from treasury.engine.alternatives.comparing import Compared, compare
from treasury.engine.breakers import forbids_proposals
from treasury.engine.explanation import TIER, Rule, record, units_text, usd_text
from treasury.engine.lots.choice import with_lots
from treasury.engine.trades import solve_trades
from treasury.engine.triggers import Evaluated, Sight, evaluate_trigger, not_evaluated
from treasury.engine.triggers.schedule.calendar import KIND as CALENDAR
from treasury.engine.triggers.schedule.calendar import served_slot
from treasury.engine.triggers.schedule.full_reset import KIND as FULL_RESET
from treasury.engine.valuation import Position, TierView, tier_view, weights

DEPEG = "DEPEG"
"""The breaker of an asset that has left its peg."""
WEIGHT_QUANTUM_BPS = Decimal("0.01")


@exact
def decide(inputs: DecisionInputs, *, beside: bool = True) -> Decision:
    """What the tier should do now, and why, or why not. Never raises for market data: what cannot
    be judged is GATED. `beside` False leaves out a list that would only be shown beside the one
    that is used: the trades are the same, and a replay of years does not solve for it."""
    if any(halt.breaker == DEPEG for halt in inputs.halts):
        inputs = _standing_alone(inputs)
    remembered = inputs.trigger_state.memory  # no observation: it passes on as it is
    gaps = _gaps(inputs)
    records = _gap_records(inputs, gaps)
    if gaps:
        reason = "; ".join(f"{gap.asset}: {gap.reason}" for gap in gaps)
        gated = not_evaluated(f"no usable price: {reason}")
        return _ended(Outcome.GATED, gated, (), records, memory=remembered)
    view = tier_view(portfolio=inputs.portfolio, policy=inputs.policy)
    shown = _weights(view, ())
    halted, halt_records = _halts(inputs)
    records = (*records, *halt_records)
    if halted:
        return _ended(Outcome.HALTED, not_evaluated(halted), shown, records, memory=remembered)
    records = (*records, *_reserve_records(view))
    if view.total_usd == 0:
        empty = not_evaluated("nothing to allocate above the reserves")
        return _ended(Outcome.NOT_FIRED, empty, shown, records, memory=remembered)
    sight = _sight(inputs, view)
    found = evaluate_trigger(sight, forced_reason=inputs.forced_reason)
    trigger, memory = found.outcome, found.memory
    records = (*records, *found.records)
    if not trigger.fired:
        return _ended(Outcome.NOT_FIRED, trigger, shown, records, memory=memory)
    if trigger.kind == FULL_RESET:
        policy = replace(inputs.policy, scope=Scope.ALL, destination_bps=0, groups=())
        inputs = replace(inputs, policy=policy)
        view = tier_view(portfolio=inputs.portfolio, policy=policy)
    view = _with_armed(view, found)
    solution = solve_trades(inputs=inputs, view=view, held=found.held)
    compared = Compared(solution.trades, None, ())
    if beside or inputs.policy.solver is Solver.OPTIMISED:
        compared = compare(inputs=inputs, view=view, rules=solution, held=found.held)
    trades, lot_records = with_lots(inputs, compared.trades)
    if not trades and trigger.kind == CALENDAR:
        memory = replace(memory, served_slot=served_slot(sight))
    return _ended(
        Outcome.TRADES if trades else Outcome.NOTHING_WORTHWHILE,
        trigger,
        _weights(view, trades),
        (*records, *solution.records, *compared.records, *lot_records),
        trades=trades,
        skipped=solution.skipped,
        memory=memory,
        alternative=compared.alternative,
    )


def _sight(inputs: DecisionInputs, view: TierView) -> Sight:
    return Sight(
        rule=inputs.policy.trigger,
        drifts=view.tested,
        state=inputs.trigger_state,
        now=inputs.now,
        observed=inputs.observed,
        holdings=inputs.portfolio.holdings,
        pairs=inputs.pairs,
        gas=inputs.gas,
        settlement=inputs.policy.settlement_asset,
    )


def _with_armed(view: TierView, found: Evaluated) -> TierView:
    """Bands that hysteresis still counts as broken (DE-7)."""
    armed = tuple(replace(drift, armed=drift.asset in found.armed) for drift in view.tested)
    return replace(view, tested=armed)


def _standing_alone(inputs: DecisionInputs) -> DecisionInputs:
    """Without groups: a depegged asset is no equivalent of the others (DE-17)."""
    return replace(inputs, policy=replace(inputs.policy, groups=()))


@exact
def weights_after(inputs: DecisionInputs, trades: tuple[Trade, ...]) -> tuple[Weight, ...]:
    """Weights before and after other trades than the decided ones; every price must be there."""
    return _weights(tier_view(portfolio=inputs.portfolio, policy=inputs.policy), trades)


def _ended(
    outcome: Outcome,
    trigger: TriggerOutcome,
    shown: tuple[Weight, ...],
    records: tuple[RuleRecord, ...],
    trades: tuple[Trade, ...] = (),
    skipped: tuple[SkippedTrade, ...] = (),
    memory: TriggerMemory = UNREMEMBERED,
    alternative: Alternative | None = None,
) -> Decision:
    return Decision(
        outcome=outcome,
        trigger=trigger,
        trades=trades,
        skipped=skipped,
        weights=shown,
        explanation=records,
        memory=memory,
        alternative=alternative,
    )


def _gaps(inputs: DecisionInputs) -> tuple[PriceGap, ...]:
    """DE-38..40: no price, no trade. A target missing from the snapshot, or priced at 0 or less,
    is a gap too: valued at 0 it would look like something to buy."""
    found = {gap.asset: gap for gap in inputs.price_gaps}
    held = {holding.asset: holding for holding in inputs.portfolio.holdings}
    for target in inputs.policy.targets:
        holding = held.get(target.asset)
        if target.asset in found:
            continue
        if holding is None:
            found[target.asset] = PriceGap(target.asset, "not in the snapshot")
        elif holding.price_usd <= 0:
            found[target.asset] = PriceGap(
                target.asset, f"price {holding.price_usd} is not above 0"
            )
    return tuple(found[asset] for asset in sorted(found))


def _gap_records(inputs: DecisionInputs, gaps: tuple[PriceGap, ...]) -> tuple[RuleRecord, ...]:
    if not gaps:
        count = str(len(inputs.policy.targets))
        return (record(Rule.PRICE_GAP, TIER, "passed", priced_targets=count),)
    return tuple(record(Rule.PRICE_GAP, gap.asset, "no price", reason=gap.reason) for gap in gaps)


def _halts(inputs: DecisionInputs) -> tuple[str, tuple[RuleRecord, ...]]:
    """The reason to stop ("" = none) and one record per open halt. Levels above MONITOR still
    propose; they lower the route, which is not decided here."""
    if not inputs.halts:
        return "", (record(Rule.HALT, TIER, "passed", open_halts="0"),)
    stops = [halt for halt in inputs.halts if forbids_proposals(halt.level)]
    records = tuple(
        record(
            Rule.HALT,
            halt.scope,
            "stops" if halt in stops else "lowers the route",
            breaker=halt.breaker,
            level=halt.level,
            reason=halt.reason,
        )
        for halt in inputs.halts
    )
    return "; ".join(f"{halt.breaker} ({halt.level}): {halt.reason}" for halt in stops), records


def _reserve_records(view: TierView) -> tuple[RuleRecord, ...]:
    """D2: what is taken out of V, per asset with a reserve, and what the policy does not name."""
    reserved = tuple(
        record(
            Rule.RESERVE,
            position.asset,
            "kept" if position.holding.units >= position.target.reserve_units else "short",
            held=units_text(position.holding.units),
            reserve=units_text(position.target.reserve_units),
            available=units_text(position.available_units),
        )
        for position in view.positions
        if position.target.reserve_units
    )
    ignored = tuple(
        record(Rule.UNTARGETED, holding.asset, "left alone", held=units_text(holding.units))
        for holding in view.untargeted
    )
    total = record(Rule.RESERVE, TIER, "applied", tradable=usd_text(view.total_usd))
    return (*reserved, *ignored, total)


def _weights(view: TierView, trades: tuple[Trade, ...]) -> tuple[Weight, ...]:
    """Weights of V without reserves, before and after the trades as expected; bps, 2 decimals."""
    units = {position.asset: position.available_units for position in view.positions}
    for trade in trades:
        units[trade.sell] -= trade.sell_units
        units[trade.buy] += trade.expected_buy_units
    after = weights(
        {position.asset: _value(position, units[position.asset]) for position in view.positions}
    )
    return tuple(
        Weight(
            asset=position.asset,
            target_bps=position.target.weight_bps,
            band_bps=_bps(position.drift.half_width),
            before_bps=_bps(position.drift.weight),
            after_bps=_bps(after[position.asset]),
        )
        for position in view.positions
    )


def _value(position: Position, units: int) -> Decimal:
    holding = position.holding
    return value_usd(units=units, decimals=holding.decimals, price_usd=holding.price_usd)


def _bps(fraction: Decimal) -> Decimal:
    return (fraction * BPS).quantize(WEIGHT_QUANTUM_BPS)
