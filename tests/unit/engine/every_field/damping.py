"""What keeps a tier from trading back and forth, and its calendar."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.unit.engine.every_field.case import Case, See
from tests.unit.engine.tiers import NOW, A, B, policy
from tests.unit.engine.triggers.sights import DAY, HOUR, RULE, look
from treasury.core.decisions import TriggerState
from treasury.core.policies import TierPolicy, TriggerKind, TriggerRule
from treasury.core.triggering.observed import (
    INSIDE,
    OVER,
    Move,
    Observed,
    Signal,
    TriggerMemory,
)
from treasury.core.triggering.rules import CalendarRule, DampingRule

CRON = TriggerRule(TriggerKind.CALENDAR, 3 * HOUR, 0, 0)
TEN_AT_NIGHT = CalendarRule(cron="0 22 * * *")
"""NOW is 22:13 UTC, and 7:13 in Tokyo."""
CONFIRMED = DampingRule(confirm_count=2, confirm_of=3)


def damped(**changes: Any) -> TierPolicy:
    return policy(trigger=replace(RULE, damping=DampingRule(**changes)))


def fires(weight: str = "0.5", **situation: Any) -> See:
    """Whether anything fires with A at that weight of two equal targets, bands of 5 points."""
    return lambda rules: look(weight, rule=rules.trigger, **situation).outcome.fired


def remembered(recent: str, *, since: int = NOW - 60, side: str = OVER) -> TriggerState:
    return TriggerState(memory=TriggerMemory((Signal(A, side, since, recent),)))


def moved(*, is_sale: bool) -> Observed:
    """An hour ago A was sold for B, or bought with it."""
    at = NOW - HOUR
    return Observed(moves=(Move(A, is_sale=is_sale, at=at), Move(B, is_sale=not is_sale, at=at)))


CASES = (
    Case(  # three hours have not passed, but 22:00 has
        "CalendarRule.cron",
        policy(trigger=replace(CRON, calendar=TEN_AT_NIGHT)),
        fires(state=TriggerState(latest_proposal_at=NOW - 2 * HOUR)),
        before=False,
        after=True,
        base=policy(trigger=CRON),
    ),
    Case(  # in Tokyo the latest 22:00 was before the latest proposal
        "CalendarRule.time_zone",
        policy(trigger=replace(CRON, calendar=replace(TEN_AT_NIGHT, time_zone="Asia/Tokyo"))),
        fires(state=TriggerState(latest_proposal_at=NOW - 2 * HOUR)),
        before=True,
        after=False,
        base=policy(trigger=replace(CRON, calendar=TEN_AT_NIGHT)),
    ),
    Case(
        "CalendarRule.full_reset_days",
        policy(trigger=replace(RULE, calendar=CalendarRule(full_reset_days=365))),
        fires(state=TriggerState(latest_full_reset_at=NOW - 366 * DAY)),
        before=False,
        after=True,
        base=policy(trigger=RULE),
    ),
    Case(  # 3 points are back inside 5, but not inside half of them
        "DampingRule.hysteresis_bps",
        damped(hysteresis_bps=5000),
        fires("0.53", state=remembered(OVER)),
        before=False,
        after=True,
        base=policy(trigger=RULE),
    ),
    Case(
        "DampingRule.confirm_count",
        damped(confirm_count=3, confirm_of=3),
        fires("0.56", state=remembered(INSIDE + OVER)),
        before=True,
        after=False,
        base=policy(trigger=replace(RULE, damping=CONFIRMED)),
    ),
    Case(  # the look three back was still outside
        "DampingRule.confirm_of",
        damped(confirm_count=2, confirm_of=2),
        fires("0.56", state=remembered(OVER + INSIDE, side=INSIDE)),
        before=True,
        after=False,
        base=policy(trigger=replace(RULE, damping=CONFIRMED)),
    ),
    Case(
        "DampingRule.confirm_seconds",
        damped(confirm_seconds=61),
        fires("0.56", state=remembered(OVER)),
        before=True,
        after=False,
        base=policy(trigger=RULE),
    ),
    Case(
        "DampingRule.asset_cooldown_seconds",
        damped(asset_cooldown_seconds=2 * HOUR),
        fires("0.56", observed=moved(is_sale=True), settlement=None),
        before=True,
        after=False,
        base=policy(trigger=RULE),
    ),
    Case(
        "DampingRule.flip_window_seconds",
        damped(flip_window_seconds=2 * HOUR),
        fires("0.56", observed=moved(is_sale=False), settlement=None),
        before=True,
        after=False,
        base=policy(trigger=RULE),
    ),
    Case(
        "DampingRule.max_proposals_per_day",
        damped(max_proposals_per_day=2),
        fires("0.56", observed=Observed(proposals_in_day=2)),
        before=True,
        after=False,
        base=policy(trigger=RULE),
    ),
)
