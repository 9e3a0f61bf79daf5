"""The signed file of anchors: appended, never rewritten, kept where the database's owner cannot
write.

The key is an Ed25519 key in a PEM file of its own (PKCS #8), made once by `manage.py anchor_audit
--new-key`. Not done here: copying the file away; its folder should be a mount of another machine.
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from governance.core.anchors import (
    FIRST,
    AnchorFormatError,
    AnchorLine,
    ChainHead,
    digest_of,
    header,
    key_of_header,
    read_line,
)

FILE_NAME = "audit-anchors.txt"


class AnchorFileError(RuntimeError):
    """The file or its key cannot be used; the text says what to mend."""


@dataclass(frozen=True, slots=True)
class WrittenAnchor:
    """`line` as it stands in the file; `is_new` is false when the file knew the event already."""

    line: str
    signature: str
    public_key: str
    reference: str
    is_new: bool


def create_key(path: Path) -> str:
    """Makes the key file, readable by us only, and says its public key in hex. An existing one is
    never replaced: what it signed would be worth nothing."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise AnchorFileError(f"{path} is there already: keep it, or name another") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
    return key.public_key().public_bytes_raw().hex()


def append_anchor(*, folder: Path, key_file: Path, head: ChainHead, at: datetime) -> WrittenAnchor:
    """One signed line more, on the disk before this returns. One writer at a time; an event that
    the file knows is not written twice. Raises AnchorFileError."""
    key = _load(key_file)
    public = key.public_key().public_bytes_raw()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE_NAME
    with path.open("a+", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        lines = file.read().splitlines()
        previous, known = _checked(lines, public, path)
        if head.event_id in known:
            return _known(known[head.event_id], head, public, path)
        if not lines:
            file.write(header(public) + "\n")
        anchor = AnchorLine(head, at, previous)
        signature = key.sign(anchor.message)
        line = anchor.signed(signature)
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())
    return WrittenAnchor(line, signature.hex(), public.hex(), FILE_NAME, is_new=True)


def _load(key_file: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(key_file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise AnchorFileError(
            f"{key_file} holds no key ({type(error).__name__}): make one with"
            " `manage.py anchor_audit --new-key`"
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise AnchorFileError(f"{key_file} holds another kind of key than Ed25519")
    return key


def _checked(lines: list[str], public: bytes, path: Path) -> tuple[str, dict[int, str]]:
    """What the next line names as `previous`, and the lines by event. Whatever is odd is refused:
    going on would put our signature under it."""
    if not lines:
        return FIRST, {}
    try:
        if key_of_header(lines[0]) != public:
            raise AnchorFileError(f"{path} was begun with another key: start a new folder")
        verifier, previous = Ed25519PublicKey.from_public_bytes(public), FIRST
        known: dict[int, str] = {}
        for line in lines[1:]:
            anchor, signature = read_line(line)
            verifier.verify(signature, anchor.message)
            if anchor.previous != previous or anchor.head.event_id <= max(known, default=0):
                raise AnchorFormatError("a line does not follow the one before it")
            previous, known[anchor.head.event_id] = digest_of(line), line
    except (AnchorFormatError, InvalidSignature) as error:
        raise AnchorFileError(f"{path} was changed ({error or 'signature'}): look first") from None
    return previous, known


def _known(line: str, head: ChainHead, public: bytes, path: Path) -> WrittenAnchor:
    anchor, signature = read_line(line)
    if anchor.head.event_hash != head.event_hash:
        raise AnchorFileError(
            f"event {head.event_id} is anchored in {path} with another hash: the chain was"
            " written anew"
        )
    return WrittenAnchor(line, signature.hex(), public.hex(), FILE_NAME, is_new=False)
