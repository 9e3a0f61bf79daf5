"""Signed-in browsers without a screen: what a page says and what it costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.integration.governance.conftest import Stage, prove, stage

__all__ = ["stage"]

QUERIES_MAX = 15


@dataclass
class Answer:
    status: int
    text: str
    queries: int


@dataclass
class Reader:
    client: Client

    def get(self, path: str) -> Answer:
        with CaptureQueriesContext(connection) as caught:
            found = self.client.get(path)
        # The test's own transaction makes savepoints of what is one statement in service.
        asked = [query for query in caught if "SAVEPOINT" not in query["sql"]]
        return Answer(found.status_code, found.content.decode(), len(asked))

    def page(self, path: str) -> str:
        """A page that is there, within its budget of queries."""
        answer = self.get(path)
        assert answer.status == 200, (path, answer.status)
        assert answer.queries <= QUERIES_MAX, (path, answer.queries)
        return answer.text

    def post(self, path: str, **form: object) -> Answer:
        found = self.client.post(path, form, follow=True)
        return Answer(found.status_code, found.content.decode(), 0)


@pytest.fixture
def reader(stage: Stage) -> Callable[[str], Reader]:
    def signed_in(name: str) -> Reader:
        client = Client()
        client.force_login(stage.people[name])
        prove(client)
        return Reader(client)

    return signed_in
