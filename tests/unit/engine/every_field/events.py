"""What happens outside and makes a tier look, and what other vaults yield."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from tests.unit.engine.every_field.case import Case, See
from tests.unit.engine.every_field.damping import fires
from tests.unit.engine.tiers import NOW, A, B, C, policy
from tests.unit.engine.triggers.sights import DAY, HOUR, RULE, TOPIC, holding, series
from treasury.core.policies import TierPolicy
from treasury.core.triggering.observed import (
    EarlierHoldings,
    EarlierUnits,
    Observed,
    Peg,
    SeenLog,
    Upgrade,
)
from treasury.core.triggering.rules import EventRules, WatchedContract, YieldRule
from treasury.core.types import GasPrice, PairCost

OFF = policy(trigger=RULE)
WATCHED = WatchedContract(A, TOPIC)
YIELDS = YieldRule(
    spread_bps=100, window_seconds=10 * DAY, confirm_count=2, confirm_of=2, horizon_days=73
)


def events(**changes: Any) -> TierPolicy:
    return policy(trigger=replace(RULE, events=EventRules(**changes)))


def yields(**changes: Any) -> TierPolicy:
    return policy(trigger=replace(RULE, yields=replace(YIELDS, **changes)))


def after(*points: tuple[int, str]) -> See:
    """A is worth 100 after these prices (seconds ago, price)."""
    return fires(observed=Observed(prices=(series(A, *points),)), holdings=(holding(A, 1, "100"),))


SWINGS = after(*((hour * HOUR, "90" if hour % 2 else "100") for hour in range(30, 0, -1)))
INFLOW = fires(
    observed=Observed(
        earlier=EarlierHoldings(NOW - HOUR, (EarlierUnits(A, 10**9), EarlierUnits(B, 10**9)))
    ),
    holdings=(holding(A, 1_000), holding(B, 1_300)),
)


def better(*rates: tuple[int, str]) -> See:
    """A is held and yields nothing; B had these rates (seconds ago, rate). A move costs 20 USD."""
    mine = tuple((ago, "1") for ago, _ in rates)
    return fires(
        observed=Observed(rates=(series(A, *mine), series(B, *rates))),
        holdings=(holding(A, 10_000), holding(B, 0)),
        pairs=tuple(PairCost(*pair, "dex", Decimal(10), None, 0) for pair in ((A, C), (C, B))),
    )


RISEN = better((30 * DAY, "1"), (13 * DAY, "1"), (HOUR, "1.01"), (0, "1.01"))
RISEN_ONCE = better((30 * DAY, "1"), (13 * DAY, "1"), (HOUR, "1"), (0, "1.01"))


def logs_asked_for(rules: TierPolicy) -> bool:
    """Whether a log of A with TOPIC fires under these rules."""
    seen = SeenLog(A, TOPIC, 1, "0x01", "0x0a", 0)
    return bool(fires(observed=Observed(logs=(seen,)))(rules))


CASES = (
    Case(
        "EventRules.price_move_bps",
        events(price_move_bps=500, price_move_seconds=DAY),
        after((HOUR, "90")),
        before=False,
        after=True,
        base=events(price_move_seconds=DAY),
    ),
    Case(
        "EventRules.price_move_seconds",
        events(price_move_bps=500, price_move_seconds=HOUR),
        after((2 * HOUR, "90")),
        before=True,
        after=False,
        base=events(price_move_bps=500, price_move_seconds=DAY),
    ),
    Case(
        "EventRules.volatility_bps",
        events(volatility_bps=5000, volatility_seconds=2 * DAY),
        SWINGS,
        before=False,
        after=True,
        base=events(volatility_seconds=2 * DAY),
    ),
    Case(  # six hours are too few observations to say anything
        "EventRules.volatility_seconds",
        events(volatility_bps=5000, volatility_seconds=6 * HOUR),
        SWINGS,
        before=True,
        after=False,
        base=events(volatility_bps=5000, volatility_seconds=2 * DAY),
    ),
    Case(
        "EventRules.depeg_bps",
        events(depeg_bps=100),
        fires(observed=Observed(pegs=(Peg(A, Decimal(1)),)), holdings=(holding(A, 1, "0.98"),)),
        before=False,
        after=True,
        base=OFF,
    ),
    Case(
        "EventRules.gas_below_wei",
        events(gas_below_wei=10),
        fires(observed=Observed(base_fee_before_wei=11), gas=GasPrice(10, 0, Decimal(0))),
        before=False,
        after=True,
        base=OFF,
    ),
    Case(
        "EventRules.flow_bps",
        events(flow_bps=1000, flow_seconds=DAY),
        INFLOW,
        before=False,
        after=True,
        base=events(flow_seconds=DAY),
    ),
    Case(
        "EventRules.flow_seconds",
        events(flow_bps=1000, flow_seconds=HOUR),
        lambda rules: rules.trigger.events.flow_since(NOW),
        NOW - DAY,
        NOW - HOUR,
        base=events(flow_bps=1000, flow_seconds=DAY),
    ),
    Case(
        "EventRules.upgrade_lead_seconds",
        events(upgrade_lead_seconds=HOUR),
        fires(observed=Observed(upgrades=(Upgrade("Fork", NOW + HOUR),))),
        before=False,
        after=True,
        base=OFF,
    ),
    Case(
        "EventRules.logs",
        events(logs=(WATCHED,)),
        logs_asked_for,
        before=False,
        after=True,
        base=OFF,
    ),
    Case(
        "WatchedContract.contract",
        events(logs=(replace(WATCHED, contract=B),)),
        logs_asked_for,
        before=True,
        after=False,
        base=events(logs=(WATCHED,)),
    ),
    Case(
        "WatchedContract.topic",
        events(logs=(replace(WATCHED, topic="0x" + "22" * 32),)),
        logs_asked_for,
        before=True,
        after=False,
        base=events(logs=(WATCHED,)),
    ),
    Case(
        "YieldRule.spread_bps",
        yields(spread_bps=10_000),
        RISEN,
        before=True,
        after=False,
        base=yields(),
    ),
    Case(
        "YieldRule.window_seconds",
        yields(window_seconds=40 * DAY),
        RISEN,
        before=True,
        after=False,
        base=yields(),
    ),
    Case(
        "YieldRule.confirm_count",
        yields(confirm_count=1),
        RISEN_ONCE,
        before=False,
        after=True,
        base=yields(),
    ),
    Case(  # of the latest one alone, one is enough; two cannot be
        "YieldRule.confirm_of",
        yields(confirm_of=1),
        RISEN,
        before=True,
        after=False,
        base=yields(),
    ),
    Case(
        "YieldRule.horizon_days",
        yields(horizon_days=1),
        RISEN,
        before=True,
        after=False,
        base=yields(),
    ),
)
