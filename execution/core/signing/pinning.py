"""Which part of a Safe's setup differs from what was accepted. Pure; addresses are EIP-55 text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any

from treasury.core.canonical import canonical_bytes

Configuration = Mapping[str, Any]
"""Field -> value: a number, an address (empty: none) or sorted addresses. The order in which a
Safe lists its owners and modules means nothing."""


class Field(StrEnum):
    """Everything that decides what a Safe does. The value is the key in a configuration."""

    OWNERS = "owners"
    THRESHOLD = "threshold"
    MODULES = "modules"
    GUARD = "guard"
    HANDLER = "handler"
    SINGLETON = "singleton"

    @property
    def event(self) -> str:
        """The kind of the event that tells of a change."""
        return f"safe.{'module' if self is Field.MODULES else self.value}_changed"


CHANGES = tuple(field.event for field in Field)
FROM_STORAGE = frozenset({Field.GUARD, Field.HANDLER, Field.SINGLETON})
"""Read from the proxy's slots: true whatever its singleton answers."""


@dataclass(frozen=True, slots=True)
class Difference:
    field: Field
    pinned: Any
    found: Any

    def __str__(self) -> str:
        if isinstance(self.pinned, list) and isinstance(self.found, list):
            gone = [f"without {one}" for one in self.pinned if one not in self.found]
            new = [f"with {one}" for one in self.found if one not in self.pinned]
            return f"{self.field.value} now {', '.join(new + gone)}"
        return f"{self.field.value} {self.pinned or 'none'} -> {self.found or 'none'}"


def differences(pinned: Configuration, found: Configuration) -> tuple[Difference, ...]:
    return tuple(
        Difference(field, pinned[field], found[field])
        for field in Field
        if pinned[field] != found[field]
    )


def as_far_as_true(known: Configuration, found: Configuration) -> Configuration:
    """Of a Safe that does not answer: its slots as found, the rest as known before."""
    return {field.value: (found if field in FROM_STORAGE else known)[field] for field in Field}


def fingerprint(changed: Iterable[tuple[str, Configuration]]) -> str:
    """Safes that differ, as found: who accepts one change accepts no other."""
    told = [[safe, dict(found)] for safe, found in sorted(changed, key=lambda pair: pair[0])]
    return sha256(canonical_bytes(told)).hexdigest()
