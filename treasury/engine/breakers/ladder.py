"""The ladder of degradation: what a scope may still do (X7). Automatic moves only go down."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Level(StrEnum):
    """L0 to L4, the least severe first."""

    AUTOMATIC = "AUTOMATIC"
    SEMI = "SEMI"
    MANUAL_PRICES = "MANUAL_PRICES"
    MONITOR = "MONITOR"
    FROZEN = "FROZEN"


_LADDER = tuple(Level)


def level_named(name: str) -> Level:
    """The level of that name; an unknown one counts as MONITOR (unknown state = L3)."""
    return Level(name) if name in set(Level) else Level.MONITOR


def lowest_level(names: Iterable[str]) -> Level:
    """The most degraded of several levels; AUTOMATIC of none."""
    return max((level_named(name) for name in names), key=_LADDER.index, default=Level.AUTOMATIC)


def forbids_proposals(name: str) -> bool:
    """MONITOR and FROZEN stop proposals; the levels above still propose and differ in the route."""
    return _LADDER.index(level_named(name)) >= _LADDER.index(Level.MONITOR)
