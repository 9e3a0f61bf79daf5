"""DE-14: what comes in buys what lacks most, what goes out is raised where there is most."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.engine.tiers import A, B, C
from treasury.core.types import Address
from treasury.engine.sizing.cash_flow import drain, fill

ASSETS = (A, B, C)
NOISE = Decimal("1e-15")
"""The sums below are taken with 28 digits."""


def named(*numbers: str) -> dict[Address, Decimal]:
    return dict(zip(ASSETS, map(Decimal, numbers), strict=False))


@pytest.mark.parametrize(
    ("held", "targets", "amount", "bought"),
    [
        (("70", "30"), ("0.5", "0.5"), 20, ("0", "20")),
        (("700", "150", "50"), ("0.5", "0.3", "0.2"), 200, ("0", "90", "110")),
        (("500", "300", "200"), ("0.5", "0.3", "0.2"), 100, ("50", "30", "20")),
        (("1", "0", "0"), ("1", "0", "0"), 5, ("5", "0", "0")),
        (("1", "2", "0"), ("0", "0", "0"), 5, ("5", "0", "0")),
    ],
)
def test_fill__vectors__lowest_ratios_come_up_to_one_level(
    held: tuple[str, ...], targets: tuple[str, ...], amount: int, bought: tuple[str, ...]
) -> None:
    assert fill(named(*held), named(*targets), Decimal(amount)) == named(*bought)


@pytest.mark.parametrize(
    ("held", "targets", "amount", "sold"),
    [
        (("700", "200", "100"), ("0.5", "0.3", "0.2"), 100, ("100", "0", "0")),
        (("500", "300", "200"), ("0.5", "0.3", "0.2"), 100, ("50", "30", "20")),
        (("50", "50", "10"), ("0.5", "0.5", "0"), 20, ("5", "5", "10")),
        (("50", "50", "10"), ("0.5", "0.5", "0"), 5, ("0", "0", "5")),
        (("1", "1", "1"), ("0.5", "0.3", "0.2"), 9, ("1", "1", "1")),
    ],
)
def test_drain__vectors__unwanted_first_then_highest_ratios(
    held: tuple[str, ...], targets: tuple[str, ...], amount: int, sold: tuple[str, ...]
) -> None:
    assert drain(named(*held), named(*targets), Decimal(amount)) == named(*sold)


amounts: st.SearchStrategy[Decimal] = st.integers(0, 10**9).map(Decimal)
weights: st.SearchStrategy[dict[Address, Decimal]] = st.lists(
    st.integers(0, 10), min_size=3, max_size=3
).map(lambda parts: dict(zip(ASSETS, (Decimal(part) / 10 for part in parts), strict=True)))
values: st.SearchStrategy[dict[Address, Decimal]] = st.lists(amounts, min_size=3, max_size=3).map(
    lambda parts: dict(zip(ASSETS, parts, strict=True))
)


@given(held=values, targets=weights, amount=amounts)
def test_fill__any__buys_exactly_so_much_and_never_lifts_one_above_the_level(
    held: dict[Address, Decimal], targets: dict[Address, Decimal], amount: Decimal
) -> None:
    bought = fill(held, targets, amount)
    assert abs(sum(bought.values()) - amount) < NOISE
    assert all(part >= -Decimal("1e-60") for part in bought.values())
    ratios = {
        asset: (held[asset] + bought[asset]) / targets[asset] for asset in held if targets[asset]
    }
    for asset, ratio in ratios.items():
        if bought[asset] > Decimal("1e-9"):
            assert ratio <= min(ratios.values()) + Decimal("1e-6")


@given(held=values, targets=weights, amount=amounts)
def test_drain__any__sells_exactly_so_much_of_what_is_there(
    held: dict[Address, Decimal], targets: dict[Address, Decimal], amount: Decimal
) -> None:
    sold = drain(held, targets, amount)
    there = sum(held.values(), Decimal(0))
    assert abs(sum(sold.values(), Decimal(0)) - min(amount, there)) < NOISE
    assert all(-Decimal("1e-60") <= sold[asset] <= held[asset] + Decimal("1e-60") for asset in held)
