"""An anchor: what the audit chain was at one moment, said to somebody outside (G7).

One line of a file that only grows, written so that a reader with nothing but a standard library
can check it (docs/verify/README.md prints the format):

    42:9af3... # v1 count=42 at=2026-01-05T12:00:00Z previous=3c0d... ed25519=5b1e...

`ID:HASH` is what the offline check of the chain reads; the rest, a comment to it, is the proof. The
signature covers `AnchorLine.message`, and `previous` the line before, so that no line can be taken
out or put in. Nothing here signs or writes: the adapter does.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime

DOMAIN = "ballast-audit-anchor-v1"
FIRST = "0" * 64
"""Stands for the line before the first one."""

HEADER = re.compile(r"# ballast audit anchors v1 ed25519=([0-9a-f]{64})")
LINE = re.compile(
    r"([1-9][0-9]*):([0-9a-f]{64}) # v1 count=([0-9]+)"
    r" at=([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)"
    r" previous=([0-9a-f]{64}) ed25519=([0-9a-f]{128})"
)


class AnchorFormatError(ValueError):
    """The text is no line of an anchor file."""


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The newest event of the chain, its hash (hex), and how many events there are."""

    event_id: int
    event_hash: str
    count: int


@dataclass(frozen=True, slots=True)
class AnchorLine:
    """`at` is wall time in UTC, whole seconds; `previous` the SHA-256 of the signed line before."""

    head: ChainHead
    at: datetime
    previous: str

    @property
    def message(self) -> bytes:
        """What is signed, and what an owner of the Safe may sign too: six lines of text, no line
        feed at the end."""
        head = self.head
        return "\n".join(
            (DOMAIN, str(head.event_id), head.event_hash, str(head.count), self._at, self.previous)
        ).encode()

    def signed(self, signature: bytes) -> str:
        """The line of the file, without its line feed."""
        head = self.head
        return (
            f"{head.event_id}:{head.event_hash} # v1 count={head.count} at={self._at}"
            f" previous={self.previous} ed25519={signature.hex()}"
        )

    @property
    def _at(self) -> str:
        return self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def header(public_key: bytes) -> str:
    """The first line of a file: who signs all the others."""
    return f"# ballast audit anchors v1 ed25519={public_key.hex()}"


def key_of_header(line: str) -> bytes:
    found = HEADER.fullmatch(line)
    if found is None:
        raise AnchorFormatError("the first line does not name the key")
    return bytes.fromhex(found[1])


def read_line(line: str) -> tuple[AnchorLine, bytes]:
    """The anchor and its signature. Raises AnchorFormatError; verifies nothing."""
    found = LINE.fullmatch(line)
    if found is None:
        raise AnchorFormatError("a line has another shape")
    number, event_hash, count, at, previous, signature = found.groups()
    moment = datetime.strptime(at, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    head = ChainHead(int(number), event_hash, int(count))
    return AnchorLine(head, moment, previous), bytes.fromhex(signature)


def digest_of(line: str) -> str:
    """What the next line names as `previous`."""
    return hashlib.sha256(line.encode()).hexdigest()
