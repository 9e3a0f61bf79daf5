"""One key, one effect: repeated, at once, with another body, after a crash, after a failure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate

from governance.api.writing.view import Act, WriteView
from governance.models import Halt, IdempotentRequest
from governance.services.requests.idempotency import KEPT_FOR, TAKEN_OVER_AFTER, prune
from governance.tasks import forget_requests
from tests.integration.governance.conftest import Stage
from tests.integration.governance.test_concurrency import at_once
from treasury.core import access
from treasury.models import AuditEvent, OutboxEvent

HALTS = "/api/v1/halts"
REPLAYED = "Idempotency-Replayed"


def body(stage: Stage, reason: str = "strange") -> dict[str, str]:
    return {"treasury": stage.seeded.treasury.public_id, "reason": reason}


def trip(stage: Stage, key: str, reason: str = "strange", who: str = "sofia", **more: Any) -> Any:
    return stage.client(who).post(
        HALTS, body(stage, reason), headers={"Idempotency-Key": key}, **more
    )


def tripped() -> int:
    return AuditEvent.objects.filter(payload__action="halt.tripped").count()


def test_a_post__without_a_key__is_428_and_changes_nothing(stage: Stage) -> None:
    client = stage.client("sofia")
    before = AuditEvent.objects.count()
    answer = client.post(HALTS, body(stage), headers={"Idempotency-Key": ""})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_key")
    bare = stage.bare("sofia").post(HALTS, body(stage))
    assert (bare.status_code, bare.json()["code"]) == (428, "idempotency_key_required")
    assert not Halt.objects.exists()
    assert AuditEvent.objects.count() == before
    assert not IdempotentRequest.objects.exists()


def test_the_same_request__twice__is_answered_from_the_record(stage: Stage) -> None:
    first = trip(stage, "k-1")
    assert first.status_code == 201
    assert REPLAYED not in first.headers
    again = trip(stage, "k-1")
    assert (again.status_code, again.headers[REPLAYED]) == (201, "true")
    assert again.json() == first.json()
    assert tripped() == 1


def test_the_same_key__another_body__is_422(stage: Stage) -> None:
    trip(stage, "k-1")
    answer = trip(stage, "k-1", reason="something else")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert Halt.objects.get().reason == "strange"


def test_the_same_key__of_somebody_else__is_another_key(stage: Stage) -> None:
    trip(stage, "k-1")
    answer = trip(stage, "k-1", reason="mine", who="olga")
    assert REPLAYED not in answer.headers
    assert IdempotentRequest.objects.count() == 2


def test_a_refused_request__mended__may_use_its_key(stage: Stage) -> None:
    wrong = stage.client("sofia").post(
        HALTS, {**body(stage), "level": "NONE"}, headers={"Idempotency-Key": "k-1"}
    )
    assert wrong.status_code == 400
    unknown = stage.client("sofia").post(
        HALTS, {**body(stage), "treasury": "trs_0"}, headers={"Idempotency-Key": "k-1"}
    )
    assert unknown.status_code == 404
    assert not IdempotentRequest.objects.exists()
    assert trip(stage, "k-1").status_code == 201


def claim_by_hand(stage: Stage, *, at: datetime) -> None:
    """The row that a process leaves which died before its answer."""
    trip(stage, "k-1")
    IdempotentRequest.objects.update(status=None, body=None, claimed_at=at)


def test_a_key__still_at_work__is_409(stage: Stage) -> None:
    claim_by_hand(stage, at=timezone.now())
    answer = trip(stage, "k-1")
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_in_use")
    assert answer.headers["Retry-After"] == "1"
    assert answer.json()["retryable"] is True


def test_a_key__whose_process_died__is_taken_over_without_a_second_effect(stage: Stage) -> None:
    claim_by_hand(stage, at=timezone.now() - TAKEN_OVER_AFTER)
    answer = trip(stage, "k-1")
    assert answer.status_code == 201
    assert REPLAYED not in answer.headers
    assert tripped() == 1
    assert trip(stage, "k-1").headers[REPLAYED] == "true"


@pytest.mark.usefixtures("committed")
def test_one_key__twenty_at_once__one_effect(stage: Stage) -> None:
    answers = at_once(20, lambda: trip(stage, "k-1"))
    done = [answer for answer in answers if answer.status_code == 201]
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len([answer for answer in done if REPLAYED not in answer.headers]) == 1
    assert all(answer.json() == done[0].json() for answer in done)
    assert {a.json()["code"] for a in answers if a.status_code == 409} <= {"idempotency_key_in_use"}
    later = at_once(20, lambda: trip(stage, "k-1"))
    assert [answer.headers.get(REPLAYED) for answer in later] == ["true"] * 20
    assert all(answer.json() == done[0].json() for answer in later)
    assert tripped() == 1
    assert OutboxEvent.objects.filter(kind="halt.tripped").count() == 1
    assert Halt.objects.count() == 1


class Breaks(WriteView):
    """Stands for a bug: fails after it has begun."""

    required_action = access.PROPOSAL_WRITE
    is_one_transaction = False

    def prepare(self, request: Request, given: dict[str, Any], **names: str) -> Act:
        def act() -> Response:
            raise RuntimeError("a part may have been done")

        return act


class BreaksInTransaction(Breaks):
    is_one_transaction = True


@pytest.mark.parametrize("view", [Breaks, BreaksInTransaction])
def test_a_failure__once_begun__is_kept(stage: Stage, view: type[WriteView]) -> None:
    request = APIRequestFactory().post("/api/v1/x", {}, headers={"Idempotency-Key": "k-1"})
    force_authenticate(request, stage.people["olga"])
    with pytest.raises(RuntimeError, match="a part"):
        view.as_view()(request)
    assert IdempotentRequest.objects.get().status == 500
    again = APIRequestFactory().post("/api/v1/x", {}, headers={"Idempotency-Key": "k-1"})
    force_authenticate(again, stage.people["olga"])
    answer = view.as_view()(again)
    assert (answer.status_code, answer.data["code"]) == (500, "earlier_failure")


def test_the_chain_is_away__before_the_effect__leaves_the_key_free(
    stage: Stage, settings: Any
) -> None:
    urls, settings.RPC_URLS = settings.RPC_URLS, ["http://127.0.0.1:1"]
    answer = trip(stage, "k-1", who="olga")
    assert (answer.status_code, answer.json()["code"]) == (503, "chain_unavailable")
    assert "127.0.0.1" not in answer.json()["detail"]
    assert not IdempotentRequest.objects.exists()
    settings.RPC_URLS = urls
    assert trip(stage, "k-1", who="olga").status_code == 201


def test_a_dry_run__of_everything__has_no_effect_and_takes_no_key(stage: Stage) -> None:
    before = AuditEvent.objects.count(), OutboxEvent.objects.count()
    answer = stage.bare("sofia").post(f"{HALTS}?dry_run=true", body(stage))
    assert (answer.status_code, answer.headers["Dry-Run"]) == (200, "true")
    assert answer.json()["reason"] == "strange"
    core = stage.seeded.tiers["core"].public_id
    check = stage.bare("olga").post(f"/api/v1/tiers/{core}/checks?dry_run=true", {})
    assert check.json()["outcome"] == "NOT_FIRED"
    assert check.json()["decision"] is None
    assert (AuditEvent.objects.count(), OutboxEvent.objects.count()) == before
    assert not Halt.objects.exists()
    assert not IdempotentRequest.objects.exists()
    for wrong in ("dryrun=true", "dry_run=yes", "dry_run=true&x=1"):
        assert stage.client("sofia").post(f"{HALTS}?{wrong}", body(stage)).status_code == 400
    assert not Halt.objects.exists()


def test_keys__after_thirty_days__are_forgotten(stage: Stage) -> None:
    trip(stage, "k-1")
    now = timezone.now()
    assert prune(now=now + KEPT_FOR - timedelta(seconds=5)) == 0
    forget_requests()
    assert IdempotentRequest.objects.count() == 1
    assert prune(now=now + KEPT_FOR + timedelta(seconds=5)) == 1


@pytest.mark.usefixtures("as_application")
def test_the_service_role__may_keep_and_forget(stage: Stage) -> None:
    trip(stage, "k-1")
    assert prune(now=timezone.now() + 2 * KEPT_FOR) == 1
