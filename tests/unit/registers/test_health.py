"""Gas money left, and words for every breaker."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.core.following.gas_tank import ASSUMED_GAS_UNITS, TankLevel, gas_tank
from governance.core.following.halt_words import WORDS, halt_words, level_words
from governance.core.routing import Level
from treasury.engine.breakers import TIER_BREAKERS, TREASURY_BREAKERS

WEI = st.integers(min_value=0, max_value=10**24)


@given(balance=WEI, price=st.integers(1, 10**13), used=st.lists(st.integers(21_000, 10**7)))
def test_gas_tank__any_balance__never_promises_more_than_it_holds(
    balance: int, price: int, used: list[int]
) -> None:
    found = gas_tank(balance_wei=balance, used=used, price_wei=price)
    assert found.left * found.gas_units * price <= balance
    assert found.is_assumed == (not used)
    assert found.gas_units in ({*used} or {ASSUMED_GAS_UNITS})


@pytest.mark.parametrize(
    ("left", "level"), [(19, TankLevel.BAD), (20, TankLevel.WARN), (60, TankLevel.GOOD)]
)
def test_gas_tank__limits__alert_below_twenty(left: int, level: TankLevel) -> None:
    assert gas_tank(balance_wei=left * 100, used=[50], price_wei=2).level is level


def test_halt_words__every_breaker__has_words_and_an_entry_in_the_runbook() -> None:
    runbook = Path("docs/runbook.md").read_text()
    assert {*TIER_BREAKERS, *TREASURY_BREAKERS} <= set(WORDS)
    for name in WORDS:
        assert f"`{name}`" in runbook, name
    assert halt_words("NO_SUCH").title == "Stopped"


def test_level_words__unknown_level__counts_as_monitor() -> None:
    assert level_words("?") == level_words(Level.MONITOR)
