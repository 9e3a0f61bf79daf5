"""Canonical bytes of a value, so that a digest means the same on every machine and in every year.

The form is JSON with sorted keys and no white space (the subset of RFC 8785 without floats): `int`
beyond 2^53 and `Decimal` become strings, so that no reader loses a digit. Floats are refused.
Not done: Unicode normalisation, dates (give Unix seconds).
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import Field, fields, is_dataclass
from decimal import Decimal
from enum import Enum
from typing import Any, Final

SAFE_INTEGER = 2**53
DEPTH_MAX: Final = 64
"""No document of ours or of a wallet comes near it."""

STRINGS: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
STEPS: Final = {"[": 1, "{": 1, "]": -1, "}": -1}


LATER: Final = {"came later": True}
"""Metadata of a dataclass field that came after documents of the class were stored and signed:
`limit: int = field(default=0, metadata=LATER)`. At its default it has no place in the canonical
form, so that their digests stay what they were, and a document without it is read as having it.
The default means "as before", for ever."""


def came_later(of: Field[Any]) -> bool:
    return LATER.items() <= of.metadata.items()


class NotCanonicalError(TypeError):
    """The value holds something that has no canonical form, such as a float."""


def plain(value: object) -> Any:
    """The value as JSON types. Dataclasses become objects by field name (see `LATER`), enums their
    value, bytes 0x-hex, Decimal its plain (never exponential) notation without trailing zeros."""
    if value is None or (isinstance(value, str | bool) and not isinstance(value, Enum)):
        return value
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, int):
        return value if abs(value) < SAFE_INTEGER else str(value)
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if is_dataclass(value) and not isinstance(value, type):
        return {
            item.name: plain(getattr(value, item.name))
            for item in fields(value)
            if not (came_later(item) and getattr(value, item.name) == item.default)
        }
    if isinstance(value, dict):
        return {_key(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    raise NotCanonicalError(f"{type(value).__name__} has no canonical form: {value!r}")


def decimal_text(value: Decimal) -> str:
    """`Decimal` in plain notation: 1E+3 -> 1000, 1.50 -> 1.5, -0 -> 0."""
    if not value.is_finite():
        raise NotCanonicalError(f"{value} is not a finite number")
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def canonical_bytes(value: object) -> bytes:
    return json.dumps(
        plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def is_too_deep(text: str) -> bool:
    """Whether objects and arrays stand within each other more than DEPTH_MAX times. Brackets in
    strings do not count. Whether the text is JSON at all is not asked."""
    depth = 0
    for bracket in re.findall(r"[\[\]{}]", STRINGS.sub("", text)):
        depth += STEPS[bracket]
        if depth > DEPTH_MAX:
            return True
    return False


def digest(value: object) -> str:
    """SHA-256 of the canonical bytes, lower-case hex without prefix."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise NotCanonicalError(f"object keys are text, not {type(key).__name__}: {key!r}")
    return str(key)
