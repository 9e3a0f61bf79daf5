"""Limits per caller: said in headers and kept to; closed for writes when nobody can count."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from governance.adapters import counters
from governance.api.throttles import ALL, SIGNATURES, WRITES, Limit
from governance.models import Halt
from tests.integration.governance.conftest import Stage

TREASURIES = "/api/v1/treasuries"


def use_up(limit: Limit, caller: str) -> None:
    """As many requests as the limit allows, just now."""
    now = int(timezone.now().timestamp())
    for _ in range(limit.quota):
        counters.count(f"{limit.name}.{caller}", window_seconds=60, now_seconds=now)


@pytest.fixture
def without_redis(settings: Any) -> None:
    caches = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {"default": caches}


def test_a_read__allowed__says_what_is_left(stage: Stage) -> None:
    client = stage.client("arne")
    first, second = client.get(TREASURIES), client.get(TREASURIES)
    assert first.headers["RateLimit-Policy"] == '"caller";q=600;w=60'
    assert first.headers["RateLimit"].startswith('"caller";r=')
    left = [int(answer.headers["RateLimit"].split(";")[1][2:]) for answer in (first, second)]
    assert left[0] in {599, left[1] + 1}


def test_a_read__over_the_limit__is_429_with_retry_after(stage: Stage) -> None:
    use_up(ALL, f"person.{stage.people['arne'].public_id}")
    answer = stage.client("arne").get(TREASURIES)
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert ";r=0;" in answer.headers["RateLimit"]
    assert stage.client("olga").get(TREASURIES).status_code == 200


def test_a_write__over_its_limit__changes_nothing_and_reads_go_on(stage: Stage) -> None:
    use_up(WRITES, f"person.{stage.people['olga'].public_id}")
    client = stage.client("olga")
    body = {"treasury": stage.seeded.treasury.public_id, "reason": "x"}
    answer = client.post("/api/v1/halts", body)
    assert answer.status_code == 429
    assert '"write";q=120;w=60' in answer.headers["RateLimit-Policy"]
    assert not Halt.objects.exists()
    assert client.get(TREASURIES).status_code == 200


def test_signatures__of_one_address__are_limited_whatever_a_header_says(stage: Stage) -> None:
    use_up(SIGNATURES, "address.127.0.0.1")
    url = "/api/v1/proposals/prop_0/confirmations"
    for claimed in ("", "10.0.0.1"):
        answer = stage.anonymous().post(url, {}, headers={"X-Forwarded-For": claimed})
        assert answer.status_code == 429


def test_a_window__across_a_minute_of_the_clock__goes_on_and_ends_after_its_own_minute() -> None:
    """Windows on the grid of the clock would start anew at 120."""
    name = f"grid.{uuid4().hex}"
    told = [counters.count(name, window_seconds=60, now_seconds=at) for at in (119, 120, 121, 178)]
    assert [(at.count, at.resets_in_seconds) for at in told] == [(1, 60), (2, 59), (3, 58), (4, 1)]


@pytest.mark.usefixtures("without_redis")
def test_without_redis__reads_stay_open_and_writes_are_refused(stage: Stage) -> None:
    body = {"treasury": stage.seeded.treasury.public_id, "reason": "x"}
    for name in ("arne", "sofia"):  # sofia's being a signer is usually kept in Redis
        assert stage.client(name).get(TREASURIES).status_code == 200
    answer = stage.client("sofia").post("/api/v1/halts", body)
    assert (answer.status_code, answer.json()["code"]) == (503, "limits_unavailable")
    assert answer.headers["Retry-After"] == "5"
    assert not Halt.objects.exists()
