"""What the database refuses by itself, to its owner as well; and that nothing changed
afterwards."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, ProgrammingError, connection, transaction

from tests.integration.treasury.accounting.books import BLOCK, WETH_UNIT, post, purchase, sale
from tests.integration.treasury.sql import check_deferred, execute, of_table, rows
from tests.integration.treasury.world import ACTOR, World, context, publish_core_policy
from treasury.models import Account, Disposal, JournalEntry, Lot, OutboxEvent, Posting
from treasury.services.decisions import decide_tier
from treasury.services.ledger import open_books
from treasury.services.record import (
    AUDIT_LOCK,
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


def commit(*steps: Callable[[], object]) -> None:
    """The steps in one transaction, with the checks of its commit."""
    with transaction.atomic():
        for step in steps:
            step()
        check_deferred()


def refused(error: type[DatabaseError], match: str, *statements: str) -> None:
    for statement in statements:
        with pytest.raises(error, match=match):
            commit(partial(execute, statement))


def everything(table: str) -> list[tuple[Any, ...]]:
    return rows(of_table("SELECT * FROM TABLE ORDER BY id", table))


@pytest.mark.usefixtures("full_world")
def test_records_are_append_only_for_their_owner() -> None:
    for table in APPEND_ONLY:
        before = everything(table)
        assert before, table
        refused(
            ProgrammingError,
            "append-only",
            of_table("UPDATE TABLE SET id = id", table),
            of_table("DELETE FROM TABLE", table),
            f"TRUNCATE {table} CASCADE",
        )
        assert everything(table) == before


@pytest.mark.usefixtures("full_world", "as_application")
def test_the_application_has_no_right_to_change_records() -> None:
    for table in APPEND_ONLY:
        refused(
            ProgrammingError,
            "permission denied",
            of_table("UPDATE TABLE SET id = id", table),
            of_table("DELETE FROM TABLE", table),
        )
    refused(
        ProgrammingError,
        "permission denied|must be owner",
        "DELETE FROM treasury_lot",
        "DELETE FROM treasury_outboxevent",
        "DROP TABLE audit_event",
    )


@pytest.mark.usefixtures("as_application")
def test_the_application_can_do_its_work(world: World) -> None:
    publish_core_policy(world)
    snapshot = take_snapshot(treasury_id=world.treasury.id, block=world.head(), rpc_url=world.url)
    decide_tier(tier_id=world.core.id, snapshot_id=snapshot.id, context=context(world), actor=ACTOR)
    open_books(treasury_id=world.treasury.id, snapshot_id=snapshot.id, actor=ACTOR)
    post(world, sale(world, 2, WETH_UNIT, "3000"))
    check_deferred()
    assert relay_events(limit=1_000) > 0


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
    def unbalanced() -> None:
        entry = entry_row(bare_world, 1)
        for line, amount in enumerate(amounts, start=1):
            posting(bare_world, entry, line, amount)

    with pytest.raises(IntegrityError, match=message):
        commit(unbalanced)
    assert JournalEntry.objects.count() == 0
    assert Posting.objects.count() == 0


def test_a_posting_added_later_cannot_unbalance_an_entry(bare_world: World) -> None:
    entry = entry_row(bare_world, 1)
    posting(bare_world, entry, 1, "5")
    posting(bare_world, entry, 2, "-5")
    check_deferred()
    with pytest.raises(IntegrityError, match="does not balance"):
        commit(lambda: posting(bare_world, entry, 3, "0.01"))
    assert entry.postings.count() == 2


def test_entry_numbers_have_no_gap(bare_world: World) -> None:
    with pytest.raises(IntegrityError, match="would leave a gap: the next one is 1"):
        commit(lambda: entry_row(bare_world, 2))
    assert JournalEntry.objects.count() == 0


def test_a_posting_has_units_exactly_when_its_account_has_an_asset(bare_world: World) -> None:
    account = Account.objects.create(
        treasury=bare_world.treasury,
        code="Assets:Digital:core:WETH",
        kind="DIGITAL_ASSET",
        holder=bare_world.safes["core"].address,
        asset=bare_world.assets["WETH"],
    )

    def without_units() -> None:
        entry = entry_row(bare_world, 1)
        Posting.objects.create(entry=entry, line=1, account=account, amount_usd=Decimal(1))
        posting(bare_world, entry, 2, "-1")

    with pytest.raises(IntegrityError, match="a posting has units exactly when"):
        commit(without_units)
    assert Posting.objects.count() == 0


def test_units_are_whole_and_in_range(bare_world: World) -> None:
    post(bare_world, purchase(bare_world, 1, WETH_UNIT, "2000"))
    before = everything("treasury_lot")
    change = "UPDATE treasury_lot SET units_left = "
    refused(IntegrityError, "violates check", change + "0.5", change + "-1")
    execute("SET LOCAL session_replication_role = replica")  # no triggers, but checks
    refused(IntegrityError, "violates check", "UPDATE treasury_lot SET units = 2::numeric ^ 256")
    execute("UPDATE treasury_lot SET units = 2::numeric ^ 256 - 1")
    assert Lot.objects.get().units == 2**256 - 1
    execute("UPDATE treasury_lot SET units = 10 ^ 18")
    assert everything("treasury_lot") == before


def test_lots_only_shrink_and_agree_with_their_disposals(bare_world: World) -> None:
    post(bare_world, purchase(bare_world, 1, 4 * WETH_UNIT, "2000"))
    post(bare_world, sale(bare_world, 2, WETH_UNIT, "3000"))
    check_deferred()
    lot = Lot.objects.get(asset=bare_world.assets["WETH"])
    before = (lot.units_left, lot.cost_left_usd)
    change = "UPDATE treasury_lot SET "
    for column in ("units_left", "cost_left_usd"):
        refused(IntegrityError, "may only fall", f"{change}{column} = {column} + 1")
        refused(IntegrityError, "its disposals leave", f"{change}{column} = {column} - 1")
    refused(ProgrammingError, "only what is left", change + "acquired_at = 5")
    refused(ProgrammingError, "append-only", "DELETE FROM treasury_lot")
    disposal = Disposal(
        entry=JournalEntry.objects.get(sequence=1),
        lot=lot,
        units=1,
        cost_usd=Decimal(0),
        proceeds_usd=Decimal(0),
        is_long_term=False,
    )
    with pytest.raises(IntegrityError, match="its disposals leave"):
        commit(disposal.save)
    lot.refresh_from_db()
    assert (lot.units_left, lot.cost_left_usd) == before


def test_events_are_numbered_without_gaps_and_marked_once(bare_world: World) -> None:
    for number in range(3):
        emit_event(treasury_id=bare_world.treasury.id, kind="test", payload={"n": number})
    with transaction.atomic():
        emit_event(treasury_id=bare_world.treasury.id, kind="test", payload={})
        transaction.set_rollback(True)
    emit_event(treasury_id=bare_world.treasury.id, kind="test", payload={"n": 3})
    numbers = OutboxEvent.objects.order_by("id").values_list("sequence", flat=True)
    assert list(numbers) == [1, 2, 3, 4]
    assert relay_events(limit=3) == 3
    assert relay_events(limit=3) == 1
    assert relay_events(limit=3) == 0
    change = "UPDATE treasury_outboxevent SET "
    for column in ("sequence = 9", "relayed_at = NULL", "payload = '{}'"):
        refused(ProgrammingError, "append-only", change + column)
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


@pytest.mark.django_db(transaction=True)
def test_an_event__takes_the_audit_chains_lock_first__one_order_for_everybody(
    bare_world: World,
) -> None:
    """Event then audit here, audit then event there: without one order they wait for each other."""
    with transaction.atomic():
        emit_event(treasury_id=bare_world.treasury.id, kind="test", payload={})
        held = {
            row[0]
            for row in rows(
                "SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND granted"
                " AND pid = pg_backend_pid() AND objsubid = 1 AND classid = 0"
            )
        }
    assert AUDIT_LOCK in held
