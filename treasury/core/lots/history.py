"""A whole list of events matched at once: which lots each disposal takes, by one method.

One pool per asset. Amounts and money are computed as whole numbers of the finest scale that the
events use, so nothing rounds but the split of AC-3: a part of a lot takes its share of the cost
left, 8 decimals half even, and the slice that empties the lot takes the rest, with every digit the
events have. Proceeds are split likewise over the slices of a disposal. O(n log n). Not done: pools
per wallet, transfers, average cost, netting of gains against losses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

from treasury.core.amounts import USD_DECIMALS
from treasury.core.canonical import decimal_text
from treasury.core.lots.events import EventKind, LotEvent
from treasury.core.lots.queues import DAY_NS, HistoryRules, LotQueue, OpenLot, SaleOf, new_queue

_WIDE = Context(prec=2000)
"""More digits than any product of two numbers of the events has."""


@dataclass(frozen=True, slots=True)
class Disposal:
    """The part of one lot that one disposal takes. Without a lot (AC-6) the cost is 0 and the term
    short: unknown is never called long."""

    event: str
    lot: str | None
    amount: Decimal
    cost: Decimal
    gain: Decimal
    long_term: bool


@dataclass(frozen=True, slots=True)
class History:
    """`incomplete` names the disposals that found too few lots, for a person to resolve (AC-6)."""

    disposals: tuple[Disposal, ...]
    incomplete: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Scales:
    """Decimals of one unit and of one money number, and the smallest money of 8 decimals."""

    units: int
    money: int
    quantum: int


@dataclass(slots=True)
class _Scaled:
    """An event in whole numbers. `price` is money per unit. (Not frozen: made for each event, and
    that costs.)"""

    event: LotEvent
    units: int
    price: int
    fee: int


def match_history(events: Sequence[LotEvent], rules: HistoryRules) -> History:
    """Every disposal of the events, which are in time order, with the lots it takes."""
    scales = _scales(events)
    whole = [_scaled(event, scales) for event in events]
    # Different unit costs differ by at least 1 / units^2: times this they differ as whole numbers.
    spread = max((scaled.units for scaled in whole), default=1) ** 2
    pools: dict[str, LotQueue] = {}
    disposals: list[Disposal] = []
    incomplete: list[str] = []
    for index, scaled in enumerate(whole):
        event = scaled.event
        pool = pools.get(event.asset)
        if pool is None:
            pool = pools[event.asset] = new_queue(rules)
        if event.kind is EventKind.IN:
            pool.add(_opened(scaled, index, spread))
            continue
        disposals.extend(_disposed(scaled, pool, scales, rules))
        if disposals[-1].lot is None:
            incomplete.append(event.ref)
    return History(tuple(disposals), tuple(incomplete))


def history_document(history: History) -> dict[str, Any]:
    """JSON types, numbers as plain decimal text. `incomplete` is there when something is."""
    document: dict[str, Any] = {
        "disposals": [
            {
                "event": item.event,
                "lot": item.lot,
                "amount": decimal_text(item.amount),
                "cost": decimal_text(item.cost),
                "gain": decimal_text(item.gain),
                "long_term": item.long_term,
            }
            for item in history.disposals
        ]
    }
    if history.incomplete:
        document["incomplete"] = list(history.incomplete)
    return document


def _scales(events: Sequence[LotEvent]) -> _Scales:
    units = max((_decimals(event.amount) for event in events), default=0)
    price = max((_decimals(event.unit_price) for event in events), default=0)
    fee = max((_decimals(event.fee) for event in events), default=0)
    money = max(units + price, fee, USD_DECIMALS)
    quantum = _whole(Decimal(1), money - USD_DECIMALS)
    return _Scales(units=units, money=money, quantum=quantum)


def _decimals(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _whole(number: Decimal, scale: int) -> int:
    return int(number.scaleb(scale, _WIDE))


def _scaled(event: LotEvent, scales: _Scales) -> _Scaled:
    return _Scaled(
        event=event,
        units=_whole(event.amount, scales.units),
        price=_whole(event.unit_price, scales.money - scales.units),
        fee=_whole(event.fee, scales.money),
    )


def _opened(scaled: _Scaled, index: int, spread: int) -> OpenLot:
    cost = scaled.units * scaled.price + scaled.fee
    return OpenLot(
        ref=scaled.event.ref,
        index=index,
        at_ns=scaled.event.at_ns,
        units=scaled.units,
        cost=cost,
        order_key=cost * spread // scaled.units,
        units_left=scaled.units,
        cost_left=cost,
    )


def _disposed(
    scaled: _Scaled, pool: LotQueue, scales: _Scales, rules: HistoryRules
) -> Iterator[Disposal]:
    """Slices in the method's order; what finds no lot comes last, at cost 0 (AC-6)."""
    event = scaled.event
    proceeds = scaled.units * scaled.price - scaled.fee
    sale = SaleOf(proceeds, scaled.units, event.at_ns)
    left, proceeds_left = scaled.units, proceeds
    while left:
        lot = pool.best(sale)
        part = left if lot is None else min(left, lot.units_left)
        left -= part
        share = proceeds_left
        if left:
            share = _share(proceeds, part, scaled.units, scales.quantum)
        proceeds_left -= share
        cost = 0 if lot is None else _taken(lot, part, scales.quantum)
        if lot is not None and not lot.units_left:
            pool.drop()
        yield Disposal(
            event=event.ref,
            lot=None if lot is None else lot.ref,
            amount=Decimal(part).scaleb(-scales.units, _WIDE),
            cost=Decimal(cost).scaleb(-scales.money, _WIDE),
            gain=Decimal(share - cost).scaleb(-scales.money, _WIDE),
            long_term=lot is not None and event.at_ns - lot.at_ns > rules.long_term_days * DAY_NS,
        )


def _taken(lot: OpenLot, units: int, quantum: int) -> int:
    """Takes units off the lot and gives their cost (AC-3). Never more than is left: a cost below
    half a quantum would round up beyond it."""
    cost = lot.cost_left
    if units < lot.units_left:
        cost = min(cost, _share(lot.cost_left, units, lot.units_left, quantum))
    lot.units_left -= units
    lot.cost_left -= cost
    return cost


def _share(total: int, part: int, whole: int, quantum: int) -> int:
    """total x part / whole, rounded half even to a multiple of the quantum."""
    divisor = whole * quantum
    quotient, rest = divmod(total * part, divisor)
    if 2 * rest > divisor or (2 * rest == divisor and quotient % 2):
        quotient += 1
    return quotient * quantum
