"""The lots of each sell, chosen when it is decided and frozen with it (D6, DE-31, DE-33)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from treasury.core.amounts import exact
from treasury.core.decisions import DecisionInputs, RuleRecord, Trade
from treasury.core.lots import apply_slices, match_lots, total_usd
from treasury.core.types import Address, LotState
from treasury.engine.explanation import Rule, pair_subject, record, units_text, usd_text


@dataclass(frozen=True, slots=True)
class Uncovered:
    """Units of one sell that have no lot. `incoming_units` are bought by an earlier trade of the
    same list and get their lot with it; what the others cost nobody knows (AC-6)."""

    incoming_units: int
    unknown_units: int


@exact
def with_lots(
    inputs: DecisionInputs, trades: tuple[Trade, ...]
) -> tuple[tuple[Trade, ...], tuple[RuleRecord, ...]]:
    """Lots in the order of the trades, so that two sells of one asset never share a lot's units.
    Proceeds are the trade's value (AC-14). A cost basis that is not complete is said, and no gain
    is claimed for what has no lot."""
    pools: dict[Address, tuple[LotState, ...]] = {}
    for lot in inputs.lots:
        pools[lot.asset] = (*pools.get(lot.asset, ()), lot)
    chosen = []
    for trade in trades:
        pool = pools.get(trade.sell, ())
        match = match_lots(
            lots=pool,
            units=trade.sell_units,
            proceeds_usd=trade.value_usd,
            method=inputs.policy.lot_method,
            at=inputs.now,
            long_term_days=inputs.policy.long_term_days,
            rules=inputs.policy.lots,
        )
        pools[trade.sell] = apply_slices(lots=pool, slices=match.slices)
        chosen.append(replace(trade, lots=match.slices))
    records = tuple(
        _record(inputs, trade, rest) for trade, rest in zip(chosen, uncovered(chosen), strict=True)
    )
    return tuple(chosen), records


def uncovered(trades: Sequence[Trade]) -> tuple[Uncovered, ...]:
    """Of each trade in the order in which they run, at the amounts that they expect to buy."""
    bought: dict[Address, int] = {}
    found = []
    for trade in trades:
        short = trade.sell_units - sum(lot.units for lot in trade.lots)
        incoming = min(short, bought.get(trade.sell, 0))
        if incoming:
            bought[trade.sell] -= incoming
        bought[trade.buy] = bought.get(trade.buy, 0) + trade.expected_buy_units
        found.append(Uncovered(incoming, short - incoming))
    return tuple(found)


def _record(inputs: DecisionInputs, trade: Trade, rest: Uncovered) -> RuleRecord:
    return record(
        Rule.LOTS,
        pair_subject(trade.sell, trade.buy),
        "cost basis incomplete" if rest.unknown_units else "complete",
        method=inputs.policy.lot_method.value,
        sold=units_text(trade.sell_units),
        bought_by_an_earlier_trade=units_text(rest.incoming_units),
        without_lot=units_text(rest.unknown_units),
        cost=usd_text(total_usd(lot.cost_usd for lot in trade.lots)),
        gain=usd_text(total_usd(lot.gain_usd for lot in trade.lots)),
    )
