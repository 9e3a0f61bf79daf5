"""Notices: who writes them, what is refused, where they are shown, how they end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from governance.models import Notice
from governance.selectors.registers.notices import announced
from tests.integration.governance.conftest import Stage
from tests.integration.governance.registers.conftest import Reader
from treasury.models import AuditEvent, OutboxEvent

Readers = Callable[[str], Reader]
HOUR = 3_600


def at(timestamp: int) -> str:
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%dT%H:%M")


def form(stage: Stage, **changes: Any) -> dict[str, Any]:
    now = stage.head().timestamp
    return {
        "kind": "UPGRADE",
        "title": "Network upgrade",
        "body": "Expect an hour of late blocks.",
        "source_url": "https://example.org/upgrade",
        "starts_at": at(now + HOUR),
        "ends_at": at(now + 3 * HOUR),
        "assets": [],
    } | changes


def asset(stage: Stage, symbol: str) -> Any:
    return stage.seeded.treasury.assets.get(symbol=symbol)


def test_write__operator__is_upcoming_then_in_force_then_past(
    stage: Stage, reader: Readers
) -> None:
    olga = reader("olga")
    answer = olga.post("/notices/", **form(stage, assets=[asset(stage, "WETH").public_id]))
    assert "Every affected proposal shows it" in answer.text
    notice = Notice.objects.get()
    assert [row.symbol for row in notice.assets.all()] == ["WETH"]
    assert AuditEvent.objects.filter(payload__object_id=notice.public_id).count() == 1
    assert OutboxEvent.objects.filter(kind="notice.written").count() == 1
    assert "Upcoming</span>" in olga.page("/notices/")
    stage.market.hold(HOUR + 60)
    assert "In force</span>" in reader("sofia").page("/notices/")
    stage.market.hold(3 * HOUR)
    assert "Past</span>" in reader("arne").page("/notices/")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "RUMOUR"),
        ("title", " "),
        ("title", "x" * 121),
        ("body", ""),
        ("source_url", "javascript:alert(1)"),
        ("source_url", "http://example.org/plain"),
        ("starts_at", "soon"),
        ("ends_at", "2020-01-01T00:00"),
        ("ends_at", "2101-01-01T00:00"),
        ("assets", ["ast_0"]),
    ],
)
def test_write__bad_field__says_which_and_loses_nothing(
    stage: Stage, reader: Readers, field: str, value: object
) -> None:
    answer = reader("olga").post("/notices/", **form(stage, **{field: value}))
    assert answer.status == 422
    assert "Nothing you typed is lost" in answer.text
    assert "late blocks" in answer.text or field == "body"
    assert not Notice.objects.exists()
    assert not OutboxEvent.objects.filter(kind="notice.written").exists()


@pytest.mark.parametrize("name", ["sofia", "arne", "ada"])
def test_write__who_may_not__is_refused(stage: Stage, reader: Readers, name: str) -> None:
    assert reader(name).post("/notices/", **form(stage)).status == 403
    assert "Write it" not in reader(name).page("/notices/")
    assert not Notice.objects.exists()


def test_withdraw__with_a_reason__ends_it_once(stage: Stage, reader: Readers) -> None:
    olga = reader("olga")
    olga.post("/notices/", **form(stage))
    notice = Notice.objects.get()
    path = f"/notices/{notice.public_id}/withdrawal"
    assert olga.post(path, reason=" ").status == 422
    assert Notice.objects.get().withdrawn_at is None
    assert reader("sofia").post(path, reason="late").status == 403
    assert "Withdrawn." in olga.post(path, reason="postponed").text
    assert "Withdrawn</span>" in olga.page("/notices/")
    olga.post(path, reason="again")
    assert OutboxEvent.objects.filter(kind="notice.withdrawn").count() == 1


def test_announced__window_and_assets__decide(stage: Stage, reader: Readers) -> None:
    olga = reader("olga")
    olga.post("/notices/", **form(stage, title="of WETH", assets=[asset(stage, "WETH").public_id]))
    olga.post("/notices/", **form(stage, title="of all"))
    now = stage.head().timestamp
    ids = {"treasury_id": stage.seeded.treasury.pk, "start": now, "end": now + 2 * HOUR}
    weth, dai = asset(stage, "WETH").address, asset(stage, "DAI").address
    found = announced(**ids)
    concerning = [
        {one.notice.title for one in found if one.concerns(assets)}
        for assets in ([weth, dai], [dai])
    ]
    assert concerning == [{"of WETH", "of all"}, {"of all"}]
    assert announced(**ids | {"end": now + 60}) == ()


def test_rest__write_list_withdraw__as_the_page_does(stage: Stage) -> None:
    now = stage.head().timestamp
    body = {
        "treasury": stage.seeded.treasury.public_id,
        "kind": "KNOWN_ISSUE",
        "title": "Pool paused",
        "body": "Its owner paused it.",
        "source_url": "https://example.org/issue",
        "starts_at": now,
        "ends_at": now + HOUR,
        "assets": [asset(stage, "DAI").public_id],
    }
    client = stage.client("olga")
    made = client.post("/api/v1/notices", body, headers={"Idempotency-Key": "one"})
    assert made.status_code == 201, made.json()
    again = client.post("/api/v1/notices", body, headers={"Idempotency-Key": "one"})
    assert (again.status_code, again.json()) == (201, made.json())
    (listed,) = stage.client("arne").get("/api/v1/notices").json()["data"]
    assert (listed["id"], listed["assets"]) == (made.json()["id"], body["assets"])
    late = body | {"ends_at": now - 1}
    refused = client.post("/api/v1/notices", late, headers={"Idempotency-Key": "two"})
    assert (refused.status_code, refused.json()["code"]) == (422, "notice_refused")
    assert refused.json()["errors"][0]["pointer"] == "/ends_at"
    path = f"/api/v1/notices/{listed['id']}/withdrawals"
    key = {"Idempotency-Key": "three"}
    assert stage.client("sofia").post(path, {"reason": "no"}, headers=key).status_code == 403
    ended = client.post(path, {"reason": "fixed"}, headers=key).json()
    assert ended["withdrawn_at"] is not None
    assert Notice.objects.count() == 1
