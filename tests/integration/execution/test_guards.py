"""What PostgreSQL itself refuses, whoever asks."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from execution.core.lifecycle import MOVES, IllegalMoveError, TransactionState
from execution.models import Attempt, Break, Confirmation, Plan, SafeTransaction, Transaction
from execution.services.sending import MoveLostError, move
from tests.chain.execution.world import World

GUARDS = importlib.import_module("execution.migrations.0002_database_guards")
S = TransactionState


def refused(sql: Any, statement: str, *parameters: object) -> str:
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        sql(statement, *parameters)
    return str(caught.value)


def test_the_database_knows_the_moves_of_the_code() -> None:
    written = {old: set(news) for old, news in GUARDS.MOVES}
    assert written == {
        old.value: {new.value for new in news} for old, news in MOVES.items() if news
    }


@pytest.mark.parametrize(
    ("old", "new"),
    [(old, new) for old in S for new in S if old != new and new not in MOVES[old]],
)
def test_an_illegal_move_is_refused_by_code(old: S, new: S) -> None:
    with pytest.raises(IllegalMoveError):
        move(1, old, new)


def test_an_illegal_move_is_refused_by_the_database(executed: Transaction, sql: Any) -> None:
    for state in set(S) - {S.RECONCILED, S.BROADCAST}:
        message = refused(
            sql, "UPDATE execution_transaction SET state = %s WHERE id = %s", state, executed.id
        )
        assert "does not go from RECONCILED" in message


def test_a_transaction_begins_as_an_intent(executed: Transaction) -> None:
    with pytest.raises(DatabaseError, match="does not begin as MINED"), transaction.atomic():
        Transaction.objects.create(
            plan=executed.plan,
            mechanism="SAFE",
            state=S.MINED,
            plan_digest=executed.plan_digest,
            authorization_expires_at=1,
            to=executed.to,
            data=b"",
        )


def test_a_move_that_somebody_else_made_is_lost(executed: Transaction) -> None:
    with pytest.raises(MoveLostError):
        move(executed.id, S.BROADCAST, S.MINED)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE execution_plan SET expires_at = expires_at + 1",
        "DELETE FROM execution_plan",
        "TRUNCATE execution_plan CASCADE",
        "UPDATE execution_fill SET buy_units = 1",
        "DELETE FROM execution_fill",
        "UPDATE execution_quote SET buy_units = 1",
        "UPDATE execution_transaction SET plan_digest = repeat('0', 64)",
        "UPDATE execution_transaction SET data = ''",
        "DELETE FROM execution_transaction",
        "UPDATE execution_attempt SET raw = ''",
        "UPDATE execution_attempt SET eoa_nonce = eoa_nonce + 1",
        "UPDATE execution_attempt SET sent_count = 0",
        "DELETE FROM execution_attempt",
        "UPDATE execution_confirmation SET signature = ''",
        "UPDATE execution_confirmation SET owner = '0x0000000000000000000000000000000000000001'",
        "DELETE FROM execution_confirmation",
        "UPDATE execution_safetransaction SET nonce = nonce + 1",
        "UPDATE execution_safetransaction SET data = ''",
        "UPDATE execution_safetransaction SET status = 'DEAD'",
        "UPDATE execution_safetransaction SET gas_price = 1",
        "DELETE FROM execution_safetransaction",
    ],
)
def test_records_do_not_change(executed: Transaction, sql: Any, statement: str) -> None:
    assert refused(sql, statement)


def test_what_may_change(executed: Transaction) -> None:
    assert Attempt.objects.update(is_current=False) == 1
    assert Confirmation.objects.update(is_valid=False, invalid_reason="gone") == 3
    assert Confirmation.objects.update(is_valid=True, signature=b"\x01") == 3
    assert SafeTransaction.objects.update(status="ACTIVE") == 1
    assert Transaction.objects.update(state_reason="seen") == 1
    assert Plan.objects.count() == 1


def test_a_break_is_resolved_once(executed: Transaction, sql: Any) -> None:
    Break.objects.create(
        treasury=executed.plan.tier.treasury,
        kind="BOOKS",
        holder="0x0",
        expected_units=-1,
        actual_units=1,
        block_number=1,
        reason="test",
    )
    assert "does not change" in refused(sql, "UPDATE execution_break SET kind = 'OTHER'")
    sql("UPDATE execution_break SET status = 'RESOLVED'")
    assert "resolved" in refused(sql, "UPDATE execution_break SET status = 'OPEN'")


def test_one_active_transaction_per_plan_and_per_nonce(world: World) -> None:
    prepared = world.prepare("reserve", [world.trade("uniswap_v3", "USDC", "WETH", 1_000)])
    stx = world.open(prepared)
    row = world.start(prepared, stx)
    row.pk, row.public_id = None, "tx_other"
    taken = pytest.raises(IntegrityError, match="transaction_one_active_per_plan")
    with taken, transaction.atomic():
        row.save(force_insert=True)
    stx.pk, stx.public_id, stx.safe_tx_hash = None, "stx_other", "0x" + "0" * 64
    taken = pytest.raises(IntegrityError, match="safe_tx_one_active_per_nonce")
    with taken, transaction.atomic():
        stx.save(force_insert=True)


@pytest.mark.usefixtures("as_application")
def test_the_service_itself_has_no_right_to_rewrite(sql: Any) -> None:
    for table in ("execution_plan", "execution_fill", "execution_quote"):
        assert "permission denied" in refused(sql, f"UPDATE {table} SET id = id")  # noqa: S608
    for table in GUARDS.GUARDED:
        assert "permission denied" in refused(sql, f"DELETE FROM {table}")  # noqa: S608
