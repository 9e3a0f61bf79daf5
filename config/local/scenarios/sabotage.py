"""Ways to spoil a finished world, each of which must turn exactly one verdict of the judge red.

They work as the database's owner, triggers switched off, and with the local executor key: what they
do is what nobody but an intruder could do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, LiteralString

import psycopg

from config.local.chain.accounts import ACCOUNTS, CHAIN_ID
from config.local.chain.rpc import Rpc

UNIT = Decimal("0.00000001")
DROP_ENTRY: tuple[LiteralString, ...] = (
    "DELETE FROM treasury_disposal WHERE entry_id = %s",
    "DELETE FROM treasury_disposal WHERE lot_id IN "
    "(SELECT id FROM treasury_lot WHERE entry_id = %s)",
    "DELETE FROM treasury_lot WHERE entry_id = %s",
    "DELETE FROM treasury_posting WHERE entry_id = %s",
    "DELETE FROM treasury_journalentry WHERE id = %s",
)


@dataclass(frozen=True, slots=True)
class World:
    connection: psycopg.Connection[Any]
    rpc: Rpc


class UnableToSpoilError(RuntimeError):
    """The world holds nothing that this sabotage could spoil."""


def journal_unit(world: World) -> None:
    """One posting's USD amount off by its smallest unit."""
    _as_intruder(
        world,
        "UPDATE treasury_posting SET amount_usd = amount_usd + %s "
        "WHERE id = (SELECT max(id) FROM treasury_posting)",
        [UNIT],
    )


def drop_fill(world: World) -> None:
    """One fill's entry missing, as if it had never been booked."""
    (found,) = _rows(
        world,
        "SELECT max(e.id) FROM treasury_journalentry e "
        "JOIN execution_fill f ON f.tx_hash = e.tx_hash "
        "WHERE e.kind IN ('SWAP', 'DEPOSIT', 'WITHDRAWAL', 'TRANSFER')",
    )
    if found[0] is None:
        raise UnableToSpoilError("no fill was booked")
    for statement in DROP_ENTRY:
        _as_intruder(world, statement, [found[0]])


def policy_edit(world: World) -> None:
    """A limit raised in a version that proposals were made under."""
    _as_intruder(
        world,
        "UPDATE treasury_policyversion SET document = "
        """regexp_replace(document, '"max_turnover_usd":"[0-9.]+"', '"max_turnover_usd":"9e9"') """
        "WHERE id = (SELECT min(policy_version_id) FROM governance_proposal "
        "WHERE outcome = 'EXECUTED')",
        [],
    )


def audit_cut(world: World) -> None:
    """The newest audit events removed."""
    _as_intruder(
        world,
        "DELETE FROM audit_event WHERE id > (SELECT max(id) - 2 FROM audit_event)",
        [],
    )


def double_send(world: World) -> None:
    """One intent executed a second time inside its limits, and the movement booked."""
    rows = _rows(
        world,
        "SELECT t.to, t.data, p.expires_at, s.address, s.treasury_id "
        "FROM execution_transaction t JOIN execution_plan p ON p.id = t.plan_id "
        "JOIN treasury_tier r ON r.id = p.tier_id "
        "JOIN treasury_safeaccount s ON s.id = r.safe_id "
        "WHERE t.state = 'RECONCILED' AND t.mechanism = 'ROLES' "
        "AND t.safe_transaction_id IS NULL ORDER BY t.id",
    )
    for to, data, expires_at, safe, treasury in rows:
        watched = _watched(world, treasury, safe)
        before = [_balance(world.rpc, place) for place in watched]
        tx_hash = _send_again(world.rpc, str(to), bytes(data), int(expires_at))
        if tx_hash is not None:
            after = [_balance(world.rpc, place) for place in watched]
            _book(world, treasury, tx_hash, watched, before, after)
            return
    raise UnableToSpoilError("no automatic execution could be repeated inside its limits")


