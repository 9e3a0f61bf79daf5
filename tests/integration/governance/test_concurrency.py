"""Two processes at once: one proposal, one step, and no attempt past a halt."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier, Event
from typing import Any

import pytest
from django.db import OperationalError, close_old_connections, connection, transaction

from governance.core.lifecycle import OPEN
from governance.core.routing import Level
from governance.models import Notification, Proposal
from governance.services import halts
from governance.services.moves import GENERATOR
from governance.services.notifying.channels import create_channel, send_test
from governance.services.notifying.delivering import deliver_due
from governance.services.process import advance
from governance.services.proposals import evaluate_tier
from tests.integration.governance.conftest import FINALITY, Stage
from tests.receivers import http_receiver
from treasury.core.types import Actor, ActorKind
from treasury.models import OutboxEvent
from treasury.services.snapshots import take_snapshot


def at_once(times: int, work: Callable[[], Any]) -> list[Any]:
    """The same work in so many connections, started together."""
    gate = Barrier(times)

    def one() -> Any:
        close_old_connections()
        try:
            gate.wait()
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return [task.result() for task in [pool.submit(one) for _ in range(times)]]


@pytest.mark.usefixtures("committed")
def test_three_messengers_at_once_tell_each_message_once(stage: Stage) -> None:
    actor = Actor(ActorKind.PERSON, "tester")
    now = datetime.now(UTC)
    with http_receiver() as receiver:
        hook = create_channel(
            treasury_id=stage.seeded.treasury.pk,
            user=None,
            kind="webhook",
            target=receiver.url,
            topics=["test"],
            actor=actor,
        ).channel
        for _ in range(30):
            send_test(channel_id=hook.pk, now=now, actor=actor)

        def deliver() -> int:
            return sum(iter(lambda: deliver_due(now=now, limit=4), 0))

        told = at_once(3, deliver)
    ids = [request.headers["webhook-id"] for request in receiver.requests]
    assert (sum(told), len(ids), len(set(ids))) == (30, 30, 30)
    assert not Notification.objects.exclude(state="SENT").exists()


@pytest.mark.usefixtures("committed")
def test_four_evaluations_at_once_make_one_proposal(stage: Stage) -> None:
    snapshot = take_snapshot(
        treasury_id=stage.seeded.treasury.pk, block=stage.head(), rpc_url=stage.url
    )

    def evaluate() -> object:
        return evaluate_tier(
            tier_id=stage.tier_id("yield"),
            snapshot_id=snapshot.pk,
            rpc_url=stage.url,
            actor=GENERATOR,
        )

    at_once(4, evaluate)
    assert Proposal.objects.filter(state__in=sorted(OPEN)).count() == 1
    assert OutboxEvent.objects.filter(kind="proposal.created").count() == 1


@pytest.mark.usefixtures("committed")
def test_three_sweepers_at_once_execute_once(stage: Stage) -> None:
    proposal = stage.propose("yield")

    def step() -> object:
        return advance(
            proposal_id=proposal.pk,
            block=stage.head(),
            rpc_url=stage.url,
            finality_depth=FINALITY,
        )

    for _ in range(14):
        at_once(3, step)
        stage.market.mine(12)
    proposal.refresh_from_db()
    assert (proposal.state, proposal.outcome) == ("DONE", "EXECUTED"), proposal.state_reason
    assert proposal.plan is not None
    assert proposal.plan.transactions.count() == 1
    kinds = OutboxEvent.objects.filter(kind="execution.started")
    assert kinds.count() == 1


@pytest.mark.usefixtures("committed")
def test_a_halt_waits_for_the_attempt_that_is_being_written(stage: Stage) -> None:
    """FOR SHARE against FOR UPDATE: either the halt is seen, or it comes after the commit."""
    tier_id, block = stage.tier_id("yield"), stage.head()
    with transaction.atomic():
        assert halts.check(tier_id=tier_id) == ()
    held, release = Event(), Event()

    def write_an_attempt() -> int:
        try:
            with transaction.atomic():
                found = halts.check(tier_id=tier_id)
                held.set()
                release.wait(10)
                return len(found)
        finally:
            connection.close()

    def trip() -> object:
        return halts.trip(
            treasury_id=stage.seeded.treasury.pk,
            tier_id=None,
            found=halts.Trip("X", Level.FROZEN, "1", "0", "test"),
            actor=GENERATOR,
            block=block,
        )

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write_an_attempt)
        assert held.wait(10)
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '300ms'")
            with pytest.raises(OperationalError, match="lock timeout"):
                trip()
            transaction.set_rollback(True)
        release.set()
        assert writing.result() == 0
    trip()
    with transaction.atomic():
        assert [notice.breaker for notice in halts.check(tier_id=tier_id)] == ["X"]
