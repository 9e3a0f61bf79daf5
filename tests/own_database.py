"""A database beside the run's own on the same PostgreSQL: other connections and other processes see
what is committed in it, and it can be put back to how it was."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from psycopg import sql

from config.local.places import Places

DEFAULT = "default"
EMPTY: Final = "template1"
LEAVE_MS: Final = 5_000
LOOKS: Final = 10
# What was generated from other columns may not be given.
COLUMNS: Final = """
    SELECT c.relname, array_agg(a.attname ORDER BY a.attnum)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
      AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    GROUP BY c.relname ORDER BY c.relname"""
SEQUENCES: Final = """
    SELECT sequencename, coalesce(last_value, start_value), last_value IS NOT NULL
    FROM pg_sequences WHERE schemaname = 'public' ORDER BY sequencename"""
TRIGGERS: Final = """
    SELECT tgrelid::regclass::text, tgname, tgenabled::text FROM pg_trigger
    WHERE NOT tgisinternal ORDER BY 1, 2"""
STATES: Final = {
    state: sql.SQL(f"ALTER TABLE {{}} {word} TRIGGER {{}}")
    for state, word in {
        "O": "ENABLE",
        "D": "DISABLE",
        "R": "ENABLE REPLICA",
        "A": "ENABLE ALWAYS",
    }.items()
}
THROW_OUT: Final = """
    SELECT pg_terminate_backend(pid, %s) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND backend_type = 'client backend'"""


@dataclass(frozen=True, slots=True)
class Contents:
    """All rows of a database in PostgreSQL's own text format, and how far its sequences are."""

    columns: dict[str, tuple[str, ...]]
    rows: dict[str, bytes]
    sequences: tuple[tuple[str, int, bool], ...]
    triggers: tuple[tuple[str, str, str], ...]

    def differences(self, other: Contents) -> list[str]:
        """Tables with other rows, sequences and triggers in another state."""
        tables = [
            table
            for table in sorted(self.rows.keys() | other.rows.keys())
            if sorted(self.rows.get(table, b"").splitlines())
            != sorted(other.rows.get(table, b"").splitlines())
        ]
        sequences = {name for name, *_ in set(self.sequences) ^ set(other.sequences)}
        triggers = {
            f"{table}.{name}" for table, name, _ in set(self.triggers) ^ set(other.triggers)
        }
        return [*tables, *sorted(sequences | triggers)]


