"""T1, DE-5: times of a calendar in a time zone, also where clocks jump."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treasury.core.triggering.cron import CronError, latest_slot, parse_cron, time_zone

ZURICH = "Europe/Zurich"


def at(text: str, zone: str = "UTC", fold: int = 0) -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return int(moment.timestamp())


@pytest.mark.parametrize(
    ("cron", "now", "slot"),
    [
        ("0 9 * * 1", "2026-03-04T12:00", "2026-03-02T09:00"),  # a Wednesday: last Monday
        ("0 9 * * 1", "2026-03-02T09:00", "2026-03-02T09:00"),
        ("0 9 * * 1", "2026-03-02T08:59:59", "2026-02-23T09:00"),
        ("*/15 * * * *", "2026-03-04T12:44", "2026-03-04T12:30"),
        ("5-50/20 * * * *", "2026-03-04T12:44", "2026-03-04T12:25"),
        ("0 0 1 1,4,7,10 *", "2026-03-04T12:00", "2026-01-01T00:00"),
        ("0 0 29 2 *", "2026-03-04T12:00", "2024-02-29T00:00"),
        ("0 0 1 * 0", "2026-03-04T12:00", "2026-03-01T00:00"),  # 1 March 2026 is a Sunday
        ("0 0 13 * 5", "2026-03-12T12:00", "2026-03-06T00:00"),  # either day is enough
        ("0 0 * * 7", "2026-03-04T12:00", "2026-03-01T00:00"),
    ],
)
def test_latest_slot__fields__as_cron_means_them(cron: str, now: str, slot: str) -> None:
    assert latest_slot(cron=cron, zone="UTC", now=at(now)) == at(slot)


def test_latest_slot__time_zone__is_local() -> None:
    now = at("2026-07-01T12:00")
    assert latest_slot(cron="0 9 * * *", zone=ZURICH, now=now) == at("2026-07-01T07:00")
    assert latest_slot(cron="0 9 * * *", zone="Asia/Tokyo", now=now) == at("2026-07-01T00:00")


def test_latest_slot__skipped_hour__comes_once_after_the_jump() -> None:
    """29 March 2026: 02:00 becomes 03:00 in Zurich, so 02:30 comes at 03:30."""
    just_before, after = at("2026-03-29T01:29:59"), at("2026-03-29T01:30")
    yesterday = at("2026-03-28T02:30", ZURICH)
    assert latest_slot(cron="30 2 * * *", zone=ZURICH, now=just_before) == yesterday
    assert latest_slot(cron="30 2 * * *", zone=ZURICH, now=after) == after
    assert latest_slot(cron="30 2 * * *", zone=ZURICH, now=after + 7_200) == after


def test_latest_slot__doubled_hour__counts_the_first_time_only() -> None:
    """25 October 2026: 02:30 comes twice in Zurich."""
    first, second = at("2026-10-25T02:30", ZURICH), at("2026-10-25T02:30", ZURICH, fold=1)
    assert second - first == 3_600
    assert latest_slot(cron="30 2 * * *", zone=ZURICH, now=second - 1) == first
    assert latest_slot(cron="30 2 * * *", zone=ZURICH, now=second + 60) == first


@given(
    now=st.integers(at("1990-01-01T00:00"), at("2060-01-01T00:00")),
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
    zone=st.sampled_from([ZURICH, "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
)
@settings(max_examples=150, deadline=None)
def test_latest_slot__daily__never_in_the_future_and_once_a_local_day(
    now: int, hour: int, minute: int, zone: str
) -> None:
    slot = latest_slot(cron=f"{minute} {hour} * * *", zone=zone, now=now)
    assert slot <= now < slot + 2 * 86_400
    assert latest_slot(cron=f"{minute} {hour} * * *", zone=zone, now=slot) == slot
    local = datetime.fromtimestamp(slot, UTC).astimezone(ZoneInfo(zone))
    said = local.replace(hour=hour, minute=minute)
    assert abs(local - said) <= timedelta(hours=1)  # later only where the clock skipped it


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0 9 * *", "4 fields"),
        ("60 9 * * *", "outside 0..59 for the minute"),
        ("0 9-5 * * *", "outside 0..23 for the hour"),
        ("0 9 * * mon", "no day of week"),
        ("*/0 * * * *", "outside"),
        ("0 0 30 2 *", "never comes"),
        ("0 0 -1 * *", "no day of month"),
    ],
)
def test_parse_cron__bad_text__says_which_field(text: str, said: str) -> None:
    with pytest.raises(CronError, match=said):
        parse_cron(text)


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "/etc/localtime"])
def test_time_zone__unknown__is_refused(name: str) -> None:
    with pytest.raises(CronError, match="no time zone"):
        time_zone(name)
