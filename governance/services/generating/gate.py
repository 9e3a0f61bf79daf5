"""The cost gate once more, with what the venues really answered (D4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from execution.core.planning import leg_cost
from execution.core.types import Quote
from treasury.core.amounts import value_usd
from treasury.core.decisions import DecisionInputs, RuleRecord, Trade
from treasury.engine.costs import CostGate, gate_quoted_cost, gate_quoted_price
from treasury.engine.explanation import Rule, record
from treasury.engine.lots.choice import with_lots
from treasury.engine.valuation import breach_opened_by


@dataclass(frozen=True, slots=True)
class Gated:
    """Trades that pay for themselves with their quotes and lots, in order, and what the gate said
    of each."""

    trades: tuple[Trade, ...]
    quotes: tuple[Quote, ...]
    records: tuple[RuleRecord, ...]


def keep_what_pays(
    *, inputs: DecisionInputs, trades: Sequence[Trade], quotes: Sequence[Quote]
) -> Gated:
    """A trade keeps its place with the cost of its quote, or is dropped. A quote that the market
    gives far above the consensus price drops all of them: the sizes rest on that price. What is
    left after a drop is not traded either when it would open a breach by itself. Lots are chosen
    for what is left: what was dropped, put together or divided has no claim on any (DE-31)."""
    agreements = [
        _price_gate(inputs=inputs, trade=trade, quote=quote)
        for trade, quote in zip(trades, quotes, strict=True)
    ]
    records = [gate.record for gate in agreements]
    if not all(gate.passed for gate in agreements):
        return Gated(trades=(), quotes=(), records=tuple(records))
    kept: list[tuple[Trade, Quote]] = []
    for trade, quote in zip(trades, quotes, strict=True):
        cost = leg_cost(
            quote=quote,
            sell=inputs.portfolio.holding(trade.sell),
            buy=inputs.portfolio.holding(trade.buy),
            gas=inputs.gas,
            before=trade.cost,
        )
        gate = gate_quoted_cost(
            policy=inputs.policy,
            value_usd=trade.value_usd,
            cost=cost,
            subject=f"{trade.sell}>{trade.buy}",
        )
        records.append(gate.record)
        if gate.passed:
            quoted = replace(
                trade, venue=quote.venue, expected_buy_units=quote.buy_units, cost=cost
            )
            kept.append((quoted, quote))
    if len(kept) < len(trades):
        harmed = breach_opened_by(
            portfolio=inputs.portfolio,
            policy=inputs.policy,
            trades=[trade for trade, _ in kept],
        )
        if harmed is not None:
            outcome = "what is left would open a breach: nothing is traded"
            records.append(record(Rule.NEW_BREACH, harmed, outcome))
            kept = []
    with_their_lots, _ = with_lots(inputs, tuple(trade for trade, _ in kept))
    return Gated(
        trades=with_their_lots,
        quotes=tuple(quote for _, quote in kept),
        records=tuple(records),
    )


def _price_gate(*, inputs: DecisionInputs, trade: Trade, quote: Quote) -> CostGate:
    sell, buy = inputs.portfolio.holding(trade.sell), inputs.portfolio.holding(trade.buy)
    return gate_quoted_price(
        policy=inputs.policy,
        given_usd=value_usd(
            units=quote.sell_units, decimals=sell.decimals, price_usd=sell.price_usd
        ),
        got_usd=value_usd(units=quote.buy_units, decimals=buy.decimals, price_usd=buy.price_usd),
        subject=f"{trade.sell}>{trade.buy}",
    )
