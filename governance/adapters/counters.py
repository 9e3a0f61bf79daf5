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
    """A window begins with its first event and is fixed from there: a burst across its end may be
    twice the limit, never more."""
    try:
        window = f"ballast.window.{name}"
        began = cache.get_or_set(window, now_seconds, window_seconds) or now_seconds
        key = f"ballast.count.{name}.{began}"
        cache.add(key, 0, window_seconds + 1)
        counted = int(cache.incr(key))
    except RedisError as error:
        raise CounterUnavailableError(str(error)) from error
    except ValueError:  # gone between the two steps: its window is over
        began, counted = now_seconds, 1
    return Counted(counted, max(1, began + window_seconds - now_seconds))
