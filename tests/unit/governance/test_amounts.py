"""How pages write numbers and addresses: what rounds to nothing has no sign."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from governance.templatetags.amounts import (
    duration,
    in_fours,
    points,
    reading,
    roughly,
    unbroken,
    units,
    usd,
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("941.281 bps", "9.41 %"),
        ("200 bps in 2 samples", "2 % in 2 samples"),
        ("5000000000 wei", "5 gwei"),
        ("1500000000 wei", "1.5 gwei"),
        ("21001.54363266 USD", "21,001.54 USD"),
        ("21600 s", "6 hours"),
        ("as pinned", "as pinned"),
        ("3 failures in a row", "3 failures in a row"),
    ],
)
def test_reading__of_a_rule__in_units_that_people_use(text: str, said: str) -> None:
    assert reading(text) == said


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


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (96_003_885_569_405_758_203_584, "96,003.885569"),
        (10**18, "1"),
        (1_999_999_999_999_999_999, "1.999999"),
        (1, "0"),
    ],
)
def test_roughly__six_digits_rounded_down__all_of_them_beside_it(value: int, shown: str) -> None:
    text = roughly(value, 18)
    assert text == f'<span title="{units(value, 18)}">{shown}</span>'


def test_in_fours__an_address__whole_in_order_and_never_as_markup() -> None:
    address = "0x25ad42D1C8dC2BEb6Ee79eC9D53534e1db4F625f"
    text = in_fours(address)
    groups = re.findall(r"<span>([^<]*)</span>", text)
    assert "".join(groups) == address
    assert {len(group) for group in groups[1:]} == {4}
    assert "<script>" not in in_fours("<script>")


def test_unbroken__per_cent__stays_with_its_number() -> None:
    assert unbroken("45.98 % (band 43-49 %)") == "45.98\u00a0% (band 43-49\u00a0%)"
