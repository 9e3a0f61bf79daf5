"""The calendar of a tier: an interval, or cron in a time zone (T1, DE-5)."""

from __future__ import annotations

from treasury.core.decisions import TriggerOutcome
from treasury.core.policies import TriggerKind, TriggerRule
from treasury.core.triggering.cron import latest_slot
from treasury.engine.explanation import TIER, Rule, record, seconds_text
from treasury.engine.triggers.base import Look, Sight, age, age_text

KIND = "CALENDAR"


class Calendar:
    """An interval is due so long after the latest proposal or rebalance, at once when there was
    none. A cron time is due until a proposal or rebalance came after it, or an evaluation found
    nothing worthwhile; one from before the policy is not. An evaluation that was gated, halted or
    without a quote does not use the time up."""

    def is_on(self, rule: TriggerRule) -> bool:
        return rule.kind is TriggerKind.CALENDAR

    def look(self, sight: Sight) -> Look:
        return _by_cron(sight) if sight.rule.calendar.cron else _by_interval(sight)


def _by_interval(sight: Sight) -> Look:
    passed = age(_latest(sight), sight.now)
    due = passed is None or passed >= sight.rule.interval_seconds
    limit = seconds_text(sight.rule.interval_seconds)
    reason = "the interval has passed" if due else "the interval has not passed"
    return Look(
        TriggerOutcome(due, KIND, reason, age_text(passed), limit),
        (
            record(
                Rule.CALENDAR,
                TIER,
                "fired" if due else "not due",
                since_latest=age_text(passed),
                interval=limit,
            ),
        ),
    )


def _by_cron(sight: Sight) -> Look:
    calendar, state = sight.rule.calendar, sight.state
    slot = latest_slot(cron=calendar.cron, zone=calendar.time_zone, now=sight.now)
    answered = [at for at in (state.memory.served_slot, _latest(sight)) if at is not None]
    is_answered = any(at >= slot for at in answered)
    is_older = state.policy_since is not None and slot < state.policy_since
    due = not is_answered and not is_older
    reason = "the calendar's time has come" if due else "the calendar's time has not come"
    latest = _latest(sight)
    return Look(
        TriggerOutcome(due, KIND, reason, f"{sight.now - slot} s after", f"at {calendar.cron}"),
        (
            record(
                Rule.CALENDAR,
                TIER,
                "fired" if due else "not due",
                cron=calendar.cron,
                time_zone=calendar.time_zone,
                latest_time=f"at {slot}",
                answered=f"at {max(answered)}" if answered else "never",
                since_latest=age_text(age(latest, sight.now)),
            ),
        ),
    )


def served_slot(sight: Sight) -> int | None:
    """The cron time that an evaluation at this block answers; None without cron."""
    calendar = sight.rule.calendar
    if sight.rule.kind is not TriggerKind.CALENDAR or not calendar.cron:
        return None
    return latest_slot(cron=calendar.cron, zone=calendar.time_zone, now=sight.now)


def _latest(sight: Sight) -> int | None:
    state = sight.state
    times = [at for at in (state.latest_proposal_at, state.latest_rebalance_at) if at is not None]
    return max(times, default=None)
