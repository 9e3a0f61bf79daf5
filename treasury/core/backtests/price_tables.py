"""Prices over time from a table of text: `time` and one column per asset, one row per time (BT-2).

Strict: what is missing, doubled, out of order or no price above 0 is an error with its line and
column (`PriceTableError`), and nothing is filled. Times are ISO 8601 with an offset, whole seconds,
kept as Unix seconds. A series is regular when more than half of its steps are equal; then a longer
step is a gap. Not done: gas and depth columns, several files, interpolation.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

from treasury.core.types import Address

TIME = "time"
PRICE_LIMIT = Decimal(10) ** 30
PRICE_LEAST = Decimal(10) ** -30
"""Far beyond any price, and near enough that no product loses a digit."""
CELLS_MAX = 20_000_000
"""A year of minutes for 38 assets. More is more memory than a machine lends to one command."""
SECONDS_MAX = 253_402_300_799
SHOWN = 60

_NUMBER = re.compile(r"[0-9]{1,40}(\.[0-9]{1,60})?([eE][+-]?[0-9]{1,2})?", re.ASCII)


class PriceTableError(ValueError):
    """The table is not one. `line` counts from 1, the header included; `column` is its name, "" for
    the whole line; `message` says what is wrong and how to mend it."""

    def __init__(self, line: int, column: str, message: str) -> None:
        place = f"line {line}, column {column}" if column else f"line {line}"
        super().__init__(f"{place}: {message}")
        self.line = line
        self.column = column
        self.message = message


@dataclass(frozen=True, slots=True)
class Gap:
    """Rows missing between two times of a regular series."""

    after_at: int
    before_at: int
    missing_rows: int


@dataclass(frozen=True, slots=True)
class PriceTable:
    """`rows[r][i]` is the price of `assets[i]` at `times_at[r]`, USD per whole token, above 0.
    `interval_seconds` None: the times keep no regular interval, so gaps cannot be told."""

    assets: tuple[Address, ...]
    times_at: tuple[int, ...]
    rows: tuple[tuple[Decimal, ...], ...]
    interval_seconds: int | None
    gaps: tuple[Gap, ...]

    def of(self, assets: Sequence[Address]) -> PriceTable:
        """The same prices with the columns in this order; each must be there (ValueError)."""
        order = [self.assets.index(asset) for asset in assets]
        rows = tuple(tuple(row[place] for place in order) for row in self.rows)
        return replace(self, assets=tuple(assets), rows=rows)


def parse_price_table(
    lines: Iterable[tuple[int, Sequence[str]]], *, names: Mapping[str, Address]
) -> PriceTable:
    """The table of numbered lines of cells, the header first. `names` are the accepted column
    names: lower-case addresses and symbols. Every asset of it needs exactly one column."""
    numbered = iter(lines)
    header_line, header = next(numbered, (1, ()))
    if not any(cell.strip() for cell in header):
        raise PriceTableError(header_line, "", "no header; write time and one column per asset")
    time_place, places = _columns(header_line, [cell.strip() for cell in header], names)
    times: list[int] = []
    rows: list[tuple[Decimal, ...]] = []
    for line, cells in numbered:
        if len(cells) != len(header):
            message = f"{len(cells)} cells under {len(header)} columns; write one value for each"
            raise PriceTableError(line, "", message)
        at = _time(line, cells[time_place].strip())
        if times and at <= times[-1]:
            what = "appears twice" if at == times[-1] else "is earlier than the line before"
            message = f"{cells[time_place].strip()} {what}; one line per time, in order"
            raise PriceTableError(line, TIME, message)
        times.append(at)
        rows.append(
            tuple(_price(line, header[place].strip(), cells[place].strip()) for place in places)
        )
        if len(rows) * len(header) > CELLS_MAX:
            raise PriceTableError(line, "", f"more than {CELLS_MAX} cells; split the file")
    if len(rows) < 2:
        message = f"{len(rows)} rows of prices; a back-test needs two times at least"
        raise PriceTableError(header_line, "", message)
    interval = _interval(times)
    return PriceTable(
        assets=tuple(names[_key(header[place])] for place in places),
        times_at=tuple(times),
        rows=tuple(rows),
        interval_seconds=interval,
        gaps=tuple(_gaps(times, interval)),
    )


def time_text(at: int) -> str:
    """Unix seconds as ISO 8601 in UTC: 2021-01-01T00:00:00Z."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _key(cell: str) -> str:
    """Addresses are found whatever their case; symbols as they are written."""
    text = cell.strip()
    return text.lower() if text[:2].lower() == "0x" else text


def _columns(
    line: int, header: Sequence[str], names: Mapping[str, Address]
) -> tuple[int, list[int]]:
    if header.count(TIME) != 1:
        found = "several columns are" if TIME in header else "no column is"
        raise PriceTableError(line, TIME, f"{found} named {TIME}; name one of them so")
    places: list[int] = []
    seen: dict[Address, str] = {}
    for place, name in enumerate(header):
        if name == TIME:
            continue
        asset = names.get(_key(name))
        if asset is None:
            shown = name[:SHOWN] or "(no name)"
            raise PriceTableError(
                line, shown, "is no asset of the policy; remove it, or write the asset's address "
                "or a symbol that the policy file names"
            )  # fmt: skip
        if asset in seen:
            message = f"is the asset of column {seen[asset]} again; remove one of them"
            raise PriceTableError(line, name, message)
        seen[asset] = name
        places.append(place)
    for asset in dict.fromkeys(names.values()):
        if asset not in seen:
            raise PriceTableError(line, asset, "no column for this asset of the policy; add it")
    return header.index(TIME), places


def _time(line: int, text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text[:SHOWN]!r} is no time; write ISO 8601 such as 2021-01-01T00:00:00Z"
        raise PriceTableError(line, TIME, message) from None
    if moment.tzinfo is None:
        message = f"{text[:SHOWN]!r} has no zone; write UTC such as 2021-01-01T00:00:00Z"
        raise PriceTableError(line, TIME, message)
    if moment.microsecond or not 0 <= moment.timestamp() <= SECONDS_MAX:
        message = f"{text[:SHOWN]!r} is no whole second from 1970 on; round it"
        raise PriceTableError(line, TIME, message)
    return int(moment.timestamp())


def _price(line: int, column: str, text: str) -> Decimal:
    if not text:
        message = "no price; add it, or take the whole line out (nothing is filled in)"
        raise PriceTableError(line, column, message)
    if text[0] == "-" and _NUMBER.fullmatch(text[1:]):
        raise PriceTableError(line, column, f"{text[:SHOWN]} is below 0; a price is above 0")
    if not _NUMBER.fullmatch(text):
        message = f"{text[:SHOWN]!r} is no decimal number; write one such as 1234.5"
        raise PriceTableError(line, column, message)
    price = Decimal(text)
    if price == 0:
        raise PriceTableError(line, column, "the price is 0; a price is above 0")
    if not PRICE_LEAST <= price <= PRICE_LIMIT:
        message = f"{text[:SHOWN]} is outside 1e-30..1e30; check the unit (USD per whole token)"
        raise PriceTableError(line, column, message)
    return price


def _interval(times: Sequence[int]) -> int | None:
    steps = Counter(after - before for before, after in pairwise(times))
    step, count = min(steps.items(), key=lambda item: (-item[1], item[0]))
    return step if 2 * count > steps.total() else None


def _gaps(times: Sequence[int], interval: int | None) -> Iterator[Gap]:
    if interval is None:
        return
    for before, after in pairwise(times):
        if after - before > interval:
            yield Gap(before, after, max(1, (after - before + interval // 2) // interval - 1))
