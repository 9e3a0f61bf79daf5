"""What a scenario's script is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from config.local.scenarios.driver import Driver


@dataclass(frozen=True, slots=True)
class Stage:
    """`shift_strategy` publishes finance's new strategic policy, approved by a second person."""

    driver: Driver
    shift_strategy: Callable[[], object]


Script = Callable[[Stage], None]
