"""Open lots of one pool in the order in which a method takes them (AC-2, DE-31), O(log n) a step.

Units and money are whole numbers of one scale each, so that no comparison rounds. The unit cost is
that of the lot as acquired, fee included: what rounding leaves on a partly used lot (AC-3) cannot
break a tie. Ties go to the earlier lot, LIFO to the later.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from heapq import heappop, heappush
from typing import Protocol

from treasury.core.lots.events import NANOSECONDS

DAY_NS = 86_400 * NANOSECONDS


class HistoryMethod(StrEnum):
    FIFO = "fifo"
    LIFO = "lifo"
    HIFO = "hifo"
    LOFO = "lofo"
    MIN_TAX = "min_tax"


@dataclass(frozen=True, slots=True)
class HistoryRules:
    """Rates are fractions of the gain (0.37 = 37 %) and matter to MIN_TAX only. A lot is long term
    when held more than `long_term_days` of 24 hours (AC-4)."""

    method: HistoryMethod
    short_rate: Decimal
    long_rate: Decimal
    long_term_days: int


@dataclass(slots=True)
class OpenLot:
    """`order_key` is a whole number that compares as cost / units does, equal where they are."""

    ref: str
    index: int
    at_ns: int
    units: int
    cost: int
    order_key: int
    units_left: int
    cost_left: int


@dataclass(slots=True)
class SaleOf:
    """A disposal: what it brings after its fee, for how many units, at which instant. (Not frozen:
    made for each disposal, and that costs.)"""

    proceeds: int
    units: int
    at_ns: int


class LotQueue(Protocol):
    def add(self, lot: OpenLot) -> None:
        """Lots come in the order of the events."""

    def best(self, sale: SaleOf) -> OpenLot | None:
        """The lot to take next for this disposal."""

    def drop(self) -> None:
        """Removes the lot that `best` gave last: it is empty."""


class Oldest:
    """FIFO."""

    def __init__(self) -> None:
        self._lots: deque[OpenLot] = deque()

    def add(self, lot: OpenLot) -> None:
        self._lots.append(lot)

    def best(self, sale: SaleOf) -> OpenLot | None:
        return self._lots[0] if self._lots else None

    def drop(self) -> None:
        self._lots.popleft()


class Newest:
    """LIFO."""

    def __init__(self) -> None:
        self._lots: list[OpenLot] = []

    def add(self, lot: OpenLot) -> None:
        self._lots.append(lot)

    def best(self, sale: SaleOf) -> OpenLot | None:
        return self._lots[-1] if self._lots else None

    def drop(self) -> None:
        self._lots.pop()


class ByUnitCost:
    """LOFO with sign 1, HIFO with sign -1; by age with sign 0."""

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._heap: list[tuple[int, int, OpenLot]] = []

    def add(self, lot: OpenLot) -> None:
        heappush(self._heap, (self._sign * lot.order_key, lot.index, lot))

    def best(self, sale: SaleOf) -> OpenLot | None:
        return self._heap[0][2] if self._heap else None

    def drop(self) -> None:
        heappop(self._heap)


class LeastTax:
    """MIN_TAX: smallest rate(term) x (proceeds per unit - unit cost) first.

    Among lots of one term that is the highest unit cost (by age when the rate is 0), so two heaps
    and a look at their heads are enough; lots change from short to long in the order of their age.
    """

    def __init__(self, *, short_rate: Decimal, long_rate: Decimal, long_term_ns: int) -> None:
        short, below_short = short_rate.as_integer_ratio()
        long, below_long = long_rate.as_integer_ratio()
        self._short_rate, self._long_rate = short * below_long, long * below_short
        self._long_term_ns = long_term_ns
        self._short = ByUnitCost(-1 if short else 0)
        self._long = ByUnitCost(-1 if long else 0)
        self._by_age: deque[OpenLot] = deque()
        self._chosen = self._short

    def add(self, lot: OpenLot) -> None:
        self._short.add(lot)
        self._by_age.append(lot)

    def best(self, sale: SaleOf) -> OpenLot | None:
        self._ripen(sale.at_ns)
        short = self._short.best(sale)
        while short is not None and self._is_long(short, sale.at_ns):
            self._short.drop()
            short = self._short.best(sale)
        long = self._long.best(sale)
        self._chosen = self._long if short is None else self._short
        if short is not None and long is not None and self._long_first(short, long, sale):
            self._chosen = self._long
        return long if self._chosen is self._long else short

    def drop(self) -> None:
        self._chosen.drop()

    def _ripen(self, at_ns: int) -> None:
        while self._by_age and self._is_long(self._by_age[0], at_ns):
            lot = self._by_age.popleft()
            if lot.units_left:
                self._long.add(lot)

    def _is_long(self, lot: OpenLot, at_ns: int) -> bool:
        return at_ns - lot.at_ns > self._long_term_ns

    def _long_first(self, short: OpenLot, long: OpenLot, sale: SaleOf) -> bool:
        """Both taxes per unit, times units of the sale and of both lots and the denominators: whole
        numbers."""
        short_gain = sale.proceeds * short.units - short.cost * sale.units
        long_gain = sale.proceeds * long.units - long.cost * sale.units
        short_tax = self._short_rate * short_gain * long.units
        long_tax = self._long_rate * long_gain * short.units
        return (long_tax, long.index) < (short_tax, short.index)


def new_queue(rules: HistoryRules) -> LotQueue:
    return _QUEUES[rules.method](rules)


_QUEUES: dict[HistoryMethod, Callable[[HistoryRules], LotQueue]] = {
    HistoryMethod.FIFO: lambda _: Oldest(),
    HistoryMethod.LIFO: lambda _: Newest(),
    HistoryMethod.HIFO: lambda _: ByUnitCost(-1),
    HistoryMethod.LOFO: lambda _: ByUnitCost(1),
    HistoryMethod.MIN_TAX: lambda rules: LeastTax(
        short_rate=rules.short_rate,
        long_rate=rules.long_rate,
        long_term_ns=rules.long_term_days * DAY_NS,
    ),
}
