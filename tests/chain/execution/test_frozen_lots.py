"""The lots that were frozen before anybody signed are the ones that are booked, or nobody's."""

from __future__ import annotations

from decimal import Decimal

from django.db import connection

from execution.models import Break, SafeTransaction
from execution.selectors.frozen_lots import lots_gone
from execution.selectors.plans import plan_by_id, plan_value
from execution.services.checking_books import check_books
from execution.services.preparing import PreparedPlan
from tests.chain.execution.world import World
from treasury.core.lots import GoneLot
from treasury.core.types import Address, LotSlice
from treasury.models import JournalEntry, Lot
from treasury.selectors.lots import open_lots
from treasury.services.snapshots import take_snapshot

MILLION = 10**6  # units of one USDC


def signed(world: World, prepared: PreparedPlan) -> SafeTransaction:
    stx = world.open(prepared)
    world.confirm(stx, "owner1", "owner2", "owner3")
    return stx


def slices(world: World, prepared: PreparedPlan) -> list[list[LotSlice]]:
    """Of each leg."""
    assert prepared.plan_id is not None, prepared.error
    return [list(leg.lots) for leg in plan_value(plan_by_id(prepared.plan_id)).legs]


def swap(world: World, sell: str, buy: str, amount: int) -> PreparedPlan:
    prepared = world.prepare("reserve", [world.trade("uniswap_v3", sell, buy, amount)])
    assert prepared.ok, prepared.error
    return prepared


def gone(world: World, prepared: PreparedPlan) -> tuple[GoneLot, ...]:
    assert prepared.plan_id is not None
    return lots_gone(plan_value(plan_by_id(prepared.plan_id)), treasury_id=world.treasury.id)


def usdc_lots(world: World) -> list[Lot]:
    return list(
        Lot.objects.filter(
            asset=world.assets["USDC"], holder=world.safe("main"), units_left__gt=0
        ).order_by("sequence")
    )


def assert_books_equal_chain(world: World) -> None:
    snapshot = take_snapshot(treasury_id=world.treasury.id, block=world.head(), rpc_url=world.url)
    assert check_books(treasury_id=world.treasury.id, snapshot_id=snapshot.id) == []
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_two_plans_on_one_lot__the_second_takes_what_is_left_and_no_other_lot(
    world: World,
) -> None:
    more = swap(world, "DAI", "USDC", 200_000)
    assert world.execute(more, signed(world, more)).state == "RECONCILED"
    opening, bought = usdc_lots(world)
    most = opening.units * 11 // 20 // MILLION
    one, two = swap(world, "USDC", "WETH", most), swap(world, "USDC", "DAI", most)
    first, second = signed(world, one), signed(world, two)
    assert gone(world, one) == gone(world, two) == ()
    done = world.execute(one, first)
    assert (done.state, done.breaks.count()) == ("RECONCILED", 0)
    left = opening.units - most * MILLION
    assert gone(world, two) == (GoneLot(opening.lot_ref, most * MILLION, left),)

    row = world.execute(two, second)
    assert row.state == "RECONCILED", row.state_reason
    (found,) = Break.objects.filter(transaction=row)
    assert (found.kind, found.holder, found.asset) == (
        "LOTS",
        world.safe("main"),
        world.assets["USDC"],
    )
    assert (found.expected_units, found.actual_units) == (most * MILLION, left)
    assert opening.lot_ref in found.reason
    entry = JournalEntry.objects.get(tx_hash=row.mined_tx_hash, kind="SWAP")
    assert entry.cost_basis_incomplete
    (part,) = entry.disposals.all()
    assert (part.lot_id, part.units) == (opening.pk, left)
    bought.refresh_from_db()
    assert bought.units_left == bought.units
    assert_books_equal_chain(world)


def test_deposit__moves_lots__frozen_at_their_cost_without_a_gain(world: World) -> None:
    """What signers see is what is booked: a swap gains, a deposit carries its cost over (AC-5)."""
    trades = [
        world.trade("uniswap_v3", "DAI", "USDC", 1_000),
        world.trade("erc4626", "USDC", "vUSDC", 500),
    ]
    sold, moved = slices(world, world.prepare("yield", trades))
    assert sum(lot.proceeds_usd for lot in sold) == trades[0].value_usd
    assert sum(lot.cost_usd for lot in moved) > trades[1].value_usd
    assert {lot.gain_usd for lot in moved} == {Decimal(0)}


def test_lot_that_came_after_the_choice__is_not_booked(world: World) -> None:
    """FIFO at booking would take it: it was acquired earlier than the one that was frozen."""
    (opening,) = usdc_lots(world)
    plan = swap(world, "USDC", "WETH", 1_000)
    waiting = signed(world, plan)
    Lot.objects.create(
        treasury=world.treasury,
        lot_ref="older",
        holder=world.safe("main"),
        asset=world.assets["USDC"],
        units=10**12,
        cost_usd=Decimal(1),
        units_left=10**12,
        cost_left_usd=Decimal(1),
        acquired_at=opening.acquired_at - 1,
        sequence=10**6,
        entry=opening.entry,
    )
    pool = open_lots(
        treasury_id=world.treasury.id,
        holder=world.safe("main"),
        asset=Address(world.assets["USDC"].address),
    )
    assert pool[0].lot_ref == "older"
    row = world.execute(plan, waiting)
    assert (row.state, row.breaks.count()) == ("RECONCILED", 0)
    entry = JournalEntry.objects.get(tx_hash=row.mined_tx_hash, kind="SWAP")
    assert [part.lot_id for part in entry.disposals.all()] == [opening.pk]
    assert not entry.cost_basis_incomplete
