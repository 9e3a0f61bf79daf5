"""The HTTP source against a real server on this machine, well-behaved and not."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from treasury.adapters.prices import http_json
from treasury.adapters.prices.base import ReadingContext, SourceSpec
from treasury.adapters.prices.http_json import HttpJsonReader
from treasury.core.prices import PriceReading
from treasury.core.types import Address, BlockRef

NOW = 1_767_600_000
BLOCK = BlockRef(1, "0x" + "00" * 32, NOW)
WETH = Address("0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2")
GOOD = '{"ethereum": {"usd": 3012.450000000000000001, "last_updated_at": 1767599990}}'


class Handler(BaseHTTPRequestHandler):
    status: ClassVar[int] = 200
    body: ClassVar[str] = GOOD
    location: ClassVar[str] = ""
    delay_seconds: ClassVar[int] = 0
    paths: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        type(self).paths.append(self.path)
        time.sleep(self.delay_seconds)
        content = self.body.encode()
        self.send_response(self.status)
        if self.location:
            self.send_header("Location", self.location)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def server() -> Iterator[str]:
    Handler.status, Handler.body, Handler.location, Handler.delay_seconds = 200, GOOD, "", 0
    Handler.paths = []
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}/api/v3/simple/price"
    running.shutdown()
    thread.join()
    running.server_close()


def read(url: str) -> PriceReading:
    spec = SourceSpec(
        name="api",
        kind="http_json",
        asset=WETH,
        parameters={"url": url, "id": "ethereum"},
        upstream="coingecko",
        heartbeat_seconds=60,
    )
    HttpJsonReader().check(spec.parameters)
    return HttpJsonReader().read(spec, ReadingContext(block=BLOCK, decimals={WETH: 18}))


def test_a_price_is_read_exactly(server: str) -> None:
    found = read(server)
    assert found.price_usd == Decimal("3012.450000000000000001")
    assert (found.observed_at, found.on_chain, found.error) == (1_767_599_990, False, "")
    assert Handler.paths == [
        "/api/v3/simple/price?ids=ethereum&vs_currencies=usd&include_last_updated_at=true"
    ]


@pytest.mark.parametrize(("after", "observed_at"), [(0, NOW), (60, NOW), (61, NOW + 61)])
def test_a_time_just_after_the_block_counts_as_of_the_block(
    server: str, after: int, observed_at: int
) -> None:
    Handler.body = f'{{"ethereum": {{"usd": 1, "last_updated_at": {NOW + after}}}}}'
    assert read(server).observed_at == observed_at


@pytest.mark.parametrize(
    "body",
    [
        "",
        "nonsense",
        "[]",
        "null",
        "{}",
        '{"ethereum": {}}',
        '{"ethereum": {"usd": "3000", "last_updated_at": 1}}',
        '{"ethereum": {"usd": true, "last_updated_at": 1}}',
        '{"ethereum": {"usd": NaN, "last_updated_at": 1}}',
        '{"ethereum": {"usd": 3000}}',
        '{"ethereum": {"usd": 3000, "last_updated_at": 1.5}}',
        '{"ethereum": {"usd": 3000, "last_updated_at": -1}}',
        '{"ethereum": {"usd": 1e400, "last_updated_at": 1}}',
        "[" * 100_000,
        " " * (http_json.MAX_BYTES + 1),
    ],
)
def test_an_answer_of_another_shape_is_an_error_and_no_price(server: str, body: str) -> None:
    Handler.body = body
    found = read(server)
    assert found.price_usd is None
    assert found.error


@pytest.mark.parametrize("status", [301, 404, 429, 500])
def test_another_status_is_an_error_and_redirects_are_not_followed(
    server: str, status: int
) -> None:
    Handler.status, Handler.location = status, server
    assert read(server).error == f"the API answered with status {status}"
    assert len(Handler.paths) == 1


def test_a_slow_or_absent_server_is_an_error(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_json, "TIMEOUT", 0.2)
    Handler.delay_seconds = 1
    assert read(server).error
    assert read("http://127.0.0.1:1/price").error
