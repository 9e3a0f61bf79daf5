"""What follows from one look: the memory of each breaker, a Halt where one is due, a warning where
a reading leaves what is clean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from governance.core.routing import Level
from governance.models import BreakerState, HaltScope, Standing
from governance.selectors.halts import memory_of
from governance.services.halts import Trip, trip
from treasury.core.types import Actor, BlockRef
from treasury.engine.breakers import BreakerReading, Memory, is_due, remember, worst_of
from treasury.engine.breakers import Standing as Stand
from treasury.services.record import emit_event

EXACT = frozenset({"CODE_CHANGED"})
"""Breakers whose value names the incident: another value voids half a closing."""


@dataclass(frozen=True, slots=True)
class Watched:
    """One breaker with its readings at this look; none: the policy does not ask for it, or the
    tier has nothing that it could be asked of."""

    key: str
    readings: tuple[BreakerReading, ...]
    patience_seconds: int


def is_looked_at(*, treasury_id: int, tier_id: int | None, block: BlockRef) -> bool:
    rows = BreakerState.objects.filter(scope__treasury_id=treasury_id, block_hash=block.hash)
    if tier_id is None:
        return rows.filter(scope__tier__isnull=True).exists()
    return rows.filter(scope__tier_id=tier_id).exists()


def judge(
    scope: HaltScope,
    watched: Sequence[Watched],
    *,
    min_clean_seconds: int,
    actor: Actor,
    block: BlockRef,
) -> None:
    """In the caller's transaction, which holds the scope. A look at an older block than the one
    remembered changes nothing."""
    known = {row.breaker: row for row in BreakerState.objects.filter(scope=scope)}
    rows: list[BreakerState] = []
    for item in watched:
        row = known.get(item.key)
        if row is not None and row.block_timestamp > block.timestamp:
            continue
        if not item.readings:
            if row is not None and row.is_read:
                _not_asked_for(row)
            continue
        reading = worst_of(item.readings)
        before = memory_of(row) if row is not None and row.is_read else None
        memory = remember(before, standing=reading.standing, now=block.timestamp)
        rows.append(_row(scope, reading, memory, min_clean_seconds=min_clean_seconds, block=block))
        _warn(scope, reading, before)
        if reading.standing not in {Stand.UNKNOWN, Stand.CLEAN} and is_due(
            memory, patience_seconds=item.patience_seconds
        ):
            trip(
                treasury_id=scope.treasury_id,
                tier_id=scope.tier_id,
                found=_as_trip(reading),
                actor=actor,
                block=block,
            )
    _store(rows)


def _row(
    scope: HaltScope,
    reading: BreakerReading,
    memory: Memory,
    *,
    min_clean_seconds: int,
    block: BlockRef,
) -> BreakerState:
    return BreakerState(
        scope=scope,
        breaker=reading.breaker,
        standing=Standing(reading.standing.value),
        level=Level(reading.level).value,
        value=reading.value[:80],
        limit=reading.limit[:80],
        reset=reading.reset[:80],
        reason=reading.reason[:300],
        over_since=memory.over_since,
        clean_since=memory.clean_since,
        min_clean_seconds=min_clean_seconds,
        is_read=True,
        block_number=block.number,
        block_hash=block.hash,
        block_timestamp=block.timestamp,
    )


def _store(rows: Sequence[BreakerState]) -> None:
    names = [field.name for field in BreakerState._meta.fields]
    BreakerState.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["scope", "breaker"],
        update_fields=[name for name in names if name not in {"id", "scope", "breaker"}],
    )


def _not_asked_for(row: BreakerState) -> None:
    """The policy in force has no such rule any more: it holds nothing and waits for nothing."""
    row.is_read, row.over_since, row.clean_since = False, None, None
    row.save()


def _warn(scope: HaltScope, reading: BreakerReading, before: Memory | None) -> None:
    """People hear of it once, when it leaves what is clean and does not trip yet (DE-36: 1 %
    warns)."""
    was_near = before is not None and before.standing in {Stand.BETWEEN, Stand.OVER}
    if reading.standing is Stand.BETWEEN and not was_near:
        emit_event(
            treasury_id=scope.treasury_id,
            kind="breaker.warned",
            payload={
                "breaker": reading.breaker,
                "tier": scope.tier.public_id if scope.tier else "",
                "value": reading.value,
                "limit": reading.limit,
                "reason": reading.reason,
            },
        )


def _as_trip(reading: BreakerReading) -> Trip:
    return Trip(
        breaker=reading.breaker,
        level=Level(reading.level),
        value=reading.value,
        limit=reading.limit,
        reason=reading.reason or "still above its reset level",
        is_exact=reading.breaker in EXACT,
    )