SABOTAGES: dict[str, tuple[Callable[[World], None], str]] = {
    "journal_unit": (journal_unit, "journal_balanced"),
    "drop_fill": (drop_fill, "books_equal_chain"),
    "double_send": (double_send, "nothing_executed_twice"),
    "policy_edit": (policy_edit, "policy_limits_kept"),
    "audit_cut": (audit_cut, "audit_verified"),
}
"""Each sabotage and the one verdict that it must turn red."""


@dataclass(frozen=True, slots=True)
class Place:
    """One asset account: who holds what, and its row in the books."""

    account: int
    holder: str
    asset: str


def _watched(world: World, treasury: int, safe: str) -> list[Place]:
    return [
        Place(*row)
        for row in _rows(
            world,
            "SELECT a.id, a.holder, s.address FROM treasury_account a "
            "JOIN treasury_asset s ON s.id = a.asset_id WHERE a.treasury_id = %s "
            "AND (a.holder = %s AND a.kind = 'DIGITAL_ASSET' OR a.kind = 'GAS_TANK') ORDER BY a.id",
            [treasury, safe],
        )
    ]


def _balance(rpc: Rpc, place: Place) -> int:
    if int(place.asset, 16) == 0:
        return int(rpc("eth_getBalance", place.holder, "latest"), 16)
    return rpc.balance_of(place.asset, place.holder)


def _send_again(rpc: Rpc, to: str, data: bytes, expires_at: int) -> str | None:
    """The same calls under a later deadline: what a second copy of the worker would have sent."""
    now = rpc.timestamp()
    fresh = data.replace(expires_at.to_bytes(32, "big"), (now + 3600).to_bytes(32, "big"))
    executor = ACCOUNTS["executor"]
    nonce = rpc.nonce(executor.address)
    tx_hash = rpc.submit(executor, CHAIN_ID, nonce, to, fresh, gas=1_500_000)
    rpc.mine(now + 12)
    receipt = rpc("eth_getTransactionReceipt", tx_hash)
    return tx_hash if receipt is not None and receipt["status"] == "0x1" else None


def _book(
    world: World,
    treasury: int,
    tx_hash: str,
    places: list[Place],
    before: list[int],
    after: list[int],
) -> None:
    """A balanced entry over the movement, at one dollar per line: the units are what counts
    here."""
    ((sequence, at),) = _rows(
        world,
        "SELECT max(sequence) + 1, max(occurred_at) FROM treasury_journalentry "
        "WHERE treasury_id = %s",
        [treasury],
    )
    with world.connection.transaction(), world.connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "INSERT INTO treasury_journalentry (public_id, treasury_id, sequence, external_ref, "
            "kind, occurred_at, description, tx_hash, block_number, proposal_ref, safe_tx_hash, "
            "cost_basis_incomplete, created_at) VALUES (%s, %s, %s, %s, 'SWAP', %s, %s, %s, 0, '', "
            "'', false, now()) RETURNING id",
            [f"je_{tx_hash[2:28]}", treasury, sequence, f"again:{tx_hash}", at, "again", tx_hash],
        )
        inserted = cursor.fetchone()
        entry = inserted[0] if inserted else None
        lines = [
            (place.account, new - old)
            for place, old, new in zip(places, before, after, strict=True)
            if new != old
        ]
        for line, (account, units) in enumerate(lines):
            amount = 1 - len(lines) if line == 0 else 1
            cursor.execute(
                "INSERT INTO treasury_posting (entry_id, line, account_id, units, amount_usd) "
                "VALUES (%s, %s, %s, %s, %s)",
                [entry, line, account, Decimal(units), Decimal(amount)],
            )


def _rows(world: World, query: LiteralString, parameters: list[Any] | None = None) -> list[Any]:
    with world.connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchall()


def _as_intruder(world: World, statement: LiteralString, parameters: list[Any]) -> None:
    """One statement with every trigger of the session switched off."""
    with world.connection.transaction(), world.connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement, parameters)
        if cursor.rowcount == 0 and statement.startswith("UPDATE"):
            raise UnableToSpoilError(statement)
