"""Wake-ups: each reads the clock (the newest block), and calls one service per row."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import structlog
from celery import shared_task
from django.conf import settings

from governance.adapters.chain import head_block
from governance.services.notifying import quorum, reminding
from governance.services.notifying.delivering import BATCH, deliver_due
from governance.services.registers import anchoring
from governance.services.registers.anchoring import AnchorPlaces
from governance.services.requests import idempotency
from governance.services.rounds import generate_round
from governance.services.sweeping import settle
from treasury.selectors.portfolio import treasuries

log = structlog.get_logger(__name__)

DELIVERING_SECONDS = 20


@shared_task
def generate_proposals() -> None:
    """Evaluate every tier of every treasury at one block each; the triggers decide."""
    rpc_url = settings.RPC_URLS[0]
    for treasury in treasuries():
        generate_round(treasury_id=treasury.pk, block=head_block(rpc_url), rpc_url=rpc_url)


@shared_task
def advance_proposals() -> None:
    """The sweeper: each due proposal as far as it goes at this block, then the outbox."""
    rpc_url = settings.RPC_URLS[0]
    states = settle(
        block=head_block(rpc_url), rpc_url=rpc_url, finality_depth=settings.FINALITY_DEPTH
    )
    if states:
        log.info("proposals_advanced", count=len(states))


@shared_task
def deliver_notifications() -> None:
    """The sweeper of messages, until nothing is due or a good part of the tick is over."""
    started = time.monotonic()
    while deliver_due(now=datetime.now(UTC)) == BATCH:
        if time.monotonic() - started > DELIVERING_SECONDS:
            break


@shared_task
def watch_silence() -> None:
    """Reminders, and what follows when nobody acts: block time."""
    rpc_url = settings.RPC_URLS[0]
    reminding.watch_silence(block=head_block(rpc_url), rpc_url=rpc_url)


@shared_task
def watch_quorum() -> None:
    """Whether enough signatures can come."""
    rpc_url = settings.RPC_URLS[0]
    quorum.watch_quorum(block=head_block(rpc_url), now=datetime.now(UTC), rpc_url=rpc_url)


@shared_task
def anchor_audit() -> None:
    """Where the audit chain stands, told to the outside; off until a folder is named."""
    if not settings.AUDIT_ANCHOR_DIR:
        return
    places = AnchorPlaces(Path(settings.AUDIT_ANCHOR_DIR), Path(settings.AUDIT_ANCHOR_KEYFILE))
    written = anchoring.anchor_audit(places=places, now=datetime.now(UTC))
    if written:
        log.info("audit_anchored", line=written.line)


@shared_task
def forget_requests() -> None:
    """Answers kept for repeated requests are forgotten when their time is over."""
    idempotency.prune(now=datetime.now(UTC))
