"""Charts as text: escaped, described, without style, and right at the edges."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.templatetags import charts
from treasury.core.drift import AssetDrift
from treasury.core.types import Address

A = Address("0x" + "a" * 40)
SHARE = st.decimals(min_value=0, max_value=1, places=6, allow_nan=False)


@dataclass(frozen=True)
class Sample:
    at: int
    block: int
    nav_usd: Decimal | None


def drift(weight: str, target: str = "0.4", half: str = "0.05") -> AssetDrift:
    return AssetDrift(A, Decimal(weight), Decimal(target), Decimal(half))


def parsed(markup: str) -> Element:
    return fromstring(markup)  # noqa: S314  our own markup


@pytest.mark.parametrize(
    ("weight", "shape", "place"),
    [
        ("0.4", "circle", "120"),
        ("0.45", "circle", "176"),
        ("0.9", "polygon", ""),
        ("0", "polygon", ""),
    ],
)
def test_band__mark__stands_where_the_weight_is(weight: str, shape: str, place: str) -> None:
    svg = parsed(charts.band_chart("WETH", drift(weight)))
    (mark,) = svg.findall("*[@class='mark']")
    assert mark.tag == shape
    assert mark.get("cx", "") == place


def test_band__words__say_all_that_the_picture_says() -> None:
    said = parsed(charts.band_chart("WETH", drift("0.4601"))).findtext("title")
    assert said == "WETH 46.01 %, target 40.00 %, band 35.00 % to 45.00 %: outside"


def test_band__no_width__is_outside_as_soon_as_it_moves() -> None:
    assert 'class="chart band in"' in charts.band_chart("X", drift("0.4", half="0"))
    assert 'class="chart band out"' in charts.band_chart("X", drift("0.41", half="0"))


@given(weight=SHARE, target=SHARE, half=SHARE)
def test_band__any_numbers__stays_within_its_frame(
    weight: Decimal, target: Decimal, half: Decimal
) -> None:
    svg = parsed(charts.band_chart("X", AssetDrift(A, weight, target, half)))
    numbers = [
        Decimal(n)
        for n in re.findall(
            r'c?x="(-?[\d.]+)"', charts.band_chart("X", AssetDrift(A, weight, target, half))
        )
    ]
    assert all(Decimal(-1) <= number <= charts.BAND_WIDTH for number in numbers)
    assert svg.get("role") == "img"


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><b onload=x>', "a & b"])
def test_any_chart__names_from_outside__are_escaped(name: str) -> None:
    samples = [Sample(0, 1, Decimal(1)), Sample(9, 2, Decimal(2))]
    for markup in (
        charts.band_chart(name, drift("0.4")),
        charts.donut(name, [(name, Decimal(1))]),
        charts.sparkline(name, [Decimal(1), Decimal(2)]),
    ):
        assert name not in markup
        assert "style=" not in markup
        parsed(markup)
    assert charts.line_chart(name, samples)["label"] == name


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=20).filter(any))
def test_donut__rings__make_up_the_whole(values: list[int]) -> None:
    markup = charts.donut("Allocation", [(str(n), Decimal(v)) for n, v in enumerate(values)])
    shares = [Decimal(part) for part in re.findall(r'stroke-dasharray="([\d.]+) ', markup)]
    assert len(shares) == len(values)
    assert abs(sum(shares, Decimal(0)) - 100) <= Decimal("0.01") * len(values)


def test_donut__nothing__says_so() -> None:
    assert "nothing to share out" in charts.donut("Allocation", [])


def test_line__a_missing_price__is_a_gap_and_not_a_zero() -> None:
    samples = [Sample(n, n, None if n == 2 else Decimal(100 + n)) for n in range(5)]
    found = charts.line_chart("Value", samples)
    assert str(found["lines"]).count("<polyline") == 2
    assert (found["gaps"], found["points"]) == (1, 4)
    assert found["lowest"].nav_usd == 100


def test_line__one_value__is_no_line() -> None:
    assert charts.line_chart("Value", [Sample(0, 0, Decimal(1))]) == {"label": "Value", "points": 1}


def test_line__nothing_moved__is_drawn_in_the_middle() -> None:
    found = charts.line_chart("Value", [Sample(n, n, Decimal(500)) for n in range(3)])
    assert found["levels"][1] == 500
