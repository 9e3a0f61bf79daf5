from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treasury.core.canonical import decimal_text
from treasury.core.lots import (
    Disposal,
    EventKind,
    History,
    HistoryMethod,
    HistoryRules,
    LotEvent,
    history_document,
    match_history,
    match_lots,
)
from treasury.core.policies import LotMethod, LotRules
from treasury.core.types import Address, LotState

DAY = 86_400
DAY_NS = DAY * 10**9
QUANTUM = Decimal("1E-8")
EXACT = Context(prec=300)
FIFO, LIFO, HIFO, LOFO, MIN_TAX = HistoryMethod


def event(
    ref: str,
    kind: str,
    day: int,
    amount: str,
    price: str,
    fee: str = "0",
    asset: str = "ETH",
) -> LotEvent:
    return LotEvent(
        ref=ref,
        kind=EventKind(kind),
        at_ns=day * DAY_NS,
        asset=asset,
        amount=Decimal(amount),
        unit_price=Decimal(price),
        fee=Decimal(fee),
    )


def rules(method: HistoryMethod, short: str = "0.37", long: str = "0.20") -> HistoryRules:
    return HistoryRules(method, Decimal(short), Decimal(long), long_term_days=365)


def taken(history: History) -> list[tuple[str | None, str]]:
    return [(item.lot, decimal_text(item.amount)) for item in history.disposals]


BOUGHT = [
    event("a", "in", 1, "1", "20"),
    event("b", "in", 2, "1", "30"),
    event("c", "in", 3, "1", "10"),
    event("d", "in", 4, "1", "30"),
    event("e", "in", 4, "1", "10"),
]


@pytest.mark.parametrize(
    ("method", "order"),
    [(FIFO, "abcde"), (LIFO, "edcba"), (HIFO, "bdace"), (LOFO, "ceabd"), (MIN_TAX, "bdace")],
)
def test_match__each_method__its_order_and_its_ties(method: HistoryMethod, order: str) -> None:
    """Ties go to the earlier lot, LIFO the reverse; at one instant the list counts."""
    sold = event("x", "out", 5, "5", "40")
    assert [lot for lot, _ in taken(match_history([*BOUGHT, sold], rules(method)))] == list(order)


def test_match__fee__belongs_to_the_unit_cost() -> None:
    events = [
        event("dear fee", "in", 1, "1", "10", "5"),
        event("dear price", "in", 2, "1", "12"),
        event("x", "out", 3, "1", "20", "3"),
    ]
    history = match_history(events, rules(HIFO))
    assert history == History(
        (Disposal("x", "dear fee", Decimal(1), Decimal(15), Decimal(2), long_term=False),), ()
    )


def test_match__lot_in_use__keeps_its_unit_cost_for_ties() -> None:
    """What AC-3's rounding leaves on `a` must not make it dearer or cheaper than `b`."""
    events = [
        event("a", "in", 1, "3", "0.00000001", "0.00000001"),
        event("b", "in", 1, "3", "0.00000001", "0.00000001"),
        event("x", "out", 2, "1", "1"),
        event("y", "out", 2, "3", "1"),
    ]
    for method in (HIFO, LOFO, MIN_TAX):
        assert taken(match_history(events, rules(method))) == [("a", "1"), ("a", "2"), ("b", "1")]


def test_match__order_of_the_list__counts_at_one_instant() -> None:
    events = [event("x", "out", 1, "1", "5"), event("a", "in", 1, "1", "5")]
    assert match_history(events, rules(FIFO)).incomplete == ("x",)
    assert match_history(events[::-1], rules(FIFO)).incomplete == ()


def test_match__too_few_lots__rest_at_cost_0_and_flagged() -> None:
    """AC-6: the missing part has its share of the proceeds."""
    events = [event("a", "in", 0, "1", "10"), event("x", "out", 1000, "4", "30", "20")]
    assert history_document(match_history(events, rules(FIFO))) == {
        "disposals": [
            {
                "event": "x",
                "lot": "a",
                "amount": "1",
                "cost": "10",
                "gain": "15",
                "long_term": True,
            },
            {
                "event": "x",
                "lot": None,
                "amount": "3",
                "cost": "0",
                "gain": "75",
                "long_term": False,
            },
        ],
        "incomplete": ["x"],
    }


