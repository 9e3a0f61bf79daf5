"""What every trigger promises, over the registry."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.unit.engine.tiers import NOW, A, B
from tests.unit.engine.triggers.sights import DAY, HOUR, RULE, TOPIC, holding, look, series, sight
from treasury.core.decisions import TriggerState
from treasury.core.policies import TriggerKind, TriggerRule
from treasury.core.triggering.observed import (
    EarlierHoldings,
    EarlierUnits,
    Observed,
    Peg,
    SeenLog,
    Upgrade,
)
from treasury.core.triggering.rules import CalendarRule, EventRules, WatchedContract, YieldRule
from treasury.core.types import GasPrice, PairCost
from treasury.engine.triggers.registry import TRIGGERS

WATCHED = WatchedContract(A, TOPIC)
ON: dict[str, TriggerRule] = {
    "FULL_RESET": replace(RULE, calendar=CalendarRule(full_reset_days=365)),
    "CALENDAR": replace(RULE, kind=TriggerKind.CALENDAR, interval_seconds=DAY),
    "THRESHOLD": RULE,
    "CALENDAR_MAX": replace(RULE, kind=TriggerKind.HYBRID, max_age_seconds=90 * DAY),
    "DEPEG": replace(RULE, events=EventRules(depeg_bps=100)),
    "PRICE_MOVE": replace(RULE, events=EventRules(price_move_bps=500, price_move_seconds=DAY)),
    "VOLATILITY": replace(RULE, events=EventRules(volatility_bps=5000, volatility_seconds=HOUR)),
    "FLOW": replace(RULE, events=EventRules(flow_bps=500, flow_seconds=DAY)),
    "CONTRACT_LOG": replace(RULE, events=EventRules(logs=(WATCHED,))),
    "UPGRADE": replace(RULE, events=EventRules(upgrade_lead_seconds=DAY)),
    "YIELD_SPREAD": replace(
        RULE, yields=YieldRule(spread_bps=100, window_seconds=DAY, horizon_days=90)
    ),
    "GAS": replace(RULE, events=EventRules(gas_below_wei=10**9)),
}
ALL = Observed(
    prices=(series(A, *((60 * step, "100" if step % 2 else "90") for step in range(20, 0, -1))),),
    rates=(
        series(A, (3 * DAY, "1"), (DAY, "1"), (60, "1")),
        series(B, (3 * DAY, "1"), (DAY, "1"), (60, "1.001")),
    ),
    pegs=(Peg(A, Decimal(1)),),
    base_fee_before_wei=2 * 10**9,
    earlier=EarlierHoldings(NOW - DAY, (EarlierUnits(A, 100 * 10**6),)),
    logs=(SeenLog(A, TOPIC, 7, "0x07", "0x0a", 0),),
    upgrades=(Upgrade("fork", NOW + 60),),
)
FIRING = sight(
    "0.9",
    state=TriggerState(policy_since=NOW - 400 * DAY, latest_rebalance_at=NOW - 100 * DAY),
    observed=ALL,
    holdings=(holding(A, 10_000, "120"), holding(B, 1)),
    pairs=(PairCost(A, B, "dex", Decimal(1), None, 0),),
    gas=GasPrice(10**9, 0, Decimal(0)),
)
QUIET = sight(
    "0.5",
    state=TriggerState(policy_since=NOW - DAY, latest_rebalance_at=NOW - 60),
    holdings=(holding(A, 1), holding(B, 1)),
    gas=GasPrice(2 * 10**9, 0, Decimal(0)),
)


def test_registry__every_trigger__has_a_rule_here() -> None:
    assert set(ON) == set(TRIGGERS)


@pytest.mark.parametrize("key", sorted(TRIGGERS))
def test_trigger__off_in_a_bare_policy__leaves_no_record(key: str) -> None:
    bare = replace(RULE, kind=TriggerKind.CALENDAR if key == "THRESHOLD" else RULE.kind)
    assert not TRIGGERS[key].is_on(bare)
    assert TRIGGERS[key].is_on(ON[key])


@pytest.mark.parametrize("key", sorted(TRIGGERS))
def test_trigger__cause_is_there__fires_under_its_own_name(key: str) -> None:
    found = look(
        "0.9" if key == "THRESHOLD" else "0.5",
        **{name: getattr(FIRING, name) for name in ("state", "observed", "holdings", "pairs")},
        gas=FIRING.gas,
        rule=ON[key],
    )
    assert (found.outcome.fired, found.outcome.kind) == (True, key)
    assert found.outcome.reason
    assert found.outcome.value
    assert found.outcome.limit


@pytest.mark.parametrize("key", sorted(TRIGGERS))
def test_trigger__no_cause__does_not_fire_and_says_why(key: str) -> None:
    """T6; and with nothing observed it never raises."""
    found = look(
        **{name: getattr(QUIET, name) for name in ("state", "observed", "holdings", "gas")},
        rule=ON[key],
    )
    assert not found.outcome.fired
    rules = {item.rule for item in found.records}
    assert "cooldown" in rules
    assert len(found.records) > 1
    assert found.outcome.reason


@pytest.mark.parametrize("key", sorted(TRIGGERS))
def test_trigger__within_the_cooldown__does_not_fire_but_is_recorded(key: str) -> None:
    rule = replace(ON[key], cooldown_seconds=DAY)
    state = replace(FIRING.state, latest_proposal_at=NOW - 60)
    seen = replace(FIRING, rule=rule, state=state)
    found = look(
        "0.9",
        **{name: getattr(seen, name) for name in ("state", "observed", "holdings", "pairs")},
        gas=seen.gas,
        rule=rule,
    )
    assert (found.outcome.fired, found.outcome.kind) == (False, "COOLDOWN")
    assert len(found.records) > 1
