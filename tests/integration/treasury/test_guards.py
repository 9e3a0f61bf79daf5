"""What the database refuses by itself, to its owner as well; and that nothing changed
afterwards."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, ProgrammingError, connection, transaction

from tests.integration.treasury.books import BLOCK, WETH_UNIT, post, purchase, sale
from tests.integration.treasury.sql import check_deferred, execute, rows
from tests.integration.treasury.world import ACTOR, World, context, publish_core_policy
from treasury.models import Account, Disposal, JournalEntry, Lot, OutboxEvent, Posting
from treasury.services.decisions import decide_tier
from treasury.services.record import (
    OutsideTransactionError,
    emit_event,
    record_audit,
    relay_events,
)
from treasury.services.snapshots import take_snapshot

pytestmark = pytest.mark.django_db

APPEND_ONLY = (
    "treasury_policyversion",
    "treasury_price",
    "treasury_priceobservation",
    "treasury_snapshot",
    "treasury_position",
    "treasury_tiernav",
    "treasury_decision",
    "treasury_journalentry",
    "treasury_posting",
    "treasury_disposal",
    "audit_event",
)


@pytest.fixture
def full_world(world: World) -> World:
    """At least one row in every append-only table."""
    publish_core_policy(world)
    head = world.head()
    snapshot = take_snapshot(treasury_id=world.treasury.id, block=head, rpc_url=world.url)
    decide_tier(
        tier_id=world.core.id,
        snapshot_id=snapshot.id,
        context=context(world),
        actor=ACTOR,
    )
    post(world, purchase(world, 1, 5 * WETH_UNIT, "2000"))
    post(world, sale(world, 2, 2 * WETH_UNIT, "3000"))
    check_deferred()
    return world


def refused(error: type[DatabaseError], match: str, statement: str) -> None:
    with pytest.raises(error, match=match), transaction.atomic():
        execute(statement)
        check_deferred()


@pytest.mark.usefixtures("full_world")
def test_records_are_append_only_for_their_owner() -> None:
    for table in APPEND_ONLY:
        before = rows(f"SELECT * FROM {table} ORDER BY id")
        assert before, table
        for statement in (
            f"UPDATE {table} SET id = id",
            f"DELETE FROM {table}",
            f"TRUNCATE {table} CASCADE",
        ):
            refused(ProgrammingError, "append-only", statement)
        assert rows(f"SELECT * FROM {table} ORDER BY id") == before


@pytest.mark.usefixtures("full_world", "as_application")
def test_the_application_has_no_right_to_change_records() -> None:
    for table in APPEND_ONLY:
        for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}"):
            refused(ProgrammingError, "permission denied", statement)
    refused(ProgrammingError, "permission denied", "DELETE FROM treasury_lot")
    refused(ProgrammingError, "permission denied", "DELETE FROM treasury_outboxevent")
    refused(ProgrammingError, "permission denied|must be owner", "DROP TABLE audit_event")


def entry_row(world: World, sequence: int) -> JournalEntry:
    return JournalEntry.objects.create(
        treasury=world.treasury,
        sequence=sequence,
        external_ref=f"test:{sequence}",
        kind="INFLOW",
        occurred_at=1,
        description="by hand",
    )


def posting(world: World, entry: JournalEntry, line: int, amount: str) -> None:
    account, _ = Account.objects.get_or_create(
        treasury=world.treasury, code="Assets:Suspense", kind="SUSPENSE"
    )
    Posting.objects.create(entry=entry, line=line, account=account, amount_usd=Decimal(amount))


@pytest.mark.parametrize(
    ("amounts", "message"),
    [
        ([], "has 0 postings"),
        (["0"], "has 1 postings"),
        (["5", "-4.99999999"], "does not balance: its postings sum to 0.00000001"),
    ],
)
def test_an_entry_balances(bare_world: World, amounts: list[str], message: str) -> None:
    with pytest.raises(IntegrityError, match=message), transaction.atomic():
        entry = entry_row(bare_world, 1)
        for line, amount in enumerate(amounts, start=1):
            posting(bare_world, entry, line, amount)
        check_deferred()
    assert JournalEntry.objects.count() == 0
    assert Posting.objects.count() == 0


def test_a_posting_added_later_cannot_unbalance_an_entry(bare_world: World) -> None:
    entry = entry_row(bare_world, 1)
    posting(bare_world, entry, 1, "5")
    posting(bare_world, entry, 2, "-5")
    check_deferred()
    with pytest.raises(IntegrityError, match="does not balance"), transaction.atomic():
        posting(bare_world, entry, 3, "0.01")
        check_deferred()
    assert entry.postings.count() == 2


def test_entry_numbers_have_no_gap(bare_world: World) -> None:
    with pytest.raises(IntegrityError, match="would leave a gap: the next one is 1"):
        with transaction.atomic():
            entry_row(bare_world, 2)
    assert JournalEntry.objects.count() == 0


def test_a_posting_has_units_exactly_when_its_account_has_an_asset(bare_world: World) -> None:
    account = Account.objects.create(
        treasury=bare_world.treasury,
        code="Assets:Digital:core:WETH",
        kind="DIGITAL_ASSET",
        holder=bare_world.safes["core"].address,
        asset=bare_world.assets["WETH"],
    )
    with pytest.raises(IntegrityError, match="a posting has units exactly when"):
        with transaction.atomic():
            entry = entry_row(bare_world, 1)
            Posting.objects.create(entry=entry, line=1, account=account, amount_usd=Decimal(1))
            posting(bare_world, entry, 2, "-1")
            check_deferred()
    assert Posting.objects.count() == 0


@pytest.mark.parametrize("units", ["0.5", "(2::numeric ^ 256)"])
def test_units_are_whole_and_in_range(bare_world: World, units: str) -> None:
    post(bare_world, purchase(bare_world, 1, WETH_UNIT, "2000"))
    before = rows("SELECT units_left FROM treasury_lot")
    refused(IntegrityError, "violates check", f"UPDATE treasury_lot SET units_left = {units}")
    assert rows("SELECT units_left FROM treasury_lot") == before


def test_lots_only_shrink_and_agree_with_their_disposals(bare_world: World) -> None:
    post(bare_world, purchase(bare_world, 1, 4 * WETH_UNIT, "2000"))
    post(bare_world, sale(bare_world, 2, WETH_UNIT, "3000"))
    check_deferred()
    lot = Lot.objects.get(asset=bare_world.assets["WETH"])
    before = (lot.units_left, lot.cost_left_usd)
    update = "UPDATE treasury_lot SET {} WHERE id = " + str(lot.id)
    refused(IntegrityError, "may only fall", update.format("units_left = units_left + 1"))
    refused(IntegrityError, "may only fall", update.format("cost_left_usd = cost_left_usd + 1"))
    refused(IntegrityError, "its disposals leave", update.format("units_left = units_left - 1"))
    refused(ProgrammingError, "only what is left", update.format("acquired_at = 5"))
    refused(ProgrammingError, "append-only", "DELETE FROM treasury_lot")
    with pytest.raises(IntegrityError, match="its disposals leave"), transaction.atomic():
        Disposal.objects.create(
            entry=post(bare_world, purchase(bare_world, 3, 1, "2000"))[0],
            lot=lot,
            units=1,
            cost_usd=Decimal(0),
            proceeds_usd=Decimal(0),
            is_long_term=False,
        )
        check_deferred()
    lot.refresh_from_db()
    assert (lot.units_left, lot.cost_left_usd) == before


def test_events_are_numbered_without_gaps_and_marked_once(bare_world: World) -> None:
    for number in range(3):
        emit_event(treasury_id=bare_world.treasury.id, kind="test", payload={"n": number})
    with pytest.raises(RuntimeError, match="changed its mind"), transaction.atomic():
        emit_event(treasury_id=bare_world.treasury.id, kind="test", payload={})
        raise RuntimeError("changed its mind")
    emit_event(treasury_id=bare_world.treasury.id, kind="test", payload={"n": 3})
    numbers = OutboxEvent.objects.order_by("id").values_list("sequence", flat=True)
    assert list(numbers) == [1, 2, 3, 4]
    assert relay_events(limit=3) == 3
    assert relay_events(limit=3) == 1
    assert relay_events(limit=3) == 0
    for change in ("sequence = 9", "relayed_at = NULL", "payload = '{}'"):
        refused(ProgrammingError, "append-only", f"UPDATE treasury_outboxevent SET {change}")
    refused(ProgrammingError, "append-only", "DELETE FROM treasury_outboxevent")
    assert list(numbers.all()) == [1, 2, 3, 4]


@pytest.mark.django_db(transaction=True)
def test_records_need_the_transaction_of_their_fact() -> None:
    with pytest.raises(OutsideTransactionError):
        emit_event(treasury_id=1, kind="test", payload={})
    with pytest.raises(OutsideTransactionError):
        record_audit(
            actor=ACTOR,
            action="test",
            object_type="test",
            object_id="1",
            block=BLOCK,
        )
    assert not connection.in_atomic_block
    assert rows("SELECT count(*) FROM audit_event") == [(0,)]
