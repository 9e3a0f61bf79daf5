"""When a message is tried again, and when it is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from governance.core.telling.delivery import (
    DELAYS_SECONDS,
    must_disable,
    next_digest_at,
    retry_at,
)

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


@given(tries=st.integers(1, len(DELAYS_SECONDS)), key=st.text(max_size=30))
def test_retry_at__any_message__after_its_delay_and_at_most_a_tenth_more(
    tries: int, key: str
) -> None:
    again = retry_at(tries=tries, key=key, now=NOW)
    assert again is not None
    waited = again - NOW
    delay = timedelta(seconds=DELAYS_SECONDS[tries - 1])
    assert delay <= waited <= delay * 11 / 10
    assert retry_at(tries=tries, key=key, now=NOW) == again


def test_retry_at__a_hundred_messages__do_not_return_together() -> None:
    found = {retry_at(tries=3, key=f"msg_{number}", now=NOW) for number in range(100)}
    assert len(found) > 50


def test_retry_at__after_the_last_delay__never() -> None:
    assert retry_at(tries=len(DELAYS_SECONDS) + 1, key="m", now=NOW) is None


def test_must_disable__five_days__not_a_second_earlier() -> None:
    since = NOW - timedelta(days=5)
    assert must_disable(failing_since=since, now=NOW)
    assert not must_disable(failing_since=since, now=NOW - timedelta(seconds=1))
    assert not must_disable(failing_since=None, now=NOW)


@given(st.integers(0, 3 * 86_400))
def test_next_digest_at__any_time__the_next_morning(seconds: int) -> None:
    now = NOW + timedelta(seconds=seconds)
    found = next_digest_at(now)
    assert (found.hour, found.minute, found.second) == (8, 0, 0)
    assert timedelta(0) < found - now <= timedelta(days=1)
