"""From where a request comes, and whether a narrowed token may be used from there."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network


class NetworkError(ValueError):
    """Not a network in CIDR notation; the text may be shown."""


def canonical_networks(given: Iterable[str]) -> list[str]:
    """Each as `address/bits`, sorted, once. Raises NetworkError: host bits must be zero, so that
    nobody believes to have named one machine and names its whole network."""
    return sorted({str(_network(text)) for text in given})


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text.strip())
    except ValueError as error:
        raise NetworkError(
            f"{text!r} is no network in CIDR notation, for example 192.0.2.0/24 ({error})"
        ) from None


def is_inside(address: str, networks: Iterable[str]) -> bool:
    """Whether the address lies in one of the networks; no networks: everywhere. What is no address
    lies nowhere."""
    listed = [ip_network(text) for text in networks]
    if not listed:
        return True
    try:
        here = ip_address(address)
    except ValueError:
        return False
    if isinstance(here, IPv6Address) and here.ipv4_mapped is not None:
        here = here.ipv4_mapped
    return any(here.version == network.version and here in network for network in listed)


def client_address(*, peer: str, forwarded_for: str, trusted_proxies: int) -> str:
    """The caller's address. Only what a proxy of ours has added to X-Forwarded-For counts: the
    rightmost `trusted_proxies` entries; everything further left is the caller's own word. Fewer
    entries than proxies: the request did not come through them, so it is from nowhere."""
    if trusted_proxies < 1:
        return peer
    entries = [entry.strip() for entry in forwarded_for.split(",") if entry.strip()]
    return entries[-trusted_proxies] if len(entries) >= trusted_proxies else ""