class OwnDatabase:
    """Is there while `existing` lasts; this process's connections are to it while it is `in_use`.
    `running` is both, with all migrations."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._kept: dict[str, Contents] = {}
        self._owner: psycopg.Connection[Any] | None = None
        self._server: dict[str, Any] = dict(connections[DEFAULT].settings_dict)

    @property
    def service_url(self) -> str:
        """For the service's processes, with the service's rights where the server is our own."""
        places: Places = settings.PLACES
        given = os.environ.get("TEST_DATABASE_URL", places.database_url)
        address, _, rest = given.partition("?")
        return f"{address.rsplit('/', 1)[0]}/{self.name}{'?' if rest else ''}{rest}"

    def connect(self, database: str | None = None) -> psycopg.Connection[Any]:
        """As the owner, each statement its own transaction."""
        known = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
        found = {key: self._server[name] for key, name in known.items() if self._server[name]}
        options = self._server.get("OPTIONS", {})
        host = {"host": options["host"]} if "host" in options else {}
        return psycopg.connect(**found, **host, dbname=database or self.name, autocommit=True)

    # ------------------------------------------------------------------------ life
    @contextmanager
    def existing(self, template: str = EMPTY) -> Iterator[None]:
        """A copy of another database to which nobody else is connected; gone afterwards."""
        connections[DEFAULT].close()
        self._drop()
        with self.connect("postgres") as server:
            statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            server.execute(statement.format(sql.Identifier(self.name), sql.Identifier(template)))
        try:
            with self.connect() as self._owner:
                yield
        finally:
            self._drop()

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Every connection that this process opens meanwhile, in any thread, is to this one."""
        connection = connections[DEFAULT]
        assert not connection.in_atomic_block, "a transaction of another database is open"
        connection.close()
        place = connection.settings_dict
        before, place["NAME"] = place["NAME"], self.name
        try:
            yield
        finally:
            connection.close()
            place["NAME"] = before

    @contextmanager
    def running(self) -> Iterator[None]:
        """Migrated and empty; gone afterwards."""
        with self.existing(), self.in_use():
            call_command("migrate", verbosity=0)
            yield

    def _drop(self) -> None:
        with self.connect("postgres") as server:
            statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            server.execute(statement.format(sql.Identifier(self.name)))

    # ------------------------------------------------------------------------ contents
    def keep(self, stage: str) -> None:
        """Remember how it is now."""
        self._kept[stage] = self.contents()

    @property
    def owner(self) -> psycopg.Connection[Any]:
        assert self._owner is not None, "only while the database exists"
        return self._owner

    def contents(self) -> Contents:
        connection = self.owner
        with connection.transaction():
            columns = {table: tuple(names) for table, names in connection.execute(COLUMNS)}
            rows = {}
            for table, names in columns.items():
                with connection.cursor().copy(_copy(table, names, "TO STDOUT")) as copy:
                    rows[table] = b"".join(bytes(part) for part in copy)
            return Contents(
                columns,
                rows,
                tuple(connection.execute(SEQUENCES)),
                tuple(connection.execute(TRIGGERS)),
            )

    def changes_since(self, stage: str) -> list[str]:
        return self._kept[stage].differences(self.contents())

    def restore(self, stage: str) -> None:
        """Rows, sequences and triggers as they were when `stage` was kept (a fiftieth of a second;
        a copy of a whole database takes one). Whoever is still connected is thrown out. Written as
        a replica would: in this role our triggers, which refuse exactly that, do not fire."""
        kept = self._kept[stage]
        connections[DEFAULT].close()
        connection = self.owner
        self._throw_out()
        with connection.transaction():
            connection.execute("SET LOCAL session_replication_role = replica")
            tables = [sql.Identifier(table) for table in kept.columns]
            connection.execute(sql.SQL("LOCK TABLE {}").format(sql.SQL(",").join(tables)))
            deletes = [sql.SQL("DELETE FROM {}").format(table) for table in tables]
            connection.execute(sql.SQL(";").join(deletes))
            for table, rows in kept.rows.items():
                if rows:
                    statement = _copy(table, kept.columns[table], "FROM STDIN")
                    with connection.cursor().copy(statement) as copy:
                        copy.write(rows)
            for table, name, state in set(kept.triggers) - set(connection.execute(TRIGGERS)):
                connection.execute(STATES[state].format(sql.SQL(table), sql.Identifier(name)))
            self._set_back(connection, kept)

    def _throw_out(self) -> None:
        """One look is not enough: who was leaving by himself is not counted as thrown out."""
        for _ in range(LOOKS):
            if not self.owner.execute(THROW_OUT, [LEAVE_MS]).fetchall():
                return
        raise AssertionError(f"somebody stays connected to {self.name}")

    def rewind(self, stage: str) -> None:
        """The sequences alone: a rollback leaves them where they are."""
        self._set_back(self.owner, self._kept[stage])

    @staticmethod
    def _set_back(connection: psycopg.Connection[Any], kept: Contents) -> None:
        value = sql.SQL("setval({}, {}, {})")
        calls = [value.format(*(sql.Literal(part) for part in row)) for row in kept.sequences]
        connection.execute(sql.SQL("SELECT {}").format(sql.SQL(",").join(calls)))


def _copy(table: str, columns: tuple[str, ...], where: str) -> sql.Composed:
    names = sql.SQL(",").join(sql.Identifier(name) for name in columns)
    return sql.SQL("COPY {} ({}) {}").format(sql.Identifier(table), names, sql.SQL(where))
