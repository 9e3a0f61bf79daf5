"""Raw statements of tests: what somebody with a database console could try."""

from __future__ import annotations

from typing import Any

from django.db import connection


def execute(statement: str, parameters: list[Any] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def rows(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def of_table(statement: str, table: str) -> str:
    """The statement with TABLE replaced; names of tables cannot be parameters."""
    return statement.replace("TABLE", table)


def check_deferred() -> None:
    """Runs the deferred triggers now, as a commit would."""
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    execute("SET CONSTRAINTS ALL DEFERRED")
