"""Times of a calendar: five cron fields in a time zone (T1, DE-5).

Minute, hour, day of month, month, day of week (0 or 7 = Sunday): `*`, numbers, ranges, lists,
steps. Where both days are restricted either is enough, as in every cron. A local time that the
clock skips in spring comes as much later as the clock jumps; one that comes twice in autumn counts
the first time. Not done: names of months and days, seconds, `@daily`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

FIELDS = (
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of month", 1, 31),
    ("month", 1, 12),
    ("day of week", 0, 7),
)
DAYS_BACK = 8 * 366 + 2
"""29 February comes again after eight years at the latest (1896, 1904)."""
_PART = re.compile(r"(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?", re.ASCII)


class CronError(ValueError):
    """No calendar: says which field, and how to mend it."""


@dataclass(frozen=True, slots=True)
class Cron:
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    is_any_day: bool
    is_any_weekday: bool

    def on(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        by_day = day.day in self.days
        by_weekday = day.isoweekday() % 7 in self.weekdays
        if self.is_any_day or self.is_any_weekday:
            return by_day and by_weekday
        return by_day or by_weekday


@lru_cache(maxsize=256)
def parse_cron(text: str) -> Cron:
    """Raises CronError."""
    parts = text.split()
    if len(parts) != len(FIELDS):
        raise CronError(f"{text!r} has {len(parts)} fields, not 5; write minute hour day month day")
    values = [_field(part, *field) for part, field in zip(parts, FIELDS, strict=True)]
    minutes, hours, days, months, weekdays = values
    cron = Cron(
        minutes,
        hours,
        days,
        months,
        frozenset(day % 7 for day in weekdays),
        is_any_day=parts[2].startswith("*"),
        is_any_weekday=parts[4].startswith("*"),
    )
    if not any(cron.on(date(2000, 1, 1) + timedelta(days=ahead)) for ahead in range(DAYS_BACK)):
        raise CronError(f"{text!r} never comes; choose a day that its month has")
    return cron


@lru_cache(maxsize=64)
def time_zone(name: str) -> ZoneInfo:
    """Raises CronError for a name that the time zone database does not know."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise CronError(
            f"{name!r} is no time zone; write an IANA name such as Europe/Zurich"
        ) from error


@lru_cache(maxsize=1_024)
def latest_slot(*, cron: str, zone: str, now: int) -> int:
    """The latest time of the calendar at or before `now`, as a timestamp."""
    rule, place = parse_cron(cron), time_zone(zone)
    today = datetime.fromtimestamp(now, UTC).astimezone(place).date()
    for back in range(-1, DAYS_BACK):
        day = today - timedelta(days=back)
        if rule.on(day):
            found = max((at for at in _instants(rule, day, place) if at <= now), default=None)
            if found is not None:
                return found
    raise CronError(f"{cron!r} never came before {now}")  # parse_cron saw it come


def _instants(rule: Cron, day: date, place: ZoneInfo) -> Iterator[int]:
    """A skipped time has the offset from before the jump (PEP 495, fold 0); so has a doubled
    one."""
    for hour in rule.hours:
        for minute in rule.minutes:
            yield int(datetime.combine(day, time(hour, minute), place).timestamp())


def _field(part: str, name: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for item in part.split(","):
        match = _PART.fullmatch(item)
        if match is None:
            raise CronError(f"{item!r} is no {name}; write *, a number, a range or a step")
        first, last, step = match.groups()
        start = low if first is None else int(first)
        end = high if first is None else int(last or (high if step else first))
        if not low <= start <= end <= high or step == "0" * len(step or "0"):
            raise CronError(f"{item!r} is outside {low}..{high} for the {name}; choose one inside")
        found.update(range(start, end + 1, int(step or 1)))
    return frozenset(found)
