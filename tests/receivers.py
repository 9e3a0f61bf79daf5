"""Receivers of messages on loopback: an HTTP server that answers as a test wants, and a mail
server that keeps what it is given."""

from __future__ import annotations

import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(slots=True)
class Request:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Receiver:
    """`answer` gives status, headers and body of the n-th request (from 1)."""

    answer: Callable[[int], tuple[int, dict[str, str], bytes]] = lambda _: (200, {}, b"thanks")
    requests: list[Request] = field(default_factory=list)
    url: str = ""


class QuietServer(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up early is what some tests are about."""


@contextmanager
def http_receiver(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(length)
            if len(body) < length:  # the sender died in the middle: no message was received
                self.close_connection = True
                return
            receiver.requests.append(Request(self.path, headers, body))
            status, more, body = receiver.answer(len(receiver.requests))
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = QuietServer(("127.0.0.1", 0), Handler)
    scheme = "http"
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    receiver.url = f"{scheme}://127.0.0.1:{server.server_address[1]}/hook"
    with _running(server):
        yield receiver


@dataclass(slots=True)
class MailServer:
    """`refusal` answers every recipient when it is set, for example `550 no such user`."""

    port: int = 0
    refusal: str = ""
    mails: list[tuple[str, str, str]] = field(default_factory=list)


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """As much of SMTP as a client needs that neither authenticates nor encrypts."""
    kept = MailServer()

    class Handler(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def handle(self) -> None:
            sender = recipient = ""
            self.say("220 here")
            while line := self.rfile.readline().decode().strip():
                word = line[:4].upper()
                if word == "MAIL":
                    sender = line.partition(":")[2]
                    self.say("250 ok")
                elif word == "RCPT":
                    recipient = line.partition(":")[2]
                    self.say(kept.refusal or "250 ok")
                elif word == "DATA":
                    self.say("354 go on")
                    kept.mails.append((sender, recipient, self._text()))
                    self.say("250 kept")
                elif word == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 here")

        def _text(self) -> str:
            lines = []
            while (line := self.rfile.readline().decode()) not in {".\r\n", ""}:
                lines.append(line.removesuffix("\r\n"))
            return "\n".join(lines)

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    kept.port = int(server.server_address[1])
    with _running(server):
        yield kept


@contextmanager
def _running(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
