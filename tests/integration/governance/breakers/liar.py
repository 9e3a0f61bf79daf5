"""A second provider: it hands everything on to the node, and lies about blocks when told to."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class Liar:
    url: str
    is_lying: bool = False
    is_garbled: bool = False

    def retold(self, answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if self.is_lying:
            for answer in answers:
                block = answer.get("result")
                if isinstance(block, dict) and "hash" in block:
                    block["hash"] = "0x" + "ab" * 32
        if self.is_garbled:
            for answer in answers:
                answer["result"] = "odd"
        return answers


@contextmanager
def lying_provider(node: str) -> Iterator[Liar]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            request = urllib.request.Request(  # noqa: S310  the test's own node
                node, body, {"content-type": "application/json"}
            )
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  as above
                told = json.loads(answer.read())
            batch = told if isinstance(told, list) else [told]
            retold = liar.retold(batch)
            out = json.dumps(retold if isinstance(told, list) else retold[0]).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(out)))
            self.end_headers()
            self.wfile.write(out)

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    liar = Liar(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield liar
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
