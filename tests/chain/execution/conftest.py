"""A treasury on the local chain, with the executor's key in the settings."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chain.execution.building import build_world
from tests.chain.execution.world import EXECUTOR_KEY, World
from tests.conftest import Chain


@pytest.fixture
def world(db: None, chain: Chain, settings: Any) -> World:
    settings.EXECUTOR_KEY = EXECUTOR_KEY
    return build_world(chain)
