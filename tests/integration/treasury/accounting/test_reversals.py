"""Reversals restore balances, lots, costs and dates; then the same fact may be booked again."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.integration.treasury.accounting.books import (
    BLOCK,
    WETH_UNIT,
    balances,
    counts,
    lots,
    post,
    purchase,
    safe_of,
    sale,
    source,
    tx,
)
from tests.integration.treasury.sql import check_deferred
from tests.integration.treasury.world import ACTOR, World
from treasury.core.entries import transfer
from treasury.core.entries.drafting import safe_account
from treasury.core.journal import EntryDraft
from treasury.core.lots import at_cost, match_lots
from treasury.core.policies import LotMethod
from treasury.core.types import Address, LotState
from treasury.models import (
    JournalEntry,
    OutboxEvent,
)
from treasury.selectors.lots import booked_units
from treasury.services.ledger import (
    UnableToReverseError,
    reverse_entries,
)

pytestmark = pytest.mark.django_db


def reverse(world: World, number: int) -> list[JournalEntry]:
    return reverse_entries(
        treasury_id=world.treasury.id, tx_hash=tx(number), actor=ACTOR, block=BLOCK
    )


def test_a_reversal_restores_balances_lots_costs_and_dates(bare_world: World) -> None:
    post(
        bare_world,
        purchase(bare_world, 1, 5 * WETH_UNIT, "2000"),
        purchase(bare_world, 2, 5 * WETH_UNIT, "2500", at=BLOCK.timestamp + 60),
    )
    before = (lots(bare_world), booked_units(treasury_id=bare_world.treasury.id))
    money = balances(bare_world)
    [sold] = post(bare_world, sale(bare_world, 3, 6 * WETH_UNIT, "3500"))
    [reversal] = reverse(bare_world, 3)
    check_deferred()
    units = booked_units(treasury_id=bare_world.treasury.id)
    assert reversal.reverses == sold
    assert {key: value for key, value in units.items() if value} == before[1]
    assert {code: value for code, value in balances(bare_world).items() if value} == money
    merged: dict[int, tuple[int, Decimal]] = {}
    for count, cost, acquired_at in lots(bare_world):
        earlier = merged.get(acquired_at, (0, Decimal(0)))
        merged[acquired_at] = (earlier[0] + count, earlier[1] + cost)
    assert merged == {acquired_at: (count, cost) for count, cost, acquired_at in before[0]}
    assert lots(bare_world, "USDC") == []
    events = OutboxEvent.objects.order_by("id").values_list("kind", flat=True)
    assert list(events) == [*["journal_entry.posted"] * 3, "journal_entry.reversed"]


def test_a_reversal_happens_once_and_the_fact_may_come_again(bare_world: World) -> None:
    post(bare_world, purchase(bare_world, 1, 5 * WETH_UNIT, "2000"))
    draft = sale(bare_world, 2, 5 * WETH_UNIT, "3000")
    post(bare_world, draft)
    assert len(reverse(bare_world, 2)) == 1
    before = counts()
    assert reverse(bare_world, 2) == []
    assert counts() == before
    [again] = post(bare_world, sale(bare_world, 2, 5 * WETH_UNIT, "3000"))
    assert again.external_ref == f"{draft.external_ref}#2"
    assert post(bare_world, draft) == [again]
    assert lots(bare_world) == []
    [second] = reverse(bare_world, 2)
    assert second.reverses == again
    check_deferred()
    assert [units for units, _, _ in lots(bare_world)] == [5 * WETH_UNIT]


def test_one_transaction_with_entries_that_use_each_others_lots(bare_world: World) -> None:
    """Bought and moved in one transaction, reversed, mined again: later drafts find renamed
    lots."""
    bought = purchase(bare_world, 1, 5 * WETH_UNIT, "2000")
    taken = match_lots(
        lots=_as_states(bought),
        units=2 * WETH_UNIT,
        proceeds_usd=Decimal(0),
        method=LotMethod.FIFO,
        at=BLOCK.timestamp,
        long_term_days=365,
    )
    moved = transfer(
        source=source(bare_world, 1, log=1),
        origin=safe_account(safe_of(bare_world), bare_world.address("WETH")),
        destination=safe_account(
            Address(bare_world.safes["main"].address), bare_world.address("WETH")
        ),
        units=2 * WETH_UNIT,
        disposal=at_cost(taken),
    )
    for _ in range(3):
        post(bare_world, bought, moved)
        check_deferred()
        assert [units for units, _, _ in lots(bare_world)] == [3 * WETH_UNIT]
        reversals = reverse(bare_world, 1)
        check_deferred()
        assert len(reversals) == 2
        assert lots(bare_world) == []
        assert set(booked_units(treasury_id=bare_world.treasury.id).values()) == {0}


def _as_states(draft: EntryDraft) -> tuple[LotState, ...]:
    return tuple(
        LotState(lot.lot_ref, lot.asset, lot.units, lot.cost_usd, lot.acquired_at, 1)
        for lot in draft.opened
    )


def test_an_entry_whose_lots_went_on_cannot_be_reversed_first(bare_world: World) -> None:
    post(bare_world, purchase(bare_world, 1, 5 * WETH_UNIT, "2000"))
    post(bare_world, sale(bare_world, 2, WETH_UNIT, "3000"))
    before = counts()
    with pytest.raises(UnableToReverseError, match="reverse first: entries 2"):
        reverse(bare_world, 1)
    assert counts() == before
    reverse(bare_world, 2)
    reverse(bare_world, 1)
    check_deferred()
    assert lots(bare_world) == []
