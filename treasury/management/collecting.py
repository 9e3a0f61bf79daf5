"""Python's collector of cycles, put aside while a command makes millions of small objects."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_cycle_collector() -> Iterator[None]:
    """For work whose objects hold no cycles: reference counts free them, and the collector would
    walk all that are alive again and again (a million events took three times as long). The caller
    is a command, alone in its process."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
