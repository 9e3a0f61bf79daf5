"""What the rules of a trigger can contradict by themselves: pointer within `/trigger`, and what is
wrong with how to mend it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from treasury.core.triggering.cron import CronError, parse_cron, time_zone
from treasury.core.triggering.rules import (
    FULL_BPS,
    CalendarRule,
    DampingRule,
    EventRules,
    YieldRule,
)

Problem = tuple[str, str]
CONFIRM_MAX = 1_000
WINDOW_MAX = 366 * 86_400
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)
_TOPIC = re.compile(r"0x[0-9a-f]{64}", re.ASCII)


def check_calendar(rule: CalendarRule) -> Iterator[Problem]:
    if rule.cron:
        try:
            parse_cron(rule.cron)
        except CronError as error:
            yield "/calendar/cron", str(error)
    try:
        time_zone(rule.time_zone)
    except CronError as error:
        yield "/calendar/time_zone", str(error)
    yield from _within("/calendar/full_reset_days", rule.full_reset_days, 0, 36_500)


def check_damping(rule: DampingRule, *, destination_bps: int) -> Iterator[Problem]:
    """`destination_bps` is the policy's: a trade must end where its band is disarmed."""
    yield from _within("/damping/hysteresis_bps", rule.hysteresis_bps, 1, FULL_BPS)
    if rule.hysteresis_bps < FULL_BPS and destination_bps >= rule.hysteresis_bps:
        yield (
            "/damping/hysteresis_bps",
            "is not above destination_bps, so a trade would end where its band is still armed; "
            "raise it or lower destination_bps",
        )
    yield from _within("/damping/confirm_of", rule.confirm_of, 1, CONFIRM_MAX)
    yield from _within("/damping/confirm_count", rule.confirm_count, 1, CONFIRM_MAX)
    yield from _count("/damping", rule.confirm_count, rule.confirm_of)
    for name in (
        "confirm_seconds",
        "asset_cooldown_seconds",
        "flip_window_seconds",
        "max_proposals_per_day",
    ):
        yield from _within(f"/damping/{name}", getattr(rule, name), 0, WINDOW_MAX)


def check_events(rule: EventRules) -> Iterator[Problem]:
    for name in ("price_move_bps", "volatility_bps", "depeg_bps", "flow_bps"):
        yield from _within(f"/events/{name}", getattr(rule, name), 0, 1_000_000)
    for name in ("price_move", "volatility", "flow"):
        seconds = getattr(rule, f"{name}_seconds")
        yield from _within(f"/events/{name}_seconds", seconds, 0, WINDOW_MAX)
        if getattr(rule, f"{name}_bps") and not seconds:
            yield f"/events/{name}_seconds", f"{name}_bps needs a window above 0; set it"
    yield from _within("/events/gas_below_wei", rule.gas_below_wei, 0, 10**15)
    yield from _within("/events/upgrade_lead_seconds", rule.upgrade_lead_seconds, 0, WINDOW_MAX)
    for index, watched in enumerate(rule.logs):
        pointer = f"/events/logs/{index}"
        if not _ADDRESS.fullmatch(watched.contract):
            yield (
                f"{pointer}/contract",
                f"{watched.contract!r} is no address; write 0x and 40 hex digits",
            )
        if not _TOPIC.fullmatch(watched.topic):
            yield (
                f"{pointer}/topic",
                f"{watched.topic!r} is no event; write 0x and the 64 lower-case hex digits of its "
                "signature's hash",
            )
        if watched in rule.logs[:index]:
            yield pointer, "appears twice; remove one"


def check_yields(rule: YieldRule) -> Iterator[Problem]:
    yield from _within("/yields/spread_bps", rule.spread_bps, 0, 1_000_000)
    yield from _within("/yields/window_seconds", rule.window_seconds, 0, WINDOW_MAX)
    yield from _within("/yields/horizon_days", rule.horizon_days, 0, 3_660)
    yield from _within("/yields/confirm_of", rule.confirm_of, 1, 100)
    yield from _within("/yields/confirm_count", rule.confirm_count, 1, 100)
    yield from _count("/yields", rule.confirm_count, rule.confirm_of)
    if rule.spread_bps:
        for name in ("window_seconds", "horizon_days"):
            if not getattr(rule, name):
                yield f"/yields/{name}", f"spread_bps needs {name} above 0; set it"


def _count(pointer: str, count: int, of: int) -> Iterator[Problem]:
    if count > of:
        yield f"{pointer}/confirm_count", "is above confirm_of; lower it or raise confirm_of"


def _within(pointer: str, value: int, low: int, high: int) -> Iterator[Problem]:
    if not low <= value <= high:
        yield pointer, f"{value} is outside {low}..{high}; choose one inside"
