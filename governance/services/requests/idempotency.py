"""One effect per `Idempotency-Key`, whoever repeats the request, at once or later (RS-22).

A key is claimed by a committed row before anything happens, because a request may call the chain
and no transaction stays open meanwhile. Where the effect is one transaction of ours, the answer is
written in it: both are there, or neither. Where it is several steps (`keep` after them), a process
that dies between effect and answer leaves a claim without one; after `TAKEN_OVER_AFTER` the next
request with the key runs the use case again, and the natural keys of the services (one open
proposal per tier, one decision per snapshot, compare-and-set of each move) make that harmless.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from governance.models import IdempotentRequest

TAKEN_OVER_AFTER = timedelta(minutes=3)
"""Longer than any request of ours may last: a claim that old has lost its process."""
KEPT_FOR = timedelta(days=30)
FAILED = 500


class KeyReusedError(ValueError):
    """The key was used for another request."""

    problem_code = "idempotency_key_reused"
    problem_status = 422

    def __str__(self) -> str:
        return "This Idempotency-Key came with another body: use a new key for a new request."


class KeyInUseError(RuntimeError):
    """The first request with this key is still at work."""

    problem_code = "idempotency_key_in_use"
    problem_status = 409
    retryable = True
    retry_after_seconds = 1

    def __str__(self) -> str:
        return "The first request with this Idempotency-Key is still at work; ask again."


class KeptFailureError(RuntimeError):
    """The first request with this key failed inside the service, and may have done a part."""

    problem_code = "earlier_failure"
    retryable = False

    def __init__(self, status: int) -> None:
        super().__init__(
            "The first request with this Idempotency-Key failed inside the service. Look at the "
            "object, then use a new key."
        )
        self.problem_status = status


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """`principal` is a person's or a token's public name; `body_hash` SHA-256 of the canonical
    body."""

    principal: str
    method: str
    path: str
    key: str
    body_hash: str


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Claimed:
    """The right to act on a key. `claimed_at` is its proof: a later claim has another one."""

    row_id: int
    claimed_at: datetime


def claim(request: KeyedRequest, *, now: datetime) -> Claimed | Answer:
    """The claim, or the answer that the first request got. Raises KeyReusedError, KeyInUseError,
    KeptFailureError. `now` is wall time: a key is no rule about money."""
    scope = {
        "principal": request.principal,
        "method": request.method,
        "path": request.path,
        "key": request.key,
    }
    row, created = IdempotentRequest.objects.get_or_create(
        **scope, defaults={"body_hash": request.body_hash, "claimed_at": now}
    )
    if created:
        return Claimed(row.pk, row.claimed_at)
    if row.body_hash != request.body_hash:
        raise KeyReusedError
    if row.status is None:
        return _take_over(row, now=now)
    if row.status >= FAILED:
        raise KeptFailureError(row.status)
    return Answer(row.status, row.body, row.headers)


def _take_over(row: IdempotentRequest, *, now: datetime) -> Claimed:
    if now - row.claimed_at < TAKEN_OVER_AFTER:
        raise KeyInUseError
    won = IdempotentRequest.objects.filter(
        pk=row.pk, status=None, claimed_at=row.claimed_at
    ).update(claimed_at=now)
    if not won:
        raise KeyInUseError
    return Claimed(row.pk, now)


def act_and_keep(claimed: Claimed, act: Callable[[], Answer]) -> Answer:
    """Effect and answer in one transaction; for use cases that are one. Nothing of it is left when
    `act` raises. Raises KeyInUseError when the claim was taken over meanwhile."""
    with transaction.atomic():
        held = IdempotentRequest.objects.select_for_update().filter(
            pk=claimed.row_id, status=None, claimed_at=claimed.claimed_at
        )
        if not held.exists():
            raise KeyInUseError
        answer = act()
        keep(claimed, answer)
    return answer


def keep(claimed: Claimed, answer: Answer) -> None:
    """The answer that every later request with the key gets. Of a failure only the status is
    kept."""
    _of(claimed).update(
        status=answer.status,
        body=None if answer.status >= FAILED else answer.body,
        headers=answer.headers,
    )


def release(claimed: Claimed) -> None:
    """The request was refused before it did anything: the key may be used again."""
    _of(claimed).delete()


def rehearse(act: Callable[[], Answer]) -> Answer:
    """What would be answered, with no effect: everything that `act` writes is rolled back, also
    when it raises. Never for a use case that calls the chain after its first write."""
    with transaction.atomic():
        answer = act()
        transaction.set_rollback(True)
    return answer


def prune(*, now: datetime) -> int:
    """Forget keys whose time is over; says how many."""
    return IdempotentRequest.objects.filter(created_at__lt=now - KEPT_FOR).delete()[0]


def _of(claimed: Claimed) -> Any:
    return IdempotentRequest.objects.filter(
        pk=claimed.row_id, status=None, claimed_at=claimed.claimed_at
    )
