"""A price API on this machine, in the format that the product's HTTP source documents.

It stands for a public service: true market prices, whatever the feeds on the chain say. Loopback
only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

from config.local.places import PRICE_API_PATH

FEED_SCALE = Decimal(10**8)
STOP_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Quotation:
    """True prices in USD with eight decimals by id, and when they were true (Unix seconds)."""

    prices: Mapping[str, int]
    at: int


@contextmanager
def price_api(quotation: Callable[[], Quotation], *, port: int = 0) -> Iterator[str]:
    """Serve until the context ends; yields the URL that a price source is configured with."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path != PRICE_API_PATH:
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            now = quotation()
            wanted = parse_qs(parts.query).get("ids", [""])[0].split(",")
            body = "{" + ",".join(_entry(name, now) for name in wanted if name in now.prices) + "}"
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = Thread(target=server.serve_forever, args=[STOP_SECONDS], daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{PRICE_API_PATH}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _entry(name: str, now: Quotation) -> str:
    """Numbers are written out exactly; json.dumps would want a float."""
    price = format(Decimal(now.prices[name]) / FEED_SCALE, "f")
    return f'{json.dumps(name)}:{{"usd":{price},"last_updated_at":{now.at}}}'
