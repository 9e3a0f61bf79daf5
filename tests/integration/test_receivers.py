"""The receivers that tests send to behave as real ones."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest

from tests.receivers import http_receiver

BODY = b'{"kind": "proposal.created"}'


@pytest.mark.parametrize("sent", [0, len(BODY) - 1, len(BODY)])
def test_http__sender_dies_in_the_middle__only_a_whole_message_was_received(sent: int) -> None:
    with http_receiver() as receiver:
        parts = urlsplit(receiver.url)
        assert parts.hostname is not None
        with socket.create_connection((parts.hostname, parts.port or 0), timeout=10) as client:
            head = f"POST {parts.path} HTTP/1.0\r\nContent-Length: {len(BODY)}\r\n\r\n"
            client.sendall(head.encode() + BODY[:sent])
            client.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: client.recv(4096), b""))
    is_whole = sent == len(BODY)
    assert [request.body for request in receiver.requests] == ([BODY] if is_whole else [])
    assert answer.startswith(b"HTTP/1.0 200") is is_whole
