"""How often something happened in the current window, counted in Redis by one atomic step."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.cache import cache
from redis.exceptions import RedisError


class CounterUnavailableError(RuntimeError):
    """Redis does not answer. Whether that forbids or allows is the caller's decision."""


@dataclass(frozen=True, slots=True)
class Counted:
    """This time included. `resets_in_seconds` is at least 1."""

    count: int
    resets_in_seconds: int


def count(name: str, *, window_seconds: int, now_seconds: int) -> Counted:
    """Windows are fixed: a burst across their border may be twice the limit, never more."""
    window, passed = divmod(now_seconds, window_seconds)
    key = f"ballast.count.{name}.{window}"
    try:
        cache.add(key, 0, window_seconds + 1)
        counted = int(cache.incr(key))
    except RedisError as error:
        raise CounterUnavailableError(str(error)) from error
    except ValueError:  # gone between the two steps: its window is over
        counted = 1
    return Counted(counted, window_seconds - passed)