def test_document__nothing_missing__disposals_alone() -> None:
    events = [event("a", "in", 0, "1", "10"), event("x", "out", 1, "1", "30")]
    assert history_document(match_history(events, rules(FIFO))).keys() == {"disposals"}
    assert history_document(match_history([], rules(FIFO))) == {"disposals": []}


def test_match__several_assets__one_pool_each() -> None:
    events = [
        event("a", "in", 1, "1", "10"),
        event("b", "in", 1, "1", "10", asset="BTC"),
        event("x", "out", 2, "1", "10", asset="BTC"),
    ]
    assert taken(match_history(events, rules(FIFO))) == [("b", "1")]


def test_match__split__half_even_and_the_last_slice_takes_the_rest() -> None:
    """AC-3, as `match_lots`: .33333333, .33333334 (of .333333335), the rest."""
    events = [event("a", "in", 1, "3", "0", "1")]
    events += [event(f"x{index}", "out", 2, "1", "0") for index in range(3)]
    costs = [item.cost for item in match_history(events, rules(FIFO)).disposals]
    assert costs == [Decimal("0.33333333"), Decimal("0.33333334"), Decimal("0.33333333")]


def test_match__cost_below_the_quantum__never_more_than_is_left() -> None:
    events = [
        event("a", "in", 1, "10", "0", "0.000000006"),
        event("x", "out", 1, "9", "0"),
        event("y", "out", 1, "1", "0"),
    ]
    costs = [item.cost for item in match_history(events, rules(FIFO)).disposals]
    assert costs == [Decimal("0.000000006"), Decimal(0)]


def test_match__numbers_of_any_scale__exact() -> None:
    tiny, many = "0." + 59 * "0" + "1", "9" * 60
    events = [event("a", "in", 1, many, tiny, tiny), event("x", "out", 1, many, many)]
    (disposal,) = match_history(events, rules(FIFO)).disposals
    assert disposal.cost == EXACT.multiply(Decimal(tiny), Decimal(10) ** 60)
    assert EXACT.add(disposal.gain, disposal.cost) == EXACT.multiply(Decimal(many), Decimal(many))


@pytest.mark.parametrize(("held", "long_term"), [(365, False), (366, True)])
def test_match__held_exactly_the_limit__not_yet_long(held: int, long_term: bool) -> None:
    events = [event("a", "in", 0, "1", "1"), event("x", "out", held, "1", "1")]
    for method in HistoryMethod:
        assert match_history(events, rules(method)).disposals[0].long_term is long_term


@pytest.mark.parametrize(
    ("price", "order"),
    [
        ("100", ["old", "new"]),  # 60 x .20 < 50 x .37, although `new` cost more
        ("60", ["new", "old"]),  # 10 x .37 < 20 x .20
        ("30", ["new", "old"]),  # the larger saving first: -20 x .37 < -10 x .20
    ],
)
def test_match__min_tax__rate_of_the_term_times_gain(price: str, order: list[str]) -> None:
    events = [
        event("old", "in", 0, "1", "40"),
        event("new", "in", 900, "1", "50"),
        event("x", "out", 1000, "2", price),
    ]
    assert [lot for lot, _ in taken(match_history(events, rules(MIN_TAX)))] == order


def test_match__min_tax__the_fee_of_the_sale_counts() -> None:
    """At 78 the long-term lot owes less (38 x .2 against 28 x .37), at 58 more (3.6, 2.96)."""
    events = [
        event("old", "in", 0, "1", "40"),
        event("new", "in", 900, "1", "50"),
        event("x", "out", 1000, "1", "78"),
    ]
    assert taken(match_history(events, rules(MIN_TAX))) == [("old", "1")]
    events[-1] = event("x", "out", 1000, "1", "78", "20")
    assert taken(match_history(events, rules(MIN_TAX))) == [("new", "1")]


