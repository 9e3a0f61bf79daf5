"""From canonical JSON types back to frozen dataclasses: the inverse of `canonical.plain`.

Stored decision inputs (D7) and execution plans are replayed from what this returns, so it is
strict: a missing, unknown or ill-typed field is an error that names its place (JSON pointer, RFC
6901) and the remedy. Only a field that came later (`canonical.LATER`) may be missing: it has its
default. `revive(type(x), plain(x)) == x` for dataclasses of: str, bool, int (also as text), Decimal
(text or int), bytes (0x-hex), enums, NewTypes of these, other dataclasses, `tuple[T, ...]`,
`tuple[A, B]`, `T | None`. Not done: lists, dicts, unions of several types; formats and limits of
values (the owner of the type checks).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

from treasury.core.canonical import came_later

T = TypeVar("T")

READING_ERRORS = (ValueError, TypeError, KeyError, AttributeError, ArithmeticError)
"""How reading a stored text fails that was changed past the service."""

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)", re.ASCII)
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?", re.ASCII)
_BYTES = re.compile(r"0x([0-9a-f]{2})*", re.ASCII)


class RevivalError(ValueError):
    """A plain value does not have the shape of its type. `pointer` says where, "" is the whole."""

    def __init__(self, *, pointer: str, message: str) -> None:
        super().__init__(f"{pointer or '(document)'}: {message}")
        self.pointer = pointer
        self.message = message


def revive(cls: type[T], plain: object) -> T:
    """The dataclass instance that `canonical.plain` turned into `plain`."""
    if not is_dataclass(cls):
        raise TypeError(f"{cls!r} is not a dataclass")
    revived: T = _dataclass(cls, plain, "")
    return revived


def _value(hint: Any, plain: object, pointer: str) -> Any:
    """One value by its type hint. The order matters: enums before the str and int they extend."""
    if isinstance(hint, NewType):
        return _value(hint.__supertype__, plain, pointer)
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return _optional(hint, plain, pointer)
    if origin is tuple:
        return _tuple(hint, plain, pointer)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _enum(hint, plain, pointer)
    if is_dataclass(hint):
        return _dataclass(hint, plain, pointer)
    read = _SCALARS.get(hint)
    if read is None:
        raise TypeError(f"{pointer}: {hint!r} cannot be revived")
    return read(plain, pointer)


def _dataclass(cls: Any, plain: object, pointer: str) -> Any:
    if not isinstance(plain, Mapping):
        raise _wrong(pointer, "an object", plain)
    hints = _hints(cls)
    known = {field.name: field for field in fields(cls)}
    for name in plain:
        if name not in known:
            raise RevivalError(
                pointer=f"{pointer}/{escape(name)}",
                message=f"unknown field; remove it or use one of: {', '.join(known)}",
            )
    for name, field in known.items():
        if name not in plain and not came_later(field):
            raise RevivalError(
                pointer=f"{pointer}/{name}", message=f"missing field of {cls.__name__}; add it"
            )
    return cls(
        **{
            name: _value(hints[name], plain[name], f"{pointer}/{name}")
            for name in known
            if name in plain
        }
    )


@lru_cache(maxsize=256)
def _hints(cls: Any) -> dict[str, Any]:
    return get_type_hints(cls)


def _optional(hint: Any, plain: object, pointer: str) -> Any:
    members = [member for member in get_args(hint) if member is not NoneType]
    if len(members) != 1 or len(members) == len(get_args(hint)):
        raise TypeError(f"{pointer}: only `T | None` can be revived, not {hint!r}")
    return None if plain is None else _value(members[0], plain, pointer)


def _tuple(hint: Any, plain: object, pointer: str) -> tuple[Any, ...]:
    if not isinstance(plain, Sequence) or isinstance(plain, str | bytes):
        raise _wrong(pointer, "an array", plain)
    members = get_args(hint)
    if len(members) == 2 and members[1] is Ellipsis:
        members = (members[0],) * len(plain)
    if len(members) != len(plain):
        raise RevivalError(
            pointer=pointer, message=f"expected {len(members)} items, found {len(plain)}"
        )
    return tuple(
        _value(member, item, f"{pointer}/{index}")
        for index, (member, item) in enumerate(zip(members, plain, strict=True))
    )


def _enum(hint: type[Enum], plain: object, pointer: str) -> Enum:
    for member in hint:
        # `True == 1`, so an IntEnum must not take a bool for its number.
        if type(plain) in (str, int) and plain == member.value:
            return member
    allowed = ", ".join(str(member.value) for member in hint)
    raise RevivalError(pointer=pointer, message=f"{plain!r} is not one of: {allowed}")


def _str(plain: object, pointer: str) -> str:
    if not isinstance(plain, str):
        raise _wrong(pointer, "text", plain)
    return plain


def _bool(plain: object, pointer: str) -> bool:
    if not isinstance(plain, bool):
        raise _wrong(pointer, "true or false", plain)
    return plain


def _int(plain: object, pointer: str) -> int:
    """An int, or its text: `canonical.plain` writes ints beyond 2^53 as text."""
    if isinstance(plain, int) and not isinstance(plain, bool):
        return plain
    if isinstance(plain, str) and _INTEGER.fullmatch(plain):
        return int(plain)
    raise _wrong(pointer, "a whole number (as a number, or as text if large)", plain)


def _decimal(plain: object, pointer: str) -> Decimal:
    """Text or an int; a float has already lost digits, so it is refused."""
    if isinstance(plain, int) and not isinstance(plain, bool):
        return Decimal(plain)
    if isinstance(plain, str) and _DECIMAL.fullmatch(plain):
        return Decimal(plain)
    raise _wrong(pointer, 'a decimal number as text, such as "12.5"', plain)


def _bytes(plain: object, pointer: str) -> bytes:
    if isinstance(plain, str) and _BYTES.fullmatch(plain):
        return bytes.fromhex(plain[2:])
    raise _wrong(pointer, 'bytes as lower-case hex, such as "0x00ff"', plain)


_SCALARS: dict[Any, Any] = {
    str: _str,
    bool: _bool,
    int: _int,
    Decimal: _decimal,
    bytes: _bytes,
}


def escape(name: object) -> str:
    """One reference token of a JSON pointer."""
    return str(name).replace("~", "~0").replace("/", "~1")


def _wrong(pointer: str, expected: str, found: object) -> RevivalError:
    return RevivalError(
        pointer=pointer, message=f"expected {expected}, found {type(found).__name__} {found!r:.80}"
    )
