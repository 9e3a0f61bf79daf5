"""The text that a wallet signs to prove who holds it (ERC-4361).

The server builds it and keeps it; the browser brings back a signature only, so nothing is ever
parsed. It authorises nothing on a chain: each purpose says in the text what the signature is for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from treasury.core.types import Address

LIFETIME = timedelta(minutes=5)
LONGEST_LIFETIME = timedelta(minutes=10)
NONCE = re.compile(r"[A-Za-z0-9]{17,40}")
"""At least 96 bits, if drawn from 62 characters (5.95 bits each)."""
ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


class Purpose(StrEnum):
    """A signature for one purpose is good for no other."""

    SIGN_IN = "SIGN_IN"
    ATTACH = "ATTACH"
    PROVE = "PROVE"


STATEMENTS: dict[Purpose, str] = {
    Purpose.SIGN_IN: "Sign in to Ballast. This approves nothing and moves nothing.",
    Purpose.ATTACH: "Attach this account to {person} in Ballast. This approves nothing and moves "
    "nothing.",
    Purpose.PROVE: "Show Ballast that {person} is here now. This approves nothing and moves "
    "nothing.",
}


class TextError(ValueError):
    """A text that must not be signed; a defect of the caller or of the settings."""


@dataclass(frozen=True, slots=True)
class SignInText:
    """`site_url` is this service's own address from its settings, never what a request says."""

    site_url: str
    address: Address
    statement: str
    chain_id: int
    nonce: str
    issued_at: datetime
    expires_at: datetime

    def __post_init__(self) -> None:
        if not self.domain or "\n" in self.statement or not self.statement.isascii():
            raise TextError("the domain or the statement cannot stand in the text")
        if not ADDRESS.fullmatch(self.address) or self.chain_id < 1:
            raise TextError("no such account or chain")
        if not NONCE.fullmatch(self.nonce):
            raise TextError("the nonce is too short or has other characters")
        if not timedelta() < self.expires_at - self.issued_at <= LONGEST_LIFETIME:
            raise TextError("the text would hold too long, or has ended")

    @property
    def domain(self) -> str:
        """Host and port, as the wallet compares it with the page's own."""
        return urlsplit(self.site_url).netloc

    def __str__(self) -> str:
        return (
            f"{self.domain} wants you to sign in with your Ethereum account:\n"
            f"{self.address}\n"
            "\n"
            f"{self.statement}\n"
            "\n"
            f"URI: {self.site_url}\n"
            "Version: 1\n"
            f"Chain ID: {self.chain_id}\n"
            f"Nonce: {self.nonce}\n"
            f"Issued At: {written(self.issued_at)}\n"
            f"Expiration Time: {written(self.expires_at)}"
        )


def statement(purpose: Purpose, person: str = "") -> str:
    """`person` is a user name; characters beyond ASCII, which the text cannot hold, become `?`."""
    return STATEMENTS[purpose].format(person=person.encode("ascii", "replace").decode())


def written(moment: datetime) -> str:
    """RFC 3339 in UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
