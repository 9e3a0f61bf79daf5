"""Every page with a thousand proposals and a hundred tiers in the database, beside an empty view.

The pages are found in the addresses of the service, as in the test that counts their queries. Each
is asked for through the whole WSGI stack in this process; the network and the web server are not in
it. The chain answers over loopback. As in that test, a first visit counts for nothing: who owns a
Safe is asked of the chain at most every 15 seconds, whoever looks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import path

from config.local.seed.treasury import PASSWORD, Seeded
from config.urls import urlpatterns as served
from tests.benchmarks.conftest import Report
from tests.benchmarks.figures import Table, figure, in_turn
from tests.browser.every_page import Place
from tests.conftest import Chain
from tests.integration.governance import conftest as governance
from tests.integration.governance.conftest import Opening, Stage, staged
from tests.integration.governance.overview.test_page_cost import (
    full_house,
    reachable,
    waiting_in,
)

RUNS = 40
EMPTY = "/nothing-at-all"
OK, FOUND = "200 OK", "302 Found"
ASKED = "stefan"
"""An owner who has not signed the waiting proposal: for nobody is its page dearer."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One page as one person asks for it."""

    name: str
    person: str
    path: str


opening, seeded = governance.opening, governance.seeded
chain, db = governance.chain, governance.db


@pytest.fixture
def stage(
    db: None, opening: Opening, seeded: Seeded, chain: Chain, settings: Any
) -> Iterator[Stage]:
    settings.ROOT_URLCONF = __name__
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)  # all is in the one transaction of this test
    with staged(opening, seeded, settings) as found:
        yield found
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def nothing(_: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [*served, path(EMPTY[1:], nothing)]


def test_pages_of_a_full_house(stage: Stage, report: Report) -> None:
    full_house(stage)
    proposal = waiting_in(stage, "strategic")
    visits = [
        *(Visit(place.name, place.person, place_path) for place, place_path in pages()),
        Visit(
            "proposal-page, of an owner asked to sign", ASKED, f"/proposals/{proposal.public_id}/"
        ),
    ]
    rows = tuple(row(visit) for visit in visits)
    columns = (
        "page",
        "asked by",
        "queries",
        "runs",
        "median ms",
        "p95 ms",
        "times the empty view's",
    )
    report("pages", Table(columns, rows))


def pages() -> Iterator[tuple[Place, str]]:
    for place, place_path in reachable():
        if place.name != "proposal-page":
            yield place, place_path


def row(visit: Visit) -> tuple[str, ...]:
    ask = browser(visit.person)
    assert ask(visit.path) in {OK, FOUND}, visit
    with CaptureQueriesContext(connection) as queries:
        ask(visit.path)
    count = len(queries)  # the next request empties the log
    assert ask(EMPTY) == OK
    empty, page = in_turn([partial(ask, EMPTY), partial(ask, visit.path)], runs=RUNS)
    return (
        visit.name,
        visit.person or "anybody",
        str(count),
        str(page.runs),
        figure(page.median_ms),
        figure(page.p95_ms),
        figure(page.p95_ms / empty.p95_ms),
    )


def browser(person: str) -> Callable[[str], str]:
    """Asks for an address with the person's session; the answer is read to its end, and its status
    given back."""
    handler: Any = WSGIHandler()
    cookies = SimpleCookie()
    if person:
        client = Client()
        assert client.login(username=person, password=PASSWORD)
        cookies = client.cookies
    header = "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items())

    def ask(address: str) -> str:
        said: list[str] = []
        environ = RequestFactory(HTTP_COOKIE=header).get(address, secure=True).environ
        answer = handler(environ, lambda status, headers, error=None: said.append(status))
        b"".join(answer)
        answer.close()
        return said[0]

    return ask
