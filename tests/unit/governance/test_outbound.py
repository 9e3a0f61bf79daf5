"""Addresses that must never be called: every spelling of our own network that we know of."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import pytest

from governance.adapters.notifiers.outbound import (
    IpNetwork,
    OutboundRefusedError,
    parse,
    resolve,
)

LOOPBACK: list[IpNetwork] = [ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")]
EVERYTHING: list[IpNetwork] = [ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")]

NEVER_CALLED = (
    "http://example.org/",
    "ftp://example.org/",
    "gopher://127.0.0.1/",
    "//example.org/",
    "https://",
    "https:///path",
    "https://user@example.org/",
    "https://user:pass@example.org/",
    "https://example.org@127.0.0.1/",
    "https://127.0.0.1\\@example.org/",
    "https://example.org/#fragment",
    "https://example.org/ space",
    "https://example.org/\r\nHost: other",
    "https://example.org:99999/",
    "https://[::1/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://017700000001/",
    "https://0/",
    "https://0.0.0.0/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://2852039166/",
    "https://224.0.0.1/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://[::ffff:a9fe:a9fe]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[2002:7f00:1::]/",
    "https://[fe80::1]/",
    "https://[fc00::1]/",
    "https://[fd00:ec2::254]/",
    "https://[ff02::1]/",
    "https://\uff11\uff12\uff17.0.0.1/",
    "https://b\u00fccher.example/",
    "https://example.org\u3002internal/",
    "https://-bad.example/",
    "https://under_score.example/",
    "https://" + "a" * 600 + ".example/",
)


@pytest.mark.parametrize("text", NEVER_CALLED)
def test_parse__address_of_our_own_or_a_trick__refused(text: str) -> None:
    with pytest.raises(OutboundRefusedError):
        parse(text, [])


@pytest.mark.parametrize(
    ("text", "authority", "path"),
    [
        ("https://example.org/hook?a=1", "example.org", "/hook?a=1"),
        ("https://EXAMPLE.org.", "example.org", "/"),
        ("https://example.org:8443/x", "example.org:8443", "/x"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", "/"),
        ("https://93.184.215.14/", "93.184.215.14", "/"),
        ("https://[2606:4700::1111]/", "[2606:4700::1111]", "/"),
    ],
)
def test_parse__public_address__taken_apart(text: str, authority: str, path: str) -> None:
    url = parse(text, [])
    assert (url.authority, url.path) == (authority, path)


def test_parse__own_network_named__loopback_by_plain_http_and_nothing_else() -> None:
    assert parse("http://127.0.0.1:8000/hook", LOOPBACK).port == 8000
    for text in ("http://93.184.215.14/", "https://10.0.0.1/", "https://[::ffff:10.0.0.1]/"):
        with pytest.raises(OutboundRefusedError):
            parse(text, LOOPBACK)


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "[::ffff:169.254.169.254]", "[fe80::1]", "[fd00:ec2::254]"]
)
def test_parse__metadata__refused_even_when_every_network_is_ours(host: str) -> None:
    with pytest.raises(OutboundRefusedError, match="link-local"):
        parse(f"https://{host}/", EVERYTHING)


def answers(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """What the resolver says, and for whom it was asked."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        return [(0, 0, 0, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.1.2.3"],
        ["93.184.215.14", "127.0.0.1"],
        ["::ffff:169.254.169.254"],
        ["fe80::1%eth0"],
        ["64:ff9b::7f00:1"],
    ],
)
def test_resolve__name_that_leads_inside__refused(
    addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, *addresses)
    with pytest.raises(OutboundRefusedError):
        resolve(parse("https://innocent.example/", []), [])


def test_resolve__public_name__asked_once_and_the_judged_address_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = answers(monkeypatch, "93.184.215.14", "2606:4700::1111")
    address = resolve(parse("https://innocent.example/", []), [])
    assert (str(address), asked) == ("93.184.215.14", ["innocent.example"])


def test_resolve__public_name_by_plain_http__refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, "93.184.215.14")
    with pytest.raises(OutboundRefusedError, match="https"):
        resolve(parse("http://innocent.example/", LOOPBACK), LOOPBACK)
