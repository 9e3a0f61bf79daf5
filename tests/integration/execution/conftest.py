"""One executed plan on the local chain, to be read and to be attacked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from execution.models import SafeTransaction, Transaction
from tests.chain.execution.building import build_world
from tests.chain.execution.world import EXECUTOR_KEY, World
from tests.conftest import Chain

Run = Callable[..., None]


@pytest.fixture
def world(db: None, chain: Chain, settings: Any) -> World:
    settings.EXECUTOR_KEY = EXECUTOR_KEY
    return build_world(chain)


@pytest.fixture
def executed(world: World) -> Transaction:
    prepared = world.prepare("reserve", [world.trade("uniswap_v3", "USDC", "WETH", 1_000)])
    stx: SafeTransaction = world.open(prepared)
    world.confirm(stx, "owner1", "owner2", "owner3")
    return world.execute(prepared, stx)


@pytest.fixture
def sql() -> Run:
    """Runs one statement as the owner of the tables; no service stands between."""

    def run(statement: str, *parameters: str | int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)

    return run
