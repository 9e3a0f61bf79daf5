"""A treasury on the local chain; and a flush that gets past triggers which refuse TRUNCATE."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.backends.postgresql.operations import DatabaseOperations

from tests.conftest import Chain
from tests.integration.treasury.world import World, add_sources, build_world

plain_flush = DatabaseOperations.execute_sql_flush


def flush_as_replica(self: DatabaseOperations, sql_list: Any) -> None:
    """After a test with real commits the owner empties the tables. As a replica would: in this
    role our triggers, which refuse exactly that, do not fire. The audit chain starts anew as
    well."""
    with self.connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        plain_flush(self, [*sql_list, "TRUNCATE audit_event;"])
        cursor.execute("SET session_replication_role = origin")


DatabaseOperations.execute_sql_flush = flush_as_replica  # type: ignore[method-assign, assignment]


@pytest.fixture
def bare_world(db: None, chain: Chain) -> World:
    """Treasury, Safes, assets and tiers, but no price source and no policy."""
    return build_world(chain)


@pytest.fixture
def world(bare_world: World) -> World:
    add_sources(bare_world)
    return bare_world