def test_match__min_tax_without_rates__by_age() -> None:
    events = [*BOUGHT, event("x", "out", 369, "5", "40")]
    history = match_history(events, rules(MIN_TAX, "0", "0"))
    assert [lot for lot, _ in taken(history)] == list("abcde")


# ------------------------------------------------------------------------------------ any history
AMOUNTS = st.sampled_from(["1", "2", "0.5", "0.333333333333333333", "7"])
PRICES = st.sampled_from(["0", "1", "10", "10.01", "33.333333333", "99.9"])
FEES = st.sampled_from(["0", "0.1", "1.000000001"])
STEPS = st.sampled_from([0, 0, 1, 30, 200])
METHODS = st.sampled_from(HistoryMethod)
HISTORIES = st.lists(
    st.tuples(st.sampled_from(["in", "in", "out"]), STEPS, AMOUNTS, PRICES, FEES, st.booleans()),
    max_size=25,
)
Rows = list[tuple[str, int, str, str, str, bool]]


def events_of(rows: Rows) -> list[LotEvent]:
    day, events = 0, []
    for index, (kind, step, amount, price, fee, other) in enumerate(rows):
        day += step
        asset = "BTC" if other else "ETH"
        events.append(event(str(index), kind, day, amount, price, fee, asset))
    return events


def total(numbers: Sequence[Decimal]) -> Decimal:
    result = Decimal(0)
    for number in numbers:
        result = EXACT.add(result, number)
    return result


def value(item: LotEvent, sign: int) -> Decimal:
    product = EXACT.multiply(item.amount, item.unit_price)
    return EXACT.add(product, EXACT.multiply(Decimal(sign), item.fee))


@given(rows=HISTORIES, method=METHODS)
@settings(max_examples=150)
def test_match__any_history__ac_3_and_ac_4_hold(rows: Rows, method: HistoryMethod) -> None:
    events = events_of(rows)
    place = {item.ref: index for index, item in enumerate(events)}
    history = match_history(events, rules(method))
    assert list(dict.fromkeys(item.event for item in history.disposals)) == [
        item.ref for item in events if item.kind is EventKind.OUT
    ]
    for item in events:
        if item.kind is EventKind.OUT:
            slices = [part for part in history.disposals if part.event == item.ref]
            assert total([part.amount for part in slices]) == item.amount
            proceeds = [part.gain for part in slices] + [part.cost for part in slices]
            assert total(proceeds) == value(item, -1)
            assert [part.lot for part in slices].count(None) == (item.ref in history.incomplete)
        else:
            slices = [part for part in history.disposals if part.lot == item.ref]
            used = total([part.amount for part in slices])
            cost = total([part.cost for part in slices])
            assert used <= item.amount
            assert cost == value(item, 1) if used == item.amount else cost <= value(item, 1)
    for part in history.disposals:
        assert part.amount > 0
        assert part.cost >= 0
        if part.lot is not None:
            lot, sale = events[place[part.lot]], events[place[part.event]]
            assert (lot.kind, lot.asset) == (EventKind.IN, sale.asset)
            assert place[part.lot] < place[part.event]
            assert part.long_term == (sale.at_ns - lot.at_ns > 365 * DAY_NS)


@dataclass
class NaiveLot:
    index: int
    event: LotEvent
    left: Fraction

    @property
    def unit_cost(self) -> Fraction:
        return Fraction(value(self.event, 1)) / Fraction(self.event.amount)


