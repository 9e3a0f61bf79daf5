from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from treasury.core.lots import EventKind, LotEvent, parse_events
from treasury.core.lots.events import instant_ns
from treasury.core.revival import RevivalError

SECOND = 10**9


def event(**changes: Any) -> dict[str, Any]:
    base = {
        "id": "a",
        "kind": "in",
        "timestamp": "2025-03-31T12:00:00Z",
        "asset": "ETH",
        "amount": "1.5",
        "unit_price": "2000",
        "fee": "0",
    }
    return {**base, **changes}


def refused(document: object) -> RevivalError:
    with pytest.raises(RevivalError) as caught:
        parse_events(document)
    return caught.value


def test_parse__event__as_written() -> None:
    assert parse_events({"events": [event()]}) == (
        LotEvent(
            ref="a",
            kind=EventKind.IN,
            at_ns=1_743_422_400 * SECOND,
            asset="ETH",
            amount=Decimal("1.5"),
            unit_price=Decimal(2000),
            fee=Decimal(0),
        ),
    )


def test_parse__nothing_happened__no_events() -> None:
    assert parse_events({"events": []}) == ()


@pytest.mark.parametrize(
    ("written", "nanoseconds"),
    [
        (0, 0),
        (-1, -SECOND),
        ("1700000000", 1_700_000_000 * SECOND),
        ("-1.5", -1_500_000_000),
        ("1.000000001", SECOND + 1),
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t01:00:00.25+01:00", 250_000_000),
        ("1969-12-31 23:00:00-01:00", 0),
        ("1969-12-31T23:59:59.5Z", -500_000_000),
        ("0001-01-01T00:00:00+23:59", -62_135_683_140 * SECOND),
        ("2016-12-31T23:59:60Z", 1_483_228_800 * SECOND),
    ],
)
def test_instant__every_way_to_write_it__exact(written: object, nanoseconds: int) -> None:
    assert instant_ns(written, "/t") == nanoseconds


@pytest.mark.parametrize(
    "written",
    [
        1.5,
        True,
        None,
        "",
        "2025-03-31",
        "2025-03-31T12:00:00",
        "2025-02-30T12:00:00Z",
        "2025-03-31T24:00:00Z",
        "0000-01-01T00:00:00Z",
        "2025-03-31T12:00:00+24:00",
        "2025-03-31T12:00:00Z\n",
        "٢025-03-31T12:00:00Z",
        "1e9",
        10**13,
    ],
)
def test_instant__no_time__refused_with_its_place(written: object) -> None:
    assert refused({"events": [event(timestamp=written)]}).pointer == "/events/0/timestamp"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("amount", 1.5),
        ("amount", True),
        ("amount", None),
        ("amount", "0"),
        ("amount", "-1"),
        ("amount", "NaN"),
        ("amount", "Infinity"),
        ("amount", "1,5"),
        ("amount", " 1"),
        ("amount", ".5"),
        ("amount", "1e999"),
        ("amount", "1" * 101),
        ("amount", "1" * 60 + "e99"),
        ("amount", 10**100),
        ("unit_price", "-0.01"),
        ("unit_price", "٣"),
        ("fee", "-1"),
        ("fee", {}),
        ("id", ""),
        ("id", 7),
        ("asset", None),
        ("kind", "buy"),
        ("kind", []),
        ("kind", "IN"),
    ],
)
def test_parse__wrong_value__refused_with_its_place(name: str, written: object) -> None:
    good = event(id="good")
    assert refused({"events": [good, event(**{name: written})]}).pointer == f"/events/1/{name}"


@pytest.mark.parametrize("name", sorted(event()))
def test_parse__field_missing__refused_with_its_place(name: str) -> None:
    short = {key: value for key, value in event().items() if key != name}
    assert refused({"events": [short]}).pointer == f"/events/0/{name}"


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ([], ""),
        (None, ""),
        ({}, "/events"),
        ({"events": {}}, "/events"),
        ({"events": [], "a/b": 1}, "/a~1b"),
        ({"events": ["x"]}, "/events/0"),
        ({"events": [event(note="x")]}, "/events/0/note"),
        ({"events": [event(), event()]}, "/events/1/id"),
        ({"events": [event(timestamp=2), event(id="b", timestamp=1)]}, "/events/1/timestamp"),
    ],
)
def test_parse__wrong_shape__refused_with_its_place(document: object, pointer: str) -> None:
    assert refused(document).pointer == pointer


@pytest.mark.parametrize(
    ("written", "number"),
    [("1e-8", "0.00000001"), ("007.50", "7.5"), (3, "3"), ("1" * 100, "1" * 100)],
)
def test_parse__number_of_any_scale__exact(written: object, number: str) -> None:
    assert parse_events({"events": [event(amount=written)]})[0].amount == Decimal(number)


def test_parse__minus_zero__is_zero() -> None:
    assert str(parse_events({"events": [event(fee="-0")]})[0].fee) == "0"
