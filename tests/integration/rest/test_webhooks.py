"""Channels over REST: one's own and the treasury's, secrets shown once, deliveries seen and told
again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook

from governance.models import Channel, IdempotentRequest, Notification
from governance.services.notifying.delivering import deliver_due
from tests.integration.governance.conftest import Stage
from tests.receivers import http_receiver

PATH = "/api/v1/webhooks"


def make(stage: Stage, name: str = "olga", **more: Any) -> Any:
    body = {"treasury": stage.seeded.treasury.public_id, "target": "https://example.org/hook"}
    return stage.client(name).post(PATH, body | more)


def test_create__own_webhook__secret_is_shown_once_and_kept_by_no_request(stage: Stage) -> None:
    answer = make(stage, topics=["halt"])
    assert answer.status_code == 201, answer.json()
    made = answer.json()
    assert made["secret"].startswith("whsec_")
    assert (made["is_shared"], made["is_enabled"], made["topics"]) == (False, True, ["halt"])
    seen = stage.client("olga").get(f"{PATH}/{made['id']}").json()
    assert "secret" not in seen
    assert {**seen, "secret": made["secret"]} == made
    kept = str(list(IdempotentRequest.objects.values_list("body", flat=True)))
    assert made["secret"] not in kept


def test_own_channel__others__do_not_even_see_that_it_is_there(stage: Stage) -> None:
    made = make(stage).json()
    for name in ("fiona", "sofia", "ada"):
        client = stage.client(name)
        assert client.get(PATH).json()["data"] == []
        for suffix in ("", "/deliveries"):
            assert client.get(f"{PATH}/{made['id']}{suffix}").status_code == 404
        for suffix in ("/tests", "/rotations", "/activations"):
            assert client.post(f"{PATH}/{made['id']}{suffix}").status_code == 404
        assert client.delete(f"{PATH}/{made['id']}").status_code == 404
    assert Channel.objects.get().disabled_at is None
    assert not Notification.objects.exists()


def test_shared_channel__needs_an_administrator(stage: Stage) -> None:
    refused = make(stage, "fiona", is_shared=True)
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    assert not Channel.objects.exists()
    assert make(stage, "ada", is_shared=True).json()["is_shared"] is True
    assert len(stage.client("ada").get(PATH).json()["data"]) == 1
    assert stage.client("fiona").get(PATH).json()["data"] == []


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"target": "https://169.254.169.254/"}, 422, "target_refused"),
        ({"target": "nonsense"}, 422, "target_refused"),
        ({"kind": "apprise", "target": "json://127.0.0.1"}, 422, "target_refused"),
        ({"kind": "pigeon"}, 400, "invalid_request"),
        ({"topics": ["nonsense"]}, 400, "invalid_request"),
        ({"topic": ["halt"]}, 400, "invalid_request"),
        ({"treasury": "trs_00000000000000000000000000"}, 404, "not_found"),
    ],
)
def test_create__wrong__problem_in_words_and_nothing_made(
    stage: Stage, more: dict[str, Any], status: int, code: str
) -> None:
    answer = make(stage, **more)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.json()
    assert not Channel.objects.exists()


def test_create__the_same_again__is_no_second_one(stage: Stage) -> None:
    make(stage)
    again = make(stage)
    assert (again.status_code, again.json()["code"]) == (422, "channel_exists")
    assert Channel.objects.count() == 1


def test_test_event__delivered__seen_in_the_log_and_replayed(stage: Stage) -> None:
    client = stage.client("olga")
    with http_receiver() as receiver:
        receiver.answer = lambda number: (500 if number == 1 else 200, {}, b"hello")
        made = make(stage, target=receiver.url).json()
        sent = client.post(f"{PATH}/{made['id']}/tests")
        assert (sent.status_code, sent.json()["state"]) == (202, "WAITING")
        deliver_due(now=datetime.now(UTC))
        replayed = client.post(f"{PATH}/{made['id']}/deliveries/{sent.json()['id']}/replays")
        assert replayed.status_code == 202, replayed.json()
        deliver_due(now=datetime.now(UTC))
    (row,) = client.get(f"{PATH}/{made['id']}/deliveries").json()["data"]
    assert (row["state"], row["tries"]) == ("SENT", 1)
    assert [(t["is_delivered"], t["status"], t["answer"]) for t in row["log"]] == [
        (False, 500, "hello"),
        (True, 200, "hello"),
    ]
    for request in receiver.requests:
        assert Webhook(made["secret"]).verify(request.body, request.headers) == row["payload"]


def test_rotation__new_secret_then_the_end_of_the_old(stage: Stage) -> None:
    client = stage.client("olga")
    made = make(stage).json()
    rotated = client.post(f"{PATH}/{made['id']}/rotations").json()
    assert rotated["secret"] != made["secret"]
    assert rotated["is_rotating"] is True
    ended = client.post(f"{PATH}/{made['id']}/rotations", {"is_finished": True}).json()
    assert (ended["secret"], ended["is_rotating"]) == (None, False)
    channel = Channel.objects.get()
    assert (channel.secret, channel.previous_secret) == (rotated["secret"], "")


def test_delete__switched_off_and_back__the_log_stays(stage: Stage) -> None:
    client = stage.client("olga")
    made = make(stage).json()
    client.post(f"{PATH}/{made['id']}/tests")
    assert client.delete(f"{PATH}/{made['id']}").status_code == 204
    assert client.delete(f"{PATH}/{made['id']}").status_code == 204
    off = client.post(f"{PATH}/{made['id']}/tests")
    assert (off.status_code, off.json()["code"]) == (422, "channel_disabled")
    (row,) = client.get(f"{PATH}/{made['id']}/deliveries").json()["data"]
    assert row["state"] == "FAILED"
    assert client.post(f"{PATH}/{made['id']}/activations").json()["is_enabled"] is True
    assert client.post(f"{PATH}/{made['id']}/tests").status_code == 202


def test_replay__of_another_channel_s_message__not_found(stage: Stage) -> None:
    client = stage.client("olga")
    first = make(stage).json()
    second = make(stage, target="https://example.org/second").json()
    sent = client.post(f"{PATH}/{first['id']}/tests").json()
    crossed = client.post(f"{PATH}/{second['id']}/deliveries/{sent['id']}/replays")
    assert crossed.status_code == 404


def test_token__whatever_its_scopes__never_handles_channels(stage: Stage) -> None:
    client = stage.bearer(stage.seeded.issue_token())
    assert client.get(PATH).status_code == 403
    body = {"treasury": stage.seeded.treasury.public_id, "target": "https://example.org/hook"}
    assert client.post(PATH, body).status_code == 403
    assert not Channel.objects.exists()
