#!/usr/bin/env python3
"""Checks an export of the audit chain without any server.

    python3 -I -S verify_audit.py audit.jsonl [--anchors anchors.txt]

The export (`manage.py export_audit`) has one JSON object a line: `id`, `at` (microseconds since
1970), `prev`, `hash` (hex) and the event as `body` (text), `body_hex` or `body_base64`. An anchor
is an event's hash that was kept outside the database, `ID:HASH` a line. Exit 0: whole. 2: broken,
prints the first bad id.

Without anchors a tail that was cut off, or a chain that was written anew from its first event,
cannot be seen: then the output says from which event on nothing is proven.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import struct
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

WHOLE, BROKEN = 0, 2
GENESIS = bytes(32)
NAMES = {"id", "at", "prev", "hash"}
BODIES = {"body", "body_hex", "body_base64"}


class BrokenError(Exception):
    """The first thing that is wrong, and where: the id of the event, as far as it is known."""

    def __init__(self, bad_id: int, problem: str) -> None:
        super().__init__(f"first bad id {bad_id}: {problem}")


def check(lines: Iterable[str], anchors: dict[int, bytes]) -> tuple[int, bytes]:
    """Number and hash of the last event. Raises BrokenError."""
    last_id, last_hash, left = 0, GENESIS, dict(anchors)
    for line in lines:
        expected = last_id + 1
        try:
            event = read(line)
        except (ValueError, RecursionError) as error:
            raise BrokenError(expected, f"cannot be read: {error}") from error
        if event["id"] != expected:
            raise BrokenError(event["id"], f"stands where event {expected} belongs")
        if event["prev"] != last_hash:
            raise BrokenError(expected, "does not follow the event before it")
        numbers = struct.pack(">qq", event["id"], event["at"])
        content = hashlib.sha256(event["body"]).digest()
        if hashlib.sha256(last_hash + numbers + content).digest() != event["hash"]:
            raise BrokenError(expected, "body, time or hash was changed")
        if left.pop(expected, event["hash"]) != event["hash"]:
            raise BrokenError(expected, "differs from its anchor: the chain was written anew")
        last_id, last_hash = expected, event["hash"]
    if left:
        raise BrokenError(min(left), "anchored, but missing: the end of the chain was cut off")
    if not last_id:
        raise BrokenError(1, "there is no event at all")
    return last_id, last_hash


def read(line: str) -> dict[str, Any]:
    """One event with bytes as bytes. Raises ValueError for a field missing, doubled or odd."""
    raw = json.loads(line, object_pairs_hook=_once)
    if not isinstance(raw, dict) or len(raw) != 5 or not NAMES < set(raw) <= NAMES | BODIES:
        raise ValueError("a line has id, at, prev, hash and one form of the body")
    for name in ("id", "at"):
        if type(raw[name]) is not int or not 0 <= raw[name] < 2**63:
            raise ValueError(f"{name} is no number")
    return {
        "id": raw["id"],
        "at": raw["at"],
        "prev": hash_of(raw["prev"]),
        "hash": hash_of(raw["hash"]),
        "body": _body(raw),
    }


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def _body(raw: dict[str, Any]) -> bytes:
    (form,) = BODIES & set(raw)
    text = raw[form]
    if not isinstance(text, str):
        raise ValueError(f"{form} is no text")  # noqa: TRY004  all bad lines are alike
    if form == "body_hex":
        return bytes.fromhex(text.removeprefix("0x"))
    return base64.b64decode(text, validate=True) if form == "body_base64" else text.encode()


def hash_of(text: Any) -> bytes:
    if not isinstance(text, str) or not re.fullmatch("(?:0x)?[0-9a-fA-F]{64}", text):
        raise ValueError("a hash has 32 bytes in hex")
    return bytes.fromhex(text[-64:])


def read_anchors(text: str) -> dict[int, bytes]:
    """`ID:HASH` a line, also as `manage.py verify_audit` prints it ("anchor ID:HASH")."""
    found: dict[int, bytes] = {}
    for line in filter(None, (line.partition("#")[0].strip() for line in text.splitlines())):
        number, _, value = line.removeprefix("anchor ").partition(":")
        if not re.fullmatch("[1-9][0-9]*", number):
            raise ValueError(f"an anchor is ID:HASH, not {line!r}")
        if found.setdefault(int(number), hash_of(value)) != hash_of(value):
            raise ValueError(f"two anchors of event {number} contradict each other")
    return found


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Exit 0: whole, 2: broken.")
    parser.add_argument("export", help="JSON lines; - for stdin")
    parser.add_argument("--anchors", help="file of hashes that were kept elsewhere, ID:HASH a line")
    arguments = parser.parse_args(argv)
    try:
        anchors = read_anchors(_text(arguments.anchors)) if arguments.anchors else {}
        lines = _text(arguments.export).split("\n")
        count, last = check(lines[:-1] if lines[-1] == "" else lines, anchors)
    except (BrokenError, OSError, ValueError) as error:
        sys.stdout.write(ascii(str(error))[1:-1] + "\nBROKEN\n")
        return BROKEN
    proven = max(anchors, default=0)
    sys.stdout.write(f"whole: {count} events\nanchor {count}:{last.hex()}\n")
    if proven < count:
        sys.stdout.write(f"unproven after event {proven}: no later anchor given\n")
    return WHOLE


def _text(name: str) -> str:
    return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
