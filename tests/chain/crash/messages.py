"""What the tests and the nursery say to each other."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Request:
    argv: tuple[str, ...]
    log: str
    crash_at: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A child has started (`returncode` None), or has ended."""

    pid: int
    returncode: int | None
