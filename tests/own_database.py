"""A database of one test module on the run's PostgreSQL: other processes see what is committed
in it, and copies of it are kept to begin again from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from psycopg import sql

from config.local.places import Places

DEFAULT = "default"


class OwnDatabase:
    """`connected` in this process while `running` lasts."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._kept: set[str] = set()
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
    def running(self) -> Iterator[None]:
        """Migrated and empty; gone afterwards."""
        self._recreate(self.name, template="template1")
        place = connections[DEFAULT].settings_dict
        connections[DEFAULT].close()
        before, place["NAME"] = place["NAME"], self.name
        try:
            call_command("migrate", verbosity=0)
            yield
        finally:
            connections[DEFAULT].close()
            place["NAME"] = before
            for name in (self.name, *self._kept):
                self._drop(name)

    def keep(self, stage: str) -> None:
        """Remember how it is now."""
        copy = f"{self.name}_{stage}"
        self._recreate(copy, template=self.name)
        self._kept.add(copy)

    def restore(self, stage: str) -> None:
        """As it was when `stage` was kept; whoever is still connected is thrown out."""
        self._recreate(self.name, template=f"{self.name}_{stage}")

    def _recreate(self, name: str, *, template: str) -> None:
        connections[DEFAULT].close()
        self._drop(name)
        with self.connect("postgres") as server:
            statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            server.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))

    def _drop(self, name: str) -> None:
        with self.connect("postgres") as server:
            statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            server.execute(statement.format(sql.Identifier(name)))
