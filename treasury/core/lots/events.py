"""A list of acquisitions and disposals, read strictly from JSON types.

`{"events": [{"id", "kind", "timestamp", "asset", "amount", "unit_price", "fee"}]}` in time order;
at one instant the order of the list counts. Numbers are decimal text (whole JSON numbers too) of
any scale; a JSON float is refused, it has already lost digits. What is wrong is named with its
place and the remedy (`RevivalError`). Not done: leap seconds as instants of their own (23:59:60
is the second after).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from treasury.core.revival import RevivalError, escape

NANOSECONDS = 10**9
DIGITS_MAX = 100
"""Characters of one number. 2^256 base units have 78 digits; more is a mistake, or an attack."""

_FIELDS = ("id", "kind", "timestamp", "asset", "amount", "unit_price", "fee")
_FIELD_SET = frozenset(_FIELDS)
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?", re.ASCII)
_UNIX = re.compile(r"(-?)([0-9]{1,12})(?:\.([0-9]{1,9}))?", re.ASCII)
_RFC_3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class EventKind(StrEnum):
    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class LotEvent:
    """An acquisition costs amount x unit_price + fee, a disposal brings amount x unit_price - fee.
    `at_ns` is the instant in nanoseconds since 1970, UTC."""

    ref: str
    kind: EventKind
    at_ns: int
    asset: str
    amount: Decimal
    unit_price: Decimal
    fee: Decimal


def parse_events(document: object) -> tuple[LotEvent, ...]:
    """The events of the document; the first problem found is raised."""
    _check_fields(document, ("events",), "")
    assert isinstance(document, Mapping)  # noqa: S101  checked above; for the type checker
    plain = document["events"]
    if not isinstance(plain, list):
        raise _wrong("/events", "an array of events", plain)
    events = tuple(_event(item, f"/events/{index}") for index, item in enumerate(plain))
    _check_sequence(events)
    return events


def instant_ns(plain: object, pointer: str) -> int:
    """Nanoseconds since 1970 of Unix seconds (number or text) or an RFC 3339 date-time."""
    if isinstance(plain, int) and not isinstance(plain, bool):
        plain = str(plain) if abs(plain) < 10**12 else "too large"
    if isinstance(plain, str):
        if unix := _UNIX.fullmatch(plain):
            sign, seconds, fraction = unix.groups()
            value = int(seconds) * NANOSECONDS + _fraction_ns(fraction)
            return -value if sign else value
        if written := _RFC_3339.fullmatch(plain):
            return _calendar_ns(written, plain, pointer)
    raise _wrong(
        pointer,
        'Unix seconds, or a date, time and offset such as "2025-03-31T12:00:00Z"',
        plain,
    )


def _calendar_ns(written: re.Match[str], plain: str, pointer: str) -> int:
    year, month, day, hour, minute, second, fraction, sign, hours, minutes = written.groups()
    leap = second == "60"
    try:
        local = datetime(
            int(year), int(month), int(day), int(hour), int(minute), int(second) - leap, tzinfo=UTC
        )
    except ValueError as error:
        raise RevivalError(
            pointer=pointer, message=f"{plain!r} is no time ({error}); mend it"
        ) from None
    if int(hours or 0) > 23 or int(minutes or 0) > 59:
        raise RevivalError(pointer=pointer, message=f"{plain!r} has no real offset; mend it")
    passed = local - _EPOCH
    offset = (int(hours or 0) * 60 + int(minutes or 0)) * 60
    seconds = passed.days * 86_400 + passed.seconds + leap + (offset if sign == "-" else -offset)
    return seconds * NANOSECONDS + _fraction_ns(fraction)


def _fraction_ns(fraction: str | None) -> int:
    return int(fraction.ljust(9, "0")) if fraction else 0


def _event(plain: Any, pointer: str) -> LotEvent:
    if not isinstance(plain, Mapping) or plain.keys() != _FIELD_SET:
        _check_fields(plain, _FIELDS, pointer)
    kind = plain["kind"]
    if kind not in ("in", "out"):
        raise RevivalError(pointer=f"{pointer}/kind", message=f'{kind!r:.80} is not "in" or "out"')
    amount = _number(plain["amount"], pointer, "amount")
    if not amount:
        raise RevivalError(
            pointer=f"{pointer}/amount", message="is 0; remove the event or write what moved"
        )
    return LotEvent(
        ref=_text(plain["id"], pointer, "id"),
        kind=EventKind.IN if kind == "in" else EventKind.OUT,
        at_ns=instant_ns(plain["timestamp"], f"{pointer}/timestamp"),
        asset=_text(plain["asset"], pointer, "asset"),
        amount=amount,
        unit_price=_number(plain["unit_price"], pointer, "unit_price"),
        fee=_number(plain["fee"], pointer, "fee"),
    )


def _text(plain: object, pointer: str, name: str) -> str:
    if not isinstance(plain, str) or not plain:
        raise _wrong(f"{pointer}/{name}", "text that is not empty", plain)
    return plain


def _number(plain: object, pointer: str, name: str) -> Decimal:
    is_number = isinstance(plain, int) and not isinstance(plain, bool)
    if isinstance(plain, str) and len(plain) <= DIGITS_MAX:
        is_number = _DECIMAL.fullmatch(plain) is not None
    if not is_number:
        raise _wrong(
            f"{pointer}/{name}",
            f'a decimal number as text of at most {DIGITS_MAX} characters, such as "12.5"',
            plain,
        )
    value = Decimal(plain)  # type: ignore[arg-type]  # text or a whole number
    if value.is_signed() and value:
        raise RevivalError(
            pointer=f"{pointer}/{name}",
            message=f"{value} is below 0; the kind says the direction, write 0 or more",
        )
    if value.adjusted() >= DIGITS_MAX:
        raise RevivalError(pointer=f"{pointer}/{name}", message="is too large; mend it")
    return value.copy_abs()  # `abs` would round to the caller's precision


def _check_sequence(events: tuple[LotEvent, ...]) -> None:
    seen: set[str] = set()
    before: LotEvent | None = None
    for index, event in enumerate(events):
        if event.ref in seen:
            raise RevivalError(
                pointer=f"/events/{index}/id",
                message=f"{event.ref!r:.80} appears twice; give each event its own id",
            )
        if before is not None and event.at_ns < before.at_ns:
            raise RevivalError(
                pointer=f"/events/{index}/timestamp",
                message="is earlier than the event before it; sort the list by time",
            )
        seen.add(event.ref)
        before = event


def _check_fields(plain: object, names: tuple[str, ...], pointer: str) -> None:
    if not isinstance(plain, Mapping):
        raise _wrong(pointer, f"an object with {', '.join(names)}", plain)
    for name in plain:
        if name not in names:
            raise RevivalError(
                pointer=f"{pointer}/{escape(name)}",
                message=f"unknown field; remove it or use one of: {', '.join(names)}",
            )
    for name in names:
        if name not in plain:
            raise RevivalError(pointer=f"{pointer}/{name}", message="missing field; add it")


def _wrong(pointer: str, expected: str, found: object) -> RevivalError:
    return RevivalError(
        pointer=pointer,
        message=f"expected {expected}; found {type(found).__name__} {found!r:.80}; write it so",
    )
