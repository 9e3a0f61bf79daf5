"""How pages write numbers: what rounds to nothing has no sign."""

from __future__ import annotations

from decimal import Decimal

import pytest

from governance.templatetags.amounts import duration, points, units, usd


@pytest.mark.parametrize(
    ("value", "text"),
    [("0.0125", "+1.25 pp"), ("-0.0125", "-1.25 pp"), ("-0.00004", "0.00 pp"), ("0", "0.00 pp")],
)
def test_points__rounded_to_nothing__no_sign(value: str, text: str) -> None:
    assert points(Decimal(value)) == text


def test_amounts__missing__a_dash() -> None:
    assert points(None) == usd(None) == units(None, 6) == "—"


def test_units__exact__no_zeros_at_the_end() -> None:
    assert units(1_500_000, 6) == "1.5"
    assert units(1, 18) == "0.000000000000000001"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s"),
        (59, "59 s"),
        (61, "1 min 1 s"),
        (3_600, "1 h"),
        (11_520, "3 h 12 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_duration__seconds__two_largest_units(seconds: int, text: str) -> None:
    assert duration(seconds) == text
