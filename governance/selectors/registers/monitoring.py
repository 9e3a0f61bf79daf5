"""Feeds, gas, queues and halts of a treasury: the rows' side of monitoring."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Count, F, Min, QuerySet

from execution.selectors.executions import recent_gas_units
from governance.core.following.gas_tank import GasTank, gas_tank
from governance.core.following.halt_words import HaltWords, halt_words, level_words
from governance.core.lifecycle import OPEN, ProposalState
from governance.models import (
    BreakerState,
    Halt,
    Notification,
    NotificationState,
    Proposal,
    Standing,
)
from governance.selectors.halts import memory_of
from treasury.engine.breakers import is_armed
from treasury.selectors.feeds import Feeds, feeds
from treasury.selectors.outbox import waiting_events
from treasury.selectors.watch import TierWatch, tier_watch

if TYPE_CHECKING:
    from treasury.models import Treasury

HISTORY = 50
GAS_SAMPLES = 11


@dataclass(frozen=True, slots=True)
class HaltLine:
    row: Halt
    words: HaltWords
    level: str
    scope: str
    by: str


@dataclass(frozen=True, slots=True)
class BreakerLine:
    row: BreakerState
    words: HaltWords
    scope: str


@dataclass(frozen=True, slots=True)
class BreakerBoard:
    """`armed`: over their limits, near them, or not known to be clean again; `others` are clean or
    cannot be judged, and hold nothing."""

    armed: tuple[BreakerLine, ...]
    others: tuple[BreakerLine, ...]
    clean_count: int

    @property
    def unknown_count(self) -> int:
        return len(self.others) - self.clean_count


@dataclass(frozen=True, slots=True)
class CeilingLine:
    """Base fee ceiling of one policy in force, wei."""

    tier: str
    ceiling_wei: int
    is_over: bool | None


@dataclass(frozen=True, slots=True)
class WorkLine:
    """Something that waits for the service itself; `oldest` is block time for proposals, wall time
    for messages."""

    name: str
    count: int
    oldest_seconds: int | None


@dataclass(frozen=True, slots=True)
class TreasuryHealth:
    row: Treasury
    feeds: Feeds
    tank: GasTank | None
    ceilings: tuple[CeilingLine, ...]
    tiers: tuple[TierWatch, ...]


def treasury_health(
    *, row: Treasury, now: int | None, base_fee_wei: int | None, balance_wei: int | None
) -> TreasuryHealth:
    """`now` is block time. None wherever no node answers: what rows know is shown all the same."""
    tank = None
    if base_fee_wei is not None and balance_wei is not None:
        used = recent_gas_units(treasury_id=row.pk, count=GAS_SAMPLES)
        tank = gas_tank(balance_wei=balance_wei, used=used, price_wei=base_fee_wei)
    found = feeds(row.pk)
    at = now if now is not None else found.block_timestamp or 0
    watched = tier_watch(treasury_id=row.pk, now=at)
    ceilings = tuple(
        CeilingLine(
            tier.name,
            tier.policy.halts.max_base_fee_wei,
            None if base_fee_wei is None else base_fee_wei > tier.policy.halts.max_base_fee_wei,
        )
        for tier in watched
        if tier.policy is not None
    )
    return TreasuryHealth(row, found, tank, ceilings, watched)


def work_lines(
    *, treasury_ids: Iterable[int], now: int | None, wall: datetime
) -> tuple[WorkLine, ...]:
    """What is due and not done yet: proposals to move, events and messages to hand on."""
    ids = list(treasury_ids)
    due = Proposal.objects.filter(
        tier__treasury_id__in=ids, state__in=sorted(OPEN - {ProposalState.DRAFT})
    )
    if now is not None:
        due = due.filter(next_action_at__lte=now)
    proposals = due.aggregate(count=Count("id"), oldest=Min("next_action_at"))
    oldest = proposals["oldest"]
    count, since = waiting_events(treasury_ids=ids)
    messages = Notification.objects.filter(
        channel__treasury_id__in=ids, state=NotificationState.WAITING, next_try_at__lte=wall
    ).aggregate(count=Count("id"), oldest=Min("next_try_at"))
    return (
        WorkLine(
            "Proposals to move",
            proposals["count"],
            None if oldest is None or now is None else max(now - oldest, 0),
        ),
        WorkLine("Events to hand on", count, _age(since, wall)),
        WorkLine("Messages to deliver", messages["count"], _age(messages["oldest"], wall)),
    )


def open_halts(*, treasury_ids: Iterable[int]) -> tuple[HaltLine, ...]:
    rows = halt_rows(treasury_ids=treasury_ids).filter(closed_at=None).order_by("pk")
    return tuple(halt_line(row) for row in rows)


def closed_halts(*, treasury_ids: Iterable[int]) -> tuple[HaltLine, ...]:
    """The latest `HISTORY`, newest first."""
    rows = halt_rows(treasury_ids=treasury_ids).filter(closed_at__isnull=False)
    return tuple(halt_line(row) for row in rows.order_by("-closed_at", "-pk")[:HISTORY])


def breaker_board(*, treasury_ids: Iterable[int]) -> BreakerBoard:
    """Every breaker that is read, the whole treasury's first. One query."""
    rows = (
        BreakerState.objects.filter(scope__treasury_id__in=list(treasury_ids), is_read=True)
        .select_related("scope__treasury", "scope__tier")
        .order_by(F("scope__tier_id").asc(nulls_first=True), "breaker")
    )
    armed: list[BreakerLine] = []
    others: list[BreakerLine] = []
    for row in rows:
        tier = row.scope.tier
        line = BreakerLine(row, halt_words(row.breaker), tier.name if tier else "whole treasury")
        is_told = is_armed(memory_of(row)) or row.standing in {Standing.OVER, Standing.BETWEEN}
        (armed if is_told else others).append(line)
    return BreakerBoard(
        armed=tuple(sorted(armed, key=lambda line: line.row.standing != Standing.OVER)),
        others=tuple(others),
        clean_count=sum(line.row.standing == Standing.CLEAN for line in others),
    )


def state_of(row: Halt) -> BreakerState | None:
    """The latest reading of the halt's breaker; None of what is no breaker."""
    return BreakerState.objects.filter(scope=row.scope, breaker=row.breaker).first()


def halt_rows(*, treasury_ids: Iterable[int]) -> QuerySet[Halt]:
    return Halt.objects.filter(scope__treasury_id__in=list(treasury_ids)).select_related(
        "scope__treasury", "scope__tier", "first_closer", "second_closer"
    )


def halt_line(row: Halt) -> HaltLine:
    tier = row.scope.tier
    scope = f"{tier.name} tier" if tier else f"the whole of {row.scope.treasury.name}"
    return HaltLine(row, halt_words(row.breaker), level_words(row.level), scope, _who(row))


def _who(row: Halt) -> str:
    """`PERSON:olga` -> `olga`; a part of the service by its own name."""
    kind, _, name = row.tripped_by.partition(":")
    return name if kind == "PERSON" else f"Ballast ({name})"


def _age(since: datetime | None, wall: datetime) -> int | None:
    return None if since is None else max(int((wall - since).total_seconds()), 0)
