"""Every entry builder on random facts: AC-10, and lots that agree with the postings."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.core.test_entries import (
    ETH,
    EXECUTOR,
    OTHER,
    SAFE,
    SOURCE,
    USDC,
    VAULT,
    lots,
    moved,
    safe,
    sold,
)
from treasury.core import entries
from treasury.core.entries import ValuedUnits
from treasury.core.journal import EntryDraft
from treasury.core.lots import total_usd
from treasury.core.types import NATIVE

PRICES = st.decimals(min_value="0.000001", max_value=10**6, places=18)
UNITS = st.integers(min_value=1, max_value=10**27)
POOLS = st.lists(
    st.tuples(UNITS, st.decimals(min_value=0, max_value=10**9, places=8).map(str)), max_size=5
)


def _every_entry(
    rows: list[tuple[int, str]], units: int, other: int, price: Decimal, decimals: int
) -> list[Callable[[], EntryDraft]]:
    paid = ValuedUnits(ETH, decimals, units, price)
    spent = ValuedUnits(NATIVE, decimals, units, price)
    got = ValuedUnits(USDC, 6, other, Decimal("0.9997"))
    pool = lots(ETH, *rows)
    disposal = sold(pool, units, paid.fair_value_usd)
    move = moved(pool, units)
    return [
        lambda: entries.swap(source=SOURCE, holder=SAFE, sold=paid, bought=got, disposal=disposal),
        lambda: entries.gas(source=SOURCE, executor=EXECUTOR, spent=spent, disposal=disposal),
        lambda: entries.outflow(source=SOURCE, holder=SAFE, paid=paid, disposal=disposal),
        lambda: entries.inflow(source=SOURCE, holder=SAFE, received=paid),
        lambda: entries.suspense_in(source=SOURCE, account=safe(ETH), received=paid),
        lambda: entries.suspense_out(source=SOURCE, account=safe(ETH), units=units, disposal=move),
        lambda: entries.deposit(
            source=SOURCE,
            holder=SAFE,
            given_asset=ETH,
            given_units=units,
            share_asset=VAULT,
            share_units=other,
            disposal=move,
        ),
        lambda: entries.withdrawal(
            source=SOURCE,
            holder=SAFE,
            share_asset=ETH,
            share_units=units,
            received=got,
            principal_units=other // 2 + 1,
            disposal=move,
        ),
        lambda: entries.transfer(
            source=SOURCE,
            origin=safe(ETH),
            destination=safe(ETH, OTHER),
            units=units,
            disposal=move,
        ),
    ]


@given(rows=POOLS, units=UNITS, other=UNITS, price=PRICES, decimals=st.integers(0, 24))
@settings(max_examples=60)
def test_entries__every_builder__balances_to_0_with_8_decimals(
    rows: list[tuple[int, str]], units: int, other: int, price: Decimal, decimals: int
) -> None:
    """AC-10; and lots opened and disposed of tell the same units as the postings."""
    for build in _every_entry(rows, units, other, price, decimals):
        entry = build()
        assert total_usd(item.amount_usd for item in entry.postings) == 0
        assert all(item.amount_usd == round(item.amount_usd, 8) for item in entry.postings)
        posted = sum(item.units for item in entry.postings if item.units and item.units > 0)
        assert posted == sum(item.units for item in entry.opened)
        opened_usd = total_usd(item.cost_usd for item in entry.opened)
        debits = total_usd(
            item.amount_usd for item in entry.postings if item.units and item.units > 0
        )
        assert opened_usd == debits
        for item in entry.postings:
            assert (item.units is None) == (item.account.asset is None)
