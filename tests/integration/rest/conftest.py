"""The same local treasury as governance's tests; rows that other connections see."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import pytest

from tests.integration.governance.conftest import (
    chain,
    committed,
    db,
    empty_cache,
    opening,
    seeded,
    sign,
    stage,
)

__all__ = [
    "Say",
    "chain",
    "committed",
    "db",
    "empty_cache",
    "opening",
    "say",
    "seeded",
    "sign",
    "stage",
]

Say = Callable[[str, Sequence[str]], None]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """A line of the run's output: what was counted, and how many were wrong."""

    def line(counted: str, wrong: Sequence[str]) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{counted}, {len(wrong)} wrong\n")

    return line