def naive(events: list[LotEvent], by: HistoryRules) -> list[tuple[str, str | None, Fraction]]:
    """Sorts all open lots anew for each disposal."""

    def key(lot: NaiveLot, sale: LotEvent) -> tuple[Fraction, int]:
        age = sale.at_ns - lot.event.at_ns
        price = Fraction(value(sale, -1)) / Fraction(sale.amount)
        rate = by.long_rate if age > by.long_term_days * DAY_NS else by.short_rate
        return {
            FIFO: (Fraction(0), lot.index),
            LIFO: (Fraction(0), -lot.index),
            HIFO: (-lot.unit_cost, lot.index),
            LOFO: (lot.unit_cost, lot.index),
            MIN_TAX: (Fraction(rate) * (price - lot.unit_cost), lot.index),
        }[by.method]

    lots: list[NaiveLot] = []
    found: list[tuple[str, str | None, Fraction]] = []
    for index, item in enumerate(events):
        left = Fraction(item.amount)
        if item.kind is EventKind.IN:
            lots.append(NaiveLot(index, item, left))
            continue
        pool = [lot for lot in lots if lot.left and lot.event.asset == item.asset]
        for _, lot in sorted(((key(lot, item), lot) for lot in pool), key=lambda pair: pair[0]):
            part = min(lot.left, left)
            if part:
                found.append((item.ref, lot.event.ref, part))
            lot.left -= part
            left -= part
        if left:
            found.append((item.ref, None, left))
    return found


RATES = st.sampled_from(["0", "0.2", "0.37", "1"])


@given(rows=HISTORIES, method=METHODS, short=RATES, long=RATES)
@settings(max_examples=250)
def test_match__any_history__as_sorting_all_lots_for_each_disposal(
    rows: Rows, method: HistoryMethod, short: str, long: str
) -> None:
    events, by = events_of(rows), rules(method, short, long)
    history = match_history(events, by)
    slices = [(part.event, part.lot, Fraction(part.amount)) for part in history.disposals]
    assert slices == naive(events, by)


@given(rows=HISTORIES, other=METHODS)
@settings(max_examples=150)
def test_match__min_tax_with_one_rate__never_more_tax_than_another_method(
    rows: Rows, other: HistoryMethod
) -> None:
    """Rounding apart: each slice is off by half a quantum at most."""
    events, by = events_of(rows), rules(MIN_TAX, "0.3", "0.3")
    least = match_history(events, by)
    compared = match_history(events, rules(other, "0.3", "0.3"))
    gains = [total([part.gain for part in item.disposals]) for item in (least, compared)]
    slices = len(least.disposals) + len(compared.disposals)
    assert gains[0] <= EXACT.add(gains[1], QUANTUM * slices)


@given(rows=HISTORIES, method=METHODS)
@settings(max_examples=150)
def test_match__one_disposal__the_slices_of_the_ledger(rows: Rows, method: HistoryMethod) -> None:
    """`match_lots` books what the command shows, where costs and proceeds have 8 decimals."""
    decimals = 18
    bought = [
        event(item.ref, "in", item.at_ns // DAY_NS, str(item.amount), "10.01", str(index))
        for index, item in enumerate(events_of(rows))
        if item.kind is EventKind.IN and item.amount != Decimal("0.333333333333333333")
    ]
    lots = tuple(
        LotState(
            lot_ref=lot.ref,
            asset=Address("0x" + "e" * 40),
            units=int(lot.amount.scaleb(decimals)),
            cost_usd=value(lot, 1),
            acquired_at=lot.at_ns // 10**9,
            sequence=index,
        )
        for index, lot in enumerate(bought)
    )
    at = bought[-1].at_ns // DAY_NS + 300 if bought else 0  # some of the lots are long-term
    sale = event("x", "out", at, "3.3", "11.1", "0.1")
    shown = match_history([*bought, sale], rules(method))
    booked = match_lots(
        lots=lots,
        units=int(sale.amount.scaleb(decimals)),
        proceeds_usd=value(sale, -1),
        method=LotMethod[method.name],
        at=at * DAY,
        long_term_days=365,
        rules=LotRules(short_rate_bps=3_700, long_rate_bps=2_000),
    )
    assert [
        (part.lot, int(part.amount.scaleb(decimals)), part.cost, part.gain, part.long_term)
        for part in shown.disposals
        if part.lot is not None
    ] == [
        (part.lot_ref, part.units, part.cost_usd, part.gain_usd, part.long_term)
        for part in booked.slices
    ]
    assert bool(shown.incomplete) == booked.incomplete
