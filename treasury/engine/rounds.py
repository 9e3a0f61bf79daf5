"""The rounds of the trade solver: what each drop teaches the next round (DE-18..22).

A round that fails drops one trade, says why, and leaves a bound on an asset or closes a pair.
Bounds only tighten and pairs only close, so the rounds end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_DOWN, Decimal

from treasury.core.amounts import bps_of, quantize_usd, to_units, value_usd
from treasury.core.decisions import DecisionInputs, RuleRecord, SkippedTrade, Trade
from treasury.core.types import Address, PairCost
from treasury.engine.costs import gate_quoted_cost, largest_affordable_usd
from treasury.engine.destination import Bounds
from treasury.engine.explanation import (
    Rule,
    bps_text,
    fraction_text,
    pair_subject,
    record,
    units_text,
    usd_text,
)
from treasury.engine.matching import Pair, Stuck
from treasury.engine.valuation import Position, TierView, breach_opened_by


@dataclass(slots=True)
class Rounds:
    """What earlier rounds taught: closed pairs, bounds, and their reasons."""

    inputs: DecisionInputs
    view: TierView
    options: dict[Pair, tuple[PairCost, ...]]
    allowed_units: dict[Address, int]
    bounds: dict[Address, Bounds] = field(default_factory=dict)
    skipped: list[SkippedTrade] = field(default_factory=list)
    inside_groups: bool = True
    records: list[RuleRecord] = field(default_factory=list)


def open_markets(rounds: Rounds) -> None:
    """Options by pair: allowed venue, both assets in the tier, affordable at some size that may be
    traded. The others are recorded and not tried."""
    inputs, policy = rounds.inputs, rounds.inputs.policy
    assets = {position.asset for position in rounds.view.positions}
    for option in inputs.pairs:
        if option.sell == option.buy or not {option.sell, option.buy} <= assets:
            continue
        subject = f"{pair_subject(option.sell, option.buy)} {option.venue}"
        if option.venue not in policy.venues:
            rounds.records.append(
                record(Rule.VENUE, subject, "not allowed", venues=", ".join(policy.venues))
            )
            continue
        largest = largest_affordable_usd(
            pair=option, gas=inputs.gas, cost_cap_bps=policy.cost_cap_bps
        )
        if largest is not None and (largest == 0 or largest < policy.min_trade_usd):
            rounds.records.append(
                record(
                    Rule.COST_CAP,
                    subject,
                    "no affordable size",
                    largest=usd_text(largest),
                    min_trade=usd_text(policy.min_trade_usd),
                    cap=bps_text(policy.cost_cap_bps),
                )
            )
            continue
        pair = (option.sell, option.buy)
        rounds.options[pair] = (*rounds.options.get(pair, ()), option)


def hold_back(rounds: Rounds, held: tuple[tuple[Address, bool], ...]) -> None:
    """DE-9: what was traded a moment ago is not traded in the given direction."""
    for asset, is_sale in held:
        forbid(rounds, asset, selling=is_sale)
        outcome = "not sold again yet" if is_sale else "not bought again yet"
        rounds.records.append(record(Rule.HELD, asset, outcome))


def allowed_units_of(inputs: DecisionInputs, view: TierView) -> dict[Address, int]:
    """What the role may still sell, by asset; of several allowances the smallest counts, since each
    of them is spent. An asset without one is not limited here (no role, or no unit limit)."""
    allowed: dict[Address, int] = {}
    for allowance in inputs.allowances:
        units = max(0, allowance.remaining_units)
        allowed[allowance.asset] = min(units, allowed.get(allowance.asset, units))
    return {
        position.asset: allowed[position.asset]
        for position in view.positions
        if position.asset in allowed
    }


def room_usd(rounds: Rounds) -> dict[Address, Decimal]:
    return {
        asset: value_of(rounds.view.position(asset), units)
        for asset, units in rounds.allowed_units.items()
    }


def dropped_by_allowance(
    rounds: Rounds, sells: dict[Address, Decimal], buys: dict[Address, Decimal]
) -> bool:
    """An asset whose remaining allowance is worth less than the minimum trade is not sold at
    all."""
    minimum = rounds.inputs.policy.min_trade_usd
    room = room_usd(rounds)
    for asset in sorted(sells):
        if asset in room and (room[asset] < minimum or room[asset] == 0):
            position = rounds.view.position(asset)
            wished = to_units(
                amount=sells[asset] / position.holding.price_usd,
                decimals=position.holding.decimals,
                rounding=ROUND_DOWN,
            )
            partner = max(sorted(buys), key=lambda buy: buys[buy], default=asset)
            skip(
                rounds,
                Rule.ALLOWANCE,
                (asset, partner),
                sells[asset],
                units_text(wished),
                units_text(rounds.allowed_units[asset]),
            )
            forbid(rounds, asset, selling=True)
            return True
    return False


def dropped_without_route(rounds: Rounds, stuck: tuple[Stuck, ...]) -> bool:
    """Holds the side without a route to what could be matched; a second time, where it is."""
    for item in stuck:
        selling = item.asset == item.sell
        position = rounds.view.position(item.asset)
        before = rounds.bounds.get(item.asset, Bounds())
        moved = item.moved_usd / rounds.view.total_usd
        weight = position.drift.weight
        if selling and before.low == 0:
            after = replace(before, low=weight - moved)
        elif not selling and before.high == 1:
            after = replace(before, high=weight + moved)
        else:
            after = replace(before, low=weight) if selling else replace(before, high=weight)
        if after == before:
            continue
        rounds.bounds[item.asset] = after
        skip(
            rounds,
            Rule.ROUTE,
            (item.sell, item.buy),
            item.value_usd,
            "no venue trades it directly or over the settlement asset",
            "a route",
        )
        return True
    return False


def too_small(trade: Trade, minimum: Decimal) -> bool:
    """DE-18; a trade of no units, or one that brings none, is too small for any minimum."""
    return trade.value_usd < minimum or trade.sell_units == 0 or trade.expected_buy_units == 0


def dropped_by_size(
    rounds: Rounds,
    trades: list[Trade],
    sells: dict[Address, Decimal],
    buys: dict[Address, Decimal],
    cut_by_turnover: frozenset[Pair],
) -> bool:
    """DE-18: the smallest trade below the minimum goes first; the side that wanted least gives up.

    When both sides want less than the minimum, both give up: neither can reach it by itself. Pairs
    in `cut_by_turnover` were large enough before the turnover limit shrank them, so it is to
    blame.
    """
    policy = rounds.inputs.policy
    minimum = policy.min_trade_usd
    small = [trade for trade in trades if too_small(trade, minimum)]
    for trade in sorted(small, key=lambda item: (item.value_usd, item.sell, item.buy)):
        sides = [
            (wish, asset, selling)
            for wish, asset, selling in (
                (buys.get(trade.buy), trade.buy, False),
                (sells.get(trade.sell), trade.sell, True),
            )
            if wish is not None
        ]
        hopeless = [side for side in sides if side[0] < minimum]
        giving_up = hopeless or [min(sides, key=lambda side: side[0])]
        changed = [forbid(rounds, asset, selling=selling) for _, asset, selling in giving_up]
        if any(changed):
            pair = (trade.sell, trade.buy)
            cut = pair in cut_by_turnover
            rule = Rule.MAX_TURNOVER if cut else Rule.MIN_TRADE
            limit = policy.max_turnover_usd if cut else minimum
            skip(rounds, rule, pair, trade.value_usd, usd_text(trade.value_usd), usd_text(limit))
            return True
    return False


def dropped_by_cost(rounds: Rounds, trades: list[Trade]) -> bool:
    """DE-22: closes the pair of the smallest trade that costs too much; another route may be
    left."""
    for trade in sorted(trades, key=lambda item: (item.value_usd, item.sell, item.buy)):
        gate = gate_quoted_cost(
            policy=rounds.inputs.policy,
            value_usd=trade.value_usd,
            cost=trade.cost,
            subject=pair_subject(trade.sell, trade.buy),
        )
        if gate.passed:
            continue
        rounds.records.append(gate.record)
        del rounds.options[trade.sell, trade.buy]
        rounds.skipped.append(
            SkippedTrade(
                sell=trade.sell,
                buy=trade.buy,
                value_usd=trade.value_usd,
                rule=Rule.COST_CAP,
                value=gate.value,
                limit=gate.limit,
            )
        )
        return True
    return False


def dropped_by_breach(rounds: Rounds, trades: list[Trade]) -> bool:
    """Closes the smallest trade that would push an asset out of a band it is in, by more than
    costs and rounding move any weight. What the settlement asset keeps of a route in case the
    first leg slips is no breach either: the next list takes it up. Members of groups are the matter
    of `closed_inside_groups`."""
    moved: Counter[Address] = Counter()
    for trade in trades:
        moved[trade.sell] -= trade.sell_units
        moved[trade.buy] += trade.expected_buy_units
    after = {
        position.asset: value_of(position, position.available_units + moved[position.asset])
        for position in rounds.view.positions
    }
    total = sum(after.values(), Decimal(0))
    lost = sum((trade.cost.fee_usd + trade.cost.impact_usd for trade in trades), Decimal(0))
    grouped = {asset for group in rounds.inputs.policy.groups for asset in group.assets}
    for position in rounds.view.positions:
        if position.drift.breached or position.asset in grouped:
            continue
        off = after[position.asset] - position.drift.target * total
        noise = lost + 3 * len(trades) * value_of(position, 1)
        if position.asset == rounds.inputs.policy.settlement_asset:
            arriving = (trade.value_usd for trade in trades if trade.buy == position.asset)
            noise += bps_of(
                value=sum(arriving, Decimal(0)), bps=rounds.inputs.policy.max_slippage_bps
            )
        if abs(off) <= position.drift.half_width * total + noise:
            continue
        guilty = [item for item in trades if position.asset == (item.buy if off > 0 else item.sell)]
        trade = min(guilty, key=lambda item: (item.value_usd, item.sell, item.buy))
        pair = (trade.sell, trade.buy)
        del rounds.options[pair]
        allowed = f"{fraction_text(position.drift.half_width)} from its target"
        beyond = f"{position.drift.name} {fraction_text(abs(off) / total)} from its target"
        skip(rounds, Rule.NEW_BREACH, pair, trade.value_usd, beyond, allowed)
        return True
    return False


def closed_inside_groups(rounds: Rounds, trades: Sequence[Trade]) -> bool:
    """Members sold and bought for each other balance only as long as all of it happens. Where a
    limit took a part of it, and what is left would open a breach, they are not traded for each
    other at all."""
    policy = rounds.inputs.policy
    if not policy.groups or not rounds.inside_groups:
        return False
    harmed = breach_opened_by(portfolio=rounds.inputs.portfolio, policy=policy, trades=trades)
    if harmed is None:
        return False
    rounds.inside_groups = False
    outcome = "members are not traded for each other: a part of it would open a breach"
    rounds.records.append(record(Rule.NEW_BREACH, harmed, outcome))
    return True


def skip(rounds: Rounds, rule: Rule, pair: Pair, value: Decimal, seen: str, limit: str) -> None:
    sell, buy = pair
    rounds.skipped.append(
        SkippedTrade(
            sell=sell,
            buy=buy,
            value_usd=quantize_usd(value),
            rule=rule.value,
            value=seen,
            limit=limit,
        )
    )
    rounds.records.append(
        record(
            rule,
            pair_subject(sell, buy),
            "dropped",
            wanted=usd_text(value),
            value=seen,
            limit=limit,
        )
    )


def forbid(rounds: Rounds, asset: Address, *, selling: bool) -> bool:
    """No further move of this asset in that direction; False when that was so already."""
    weight = rounds.view.position(asset).drift.weight
    before = rounds.bounds.get(asset, Bounds())
    after = replace(before, low=weight) if selling else replace(before, high=weight)
    rounds.bounds[asset] = after
    return after != before


def value_of(position: Position, units: int) -> Decimal:
    holding = position.holding
    return value_usd(units=units, decimals=holding.decimals, price_usd=holding.price_usd)
