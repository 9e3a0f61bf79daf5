"""How a breaker remembers: hysteresis and time, in one pure step per look.

Over the limit arms it; only a reading at or below the reset level disarms it. In between, and where
nothing is known, it stays as it was: a value that swings between reset level and limit changes
nothing. Time is the block's.
"""

from __future__ import annotations

from dataclasses import dataclass

from treasury.engine.breakers.families.base import Standing


@dataclass(frozen=True, slots=True)
class Memory:
    """`over_since`: armed since that look, None when not. `clean_since`: every reading since then
    was clean. Never both."""

    standing: Standing
    over_since: int | None
    clean_since: int | None
    at: int


def remember(before: Memory | None, *, standing: Standing, now: int) -> Memory:
    """The memory after one more look. A look at an earlier block than the one remembered changes
    nothing."""
    if before is not None and now < before.at:
        return before
    over_since = before.over_since if before else None
    clean_since = before.clean_since if before else None
    match standing:
        case Standing.OVER:
            return Memory(standing, now if over_since is None else over_since, None, now)
        case Standing.CLEAN:
            return Memory(standing, None, now if clean_since is None else clean_since, now)
        case Standing.BETWEEN | Standing.UNKNOWN:
            return Memory(standing, over_since, None, now)


def is_armed(memory: Memory) -> bool:
    """It holds its scope on its level now, Halt or not."""
    return memory.over_since is not None


def is_due(memory: Memory, *, patience_seconds: int) -> bool:
    """Whether it has been armed for so long that it becomes a Halt."""
    return memory.over_since is not None and memory.at - memory.over_since >= patience_seconds


def clean_seconds(memory: Memory) -> int | None:
    """For how long it has been clean, None while it is not."""
    return None if memory.clean_since is None else memory.at - memory.clean_since


def may_end(memory: Memory, *, min_clean_seconds: int) -> bool:
    """Whether a Halt of it may be *offered* for a reset; ending it still takes two people."""
    found = clean_seconds(memory)
    return found is not None and found >= min_clean_seconds
