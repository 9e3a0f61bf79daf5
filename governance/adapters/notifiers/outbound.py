"""HTTP to addresses that somebody typed in, without becoming a door into our own network (SSRF).

The name is resolved once; every address it has must be public, and the connection goes to exactly
the address that was judged, with the name kept for TLS and the Host header: a second resolution
(DNS rebinding) cannot happen. HTTPS only; redirects are not followed, because their target was not
judged. Networks of our own may be named in `settings.NOTIFY_PRIVATE_NETWORKS`; plain HTTP is
possible only there. Bounded: 5 s to connect, 10 s in total, 64 KiB read. Not bounded: the
resolver, which has its own time-outs.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpcore

from treasury.adapters.rpc import trusted_roots

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 10.0
BYTES_MAX = 64 * 1024
URL_CHARACTERS = 500

NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
NEVER = (
    ipaddress.IPv4Network("169.254.0.0/16"),
    ipaddress.IPv6Network("fe80::/10"),
    ipaddress.IPv6Network("fd00:ec2::254/128"),
)
"""Link-local, which is where clouds keep their metadata: refused whatever the settings say."""
HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")
NUMBERISH = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)")


class OutboundRefusedError(ValueError):
    """The address must not be called; the text says why and how to mend it."""


@dataclass(frozen=True, slots=True)
class Url:
    """A judged address. `host` is a lower-case name or a literal address without brackets."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        is_usual = self.port == (443 if self.scheme == "https" else 80)
        return host if is_usual else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    status: int
    body: bytes


def parse(text: str, private: Sequence[IpNetwork]) -> Url:
    """The parts of an address, or OutboundRefusedError. Asks no resolver; a literal address is
    judged here, a name when it is used."""
    if len(text) > URL_CHARACTERS or not text.isascii() or re.search(r"[\x00-\x20\x7f\\]", text):
        raise OutboundRefusedError(
            "an address is at most 500 plain characters without spaces; write a name of other"
            " letters in its xn-- form"
        )
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise OutboundRefusedError(f"the address cannot be read: {error}") from None
    if parts.scheme not in {"https", "http"}:
        raise OutboundRefusedError("the address must begin with https://")
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise OutboundRefusedError("the address must hold no user name or password")
    if parts.fragment:
        raise OutboundRefusedError("the address must have no #fragment: it would not be sent")
    host = (parts.hostname or "").rstrip(".")
    literal = _literal(host)
    if literal is not None:
        judge(literal, private, scheme=parts.scheme)
    elif not HOST.fullmatch(host) or NUMBERISH.fullmatch(host.rsplit(".", 1)[-1]):
        raise OutboundRefusedError(
            "the address names no host: write a name, or an address as 192.0.2.1"
        )
    elif parts.scheme == "http" and not private:
        raise OutboundRefusedError("the address must begin with https://")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Url(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), path)


def judge(address: IpAddress, private: Sequence[IpNetwork], *, scheme: str) -> None:
    """Raises OutboundRefusedError unless the address is public, or in a network of our own."""
    real = _embedded(address)
    if any(_is_in(real, network) for network in NEVER):
        raise OutboundRefusedError(f"{address} is link-local: no receiver lives there")
    if any(_is_in(real, network) for network in private):
        return
    if not real.is_global or real.is_multicast or real.is_reserved:
        raise OutboundRefusedError(
            f"{address} is not a public address; a network of your own has to be named in"
            " NOTIFY_PRIVATE_NETWORKS"
        )
    if scheme != "https":
        raise OutboundRefusedError("the address must begin with https://")


def resolve(url: Url, private: Sequence[IpNetwork]) -> IpAddress:
    """The one address to connect to. All that the name has must be allowed: one bad among them
    would be chosen sooner or later. Raises OSError when the name has none."""
    literal = _literal(url.host)
    found = [literal] if literal is not None else _lookup(url.host, url.port)
    for address in found:
        judge(address, private, scheme=url.scheme)
    return found[0]


def post(url: Url, *, address: IpAddress, content: bytes, headers: Mapping[str, str]) -> HttpAnswer:
    """One POST to exactly that address. Raises OSError or httpcore's errors; follows nothing."""
    backend = PinnedBackend(str(address), time.monotonic() + TOTAL_SECONDS)
    sent = {"Host": url.authority, "Connection": "close", **headers}
    timeouts = dict.fromkeys(("read", "write", "pool"), TOTAL_SECONDS) | {
        "connect": CONNECT_SECONDS
    }
    target = httpcore.URL(
        scheme=url.scheme.encode(),
        host=url.host.encode(),
        port=url.port,
        target=url.path.encode(),
    )
    with (
        httpcore.ConnectionPool(
            ssl_context=trusted_roots(), network_backend=backend, retries=0
        ) as pool,
        pool.stream(
            "POST",
            target,
            headers=list(sent.items()),
            content=content,
            extensions={"timeout": timeouts},
        ) as answer,
    ):
        return HttpAnswer(answer.status, _limited(answer.iter_stream()))


class PinnedBackend(httpcore.NetworkBackend):
    """Connects to one address, whatever the name; and nothing takes longer than the deadline."""

    def __init__(self, address: str, deadline: float) -> None:
        self._address, self._deadline = address, deadline
        self._real = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._real.connect_tcp(self._address, port, timeout, local_address, socket_options)
        return BoundedStream(stream, self._deadline)


class BoundedStream(httpcore.NetworkStream):
    """Each read may take only what is left of the whole: a drip of bytes does not last for ever."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left(httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._left(httpcore.ConnectTimeout)
        return BoundedStream(
            self._stream.start_tls(ssl_context, server_hostname, left), self._deadline
        )

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def _left(self, error: type[Exception]) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise error(f"not done within {TOTAL_SECONDS:.0f} s")
        return left


def _limited(parts: Iterable[bytes]) -> bytes:
    """The first 64 KiB; what comes after is not read."""
    body = b""
    for part in parts:
        body += part
        if len(body) >= BYTES_MAX:
            break
    return body[:BYTES_MAX]


def _literal(host: str) -> IpAddress | None:
    """An address written as such. Decimal, octal and hexadecimal forms are none: some programs
    read them as one, so a host that ends in a number is refused elsewhere."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _lookup(host: str, port: int) -> list[IpAddress]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


def _embedded(address: IpAddress) -> IpAddress:
    """The IPv4 address inside an IPv6 one, where a gateway would take it out."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _is_in(address: IpAddress, network: IpNetwork) -> bool:
    return address.version == network.version and address in network
