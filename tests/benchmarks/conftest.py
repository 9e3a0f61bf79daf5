"""Each benchmark hands its table to `report`, which prints it; the last act writes the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.benchmarks.figures import Table
from tests.benchmarks.page import PAGE, places, write_page

Report = Callable[[str, Table], None]


@pytest.fixture(scope="session")
def report(request: pytest.FixtureRequest) -> Iterator[Report]:
    """`report(name, table)`: the name is that of the table's place in the page."""
    terminal = request.config.pluginmanager.getplugin("terminalreporter")
    capture = request.config.pluginmanager.getplugin("capturemanager")
    known, tables = places(PAGE.read_text()), dict[str, Table]()

    def say(text: str) -> None:
        with capture.global_and_fixture_disabled():
            terminal.ensure_newline()
            terminal.write_line(text)

    def take(name: str, table: Table) -> None:
        assert name in known, f"{PAGE.name} has no place for {name}"
        tables[name] = table
        say(f"\n{name}\n{table.text}\n")

    yield take
    if write_page(tables):
        say(f"{PAGE.name} holds these figures now")
    else:
        say(f"{PAGE.name} is unchanged: this run did not measure all of its tables")


@pytest.fixture
def posts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every HTTP request that our process sends, whoever sends it."""
    seen: list[str] = []
    send = httpx.Client.send

    def counted(client: httpx.Client, request: httpx.Request, **options: object) -> httpx.Response:
        seen.append(str(request.url))
        return send(client, request, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(httpx.Client, "send", counted)
    return seen
