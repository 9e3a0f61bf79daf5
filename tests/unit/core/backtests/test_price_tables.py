"""Tables of prices: what is read, and that every defect is named with its line and column."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from treasury.core.backtests.price_tables import (
    Gap,
    PriceTable,
    PriceTableError,
    parse_price_table,
    time_text,
)
from treasury.core.types import Address

WETH, USDC = Address("0x" + "aB" * 20), Address("0x" + "c" * 40)
NAMES = {WETH.lower(): WETH, USDC: USDC, "WETH": WETH}
HEADER = f"time,{WETH},{USDC}"
DAYS = tuple(f"2021-01-0{day}T00:00:00Z" for day in range(1, 8))


def parsed(*lines: str) -> PriceTable:
    numbered = ((place, line.split(",")) for place, line in enumerate(lines, start=1))
    return parse_price_table(numbered, names=NAMES)


def series(days: Sequence[int]) -> PriceTable:
    return parsed(HEADER, *(f"{DAYS[day]},1,1" for day in days))


def test_table__of_addresses__exact_prices_in_the_columns_order() -> None:
    table = parsed(f"{USDC},time,{WETH.lower()}", f"1,{DAYS[0]},730.50", f"0.99,{DAYS[1]},1.2E+3")
    assert table.assets == (USDC, WETH)
    assert table.rows == ((Decimal(1), Decimal("730.50")), (Decimal("0.99"), Decimal(1200)))
    assert [time_text(at) for at in table.times_at] == list(DAYS[:2])
    assert table.of([WETH, USDC]).rows[0] == (Decimal("730.50"), Decimal(1))


def test_table__symbols_and_other_zones__the_same_assets_in_utc() -> None:
    table = parsed(
        f"time,WETH,{USDC}", "2021-01-01 02:00:00+02:00,1,1", "2021-01-01T00:00:01+00:00,1,1"
    )
    assert table.assets == (WETH, USDC)
    assert table.times_at == (1_609_459_200, 1_609_459_201)


@pytest.mark.parametrize(
    ("header", "line", "place", "message"),
    [
        (f"time,{USDC}", f"{DAYS[0]},1", f"line 1, column {WETH}", "no column for this asset"),
        (f"{HEADER},DOGE", f"{DAYS[0]},1,1,1", "line 1, column DOGE", "no asset of the policy"),
        (f"{HEADER},WETH", f"{DAYS[0]},1,1,1", "line 1, column WETH", "again"),
        (f"{HEADER},time", f"{DAYS[0]},1,1,x", "line 1, column time", "several columns"),
        (f"date,{WETH},{USDC}", f"{DAYS[0]},1,1", "line 1, column time", "no column is named"),
        (f"{HEADER},", f"{DAYS[0]},1,1,1", "line 1, column (no name)", "no asset"),
        (HEADER, f"{DAYS[0]},1,", f"line 2, column {USDC}", "no price"),
        (HEADER, f"{DAYS[0]},NaN,1", f"line 2, column {WETH}", "no decimal number"),
        (HEADER, f"{DAYS[0]},inf,1", f"line 2, column {WETH}", "no decimal number"),
        (HEADER, f"{DAYS[0]},1_000,1", f"line 2, column {WETH}", "no decimal number"),
        (HEADER, f"{DAYS[0]},0.00,1", f"line 2, column {WETH}", "the price is 0"),
        (HEADER, f"{DAYS[0]},-1,1", f"line 2, column {WETH}", "below 0"),
        (HEADER, f"{DAYS[0]},1e40,1", f"line 2, column {WETH}", "outside"),
        (HEADER, f"{DAYS[0]},1", "line 2", "2 cells under 3 columns"),
        (HEADER, "2021-01-01T00:00:00,1,1", "line 2, column time", "no zone"),
        (HEADER, "2021-01-01,1,1", "line 2, column time", "no zone"),
        (HEADER, "yesterday,1,1", "line 2, column time", "no time"),
        (HEADER, "2021-01-01T00:00:00.5Z,1,1", "line 2, column time", "whole second"),
        (HEADER, "1969-12-31T00:00:00Z,1,1", "line 2, column time", "whole second"),
        (HEADER, f"{DAYS[0]},1,1\n{DAYS[0]},1,1", "line 3, column time", "twice"),
        (HEADER, f"{DAYS[1]},1,1\n{DAYS[0]},1,1", "line 3, column time", "earlier"),
        (HEADER, f"{DAYS[1]},1,1", "line 1", "1 rows of prices"),
        ("", "", "line 1", "no header"),
    ],
)  # fmt: skip
def test_table__a_defect__named_with_its_place(
    header: str, line: str, place: str, message: str
) -> None:
    with pytest.raises(PriceTableError) as caught:
        parsed(header, *line.split("\n"))
    assert str(caught.value).startswith(f"{place}: ")
    assert message in caught.value.message


def test_table__of_nothing__no_header() -> None:
    with pytest.raises(PriceTableError, match="line 1: no header"):
        parse_price_table([], names=NAMES)


def test_gaps__a_day_missing__reported_not_filled() -> None:
    table = series([0, 1, 2, 5, 6])
    assert table.interval_seconds == 86_400
    assert table.gaps == (Gap(table.times_at[2], table.times_at[3], missing_rows=2),)
    assert len(table.rows) == 5


def test_gaps__no_regular_interval__cannot_be_told() -> None:
    table = series([0, 1, 3, 6])
    assert (table.interval_seconds, table.gaps) == (None, ())
