"""Rows that many tests begin with: made once per worker, found again by each test.

They are committed in a database of their own beside the worker's empty one, so a test that rolls
back costs nothing and a test that commits is put back in a moment. Ids are the same in every test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from django.db import connection

from tests.own_database import OwnDatabase

Value = TypeVar("Value")
AS_MADE: Final = "as made"


@dataclass(frozen=True, slots=True)
class Kept(Generic[Value]):
    """`value` is what made the rows returned; each test has a copy of its own."""

    database: OwnDatabase
    value: Value

    @contextmanager
    def found_again(self) -> Iterator[Value]:
        """Connections are to these rows meanwhile. Whoever commits calls `put_back` then."""
        with self.database.in_use():
            yield deepcopy(self.value)
        self.database.rewind(AS_MADE)

    def put_back(self) -> None:
        self.database.restore(AS_MADE)

    def changes(self) -> list[str]:
        """Tables, sequences and triggers that are not as they were made."""
        return self.database.changes_since(AS_MADE)


@contextmanager
def kept(name: str, make: Callable[[], Value]) -> Iterator[Kept[Value]]:
    """Needs the worker's migrated, empty database. In the end no test may have left anything."""
    empty = str(connection.settings_dict["NAME"])
    assert empty.startswith("test_"), "no database of a test run"
    database = OwnDatabase(f"{empty}_{name}")
    with database.existing(template=empty):
        with database.in_use():
            value = make()
        database.keep(AS_MADE)
        found = Kept(database, value)
        yield found
        assert found.changes() == [], "left by a test that committed without saying so"


@dataclass(slots=True)
class Once:
    """What the tests of several folders share: made when first asked for, ended with the run."""

    until_the_end: ExitStack
    _made: dict[str, Any] = field(default_factory=dict)

    def get(self, name: str, make: Callable[[], AbstractContextManager[Value]]) -> Value:
        if name not in self._made:
            self._made[name] = self.until_the_end.enter_context(make())
        found: Value = self._made[name]
        return found
