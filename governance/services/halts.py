"""Halts: tripped breakers. "No halt" can be held under a lock, because each scope is one row.

Tripping and closing take the scope FOR UPDATE, checking FOR SHARE: a halt that is being tripped
while an attempt is written either comes first (and stops it) or waits until the attempt is
committed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import QuerySet

from execution.selectors.contracts import contract_facts, watched_contracts
from execution.services.signatures.pinning import UnreadableSafeError, accept
from execution.services.watching.contracts import accept_contracts
from governance.core.following.halt_words import SAFE_CHANGED
from governance.core.routing import LADDER, Level, worst
from governance.models import BreakerState, Halt, HaltScope, User
from governance.selectors.halts import memory_of, open_halts_of_scopes
from treasury.core.decisions import HaltNotice
from treasury.core.types import Actor, BlockRef
from treasury.engine.breakers import Ends, clean_seconds, ends, may_end
from treasury.engine.breakers.families.chain import CODE_CHANGED, print_of
from treasury.selectors.policies import policy_in_force
from treasury.selectors.portfolio import tier_by_id
from treasury.services.record import emit_event, record_audit

FRESH_SECONDS = 3_600
"""A clean reading older than this says nothing about now (block time)."""


class HaltError(ValueError):
    """The halt cannot be tripped or closed like this."""

    problem_status = 409

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = self.problem_code = code


class HaltedError(RuntimeError):
    """An open halt forbids what was about to happen."""

    problem_code = "halted"
    problem_status = 423

    def __init__(self, notices: Sequence[HaltNotice]) -> None:
        super().__init__("; ".join(f"{n.breaker} on {n.scope}: {n.reason}" for n in notices))
        self.notices = tuple(notices)


@dataclass(frozen=True, slots=True)
class Trip:
    """One breaker that is over its limit now."""

    breaker: str
    level: Level
    value: str
    limit: str
    reason: str
    is_exact: bool = False
    """Another value is another incident: who asked to close the old one has not seen it."""


def hold(*, treasury_id: int) -> None:
    """Lock the treasury's own scope until the caller's transaction ends: nobody trips or closes a
    halt of it meanwhile."""
    lock_scope(treasury_id=treasury_id, tier_id=None)


def lock_scope(*, treasury_id: int, tier_id: int | None) -> HaltScope:
    """The scope, FOR UPDATE until the caller's transaction ends."""
    scope = _scope(treasury_id=treasury_id, tier_id=tier_id)
    return HaltScope.objects.select_for_update().get(pk=scope.pk)


def check(*, tier_id: int) -> tuple[HaltNotice, ...]:
    """Open halts that cover the tier, its own and the treasury's, holding both scopes FOR SHARE
    until the caller's transaction ends. Needs one."""
    return open_halts_of_scopes(_share_scopes(tier_id=tier_id))


def level_of(found: Iterable[HaltNotice]) -> Level | None:
    return worst(tuple(notice.level for notice in found))


def trip(
    *, treasury_id: int, tier_id: int | None, found: Trip, actor: Actor, block: BlockRef
) -> Halt:
    """Open a halt. The open one of the same breaker and scope is kept; a worse level makes it
    worse, a milder one changes nothing: automatic moves go down only."""
    with transaction.atomic():
        scope = lock_scope(treasury_id=treasury_id, tier_id=tier_id)
        halt, created = Halt.objects.get_or_create(
            scope=scope,
            breaker=found.breaker,
            closed_at=None,
            defaults={
                "level": found.level.value,
                "value": found.value[:80],
                "limit": found.limit[:80],
                "reason": found.reason[:300],
                "is_self_clearing": False,
                "tripped_by": f"{actor.kind}:{actor.name}"[:80],
                "tripped_at": block.timestamp,
            },
        )
        if created:
            emit_event(treasury_id=treasury_id, kind="halt.tripped", payload=_payload(halt))
            record_audit(
                actor=actor,
                action="halt.tripped",
                object_type="halt",
                object_id=halt.public_id,
                block=block,
                after=_payload(halt) | {"value": halt.value, "limit": halt.limit},
                reason=halt.reason,
            )
        elif LADDER.index(found.level) > LADDER.index(Level(halt.level)) or (
            found.is_exact and halt.value != found.value[:80]
        ):
            _worsen(halt, found, actor=actor, block=block)
    return halt


def _worsen(halt: Halt, found: Trip, *, actor: Actor, block: BlockRef) -> None:
    """In the caller's transaction, which holds the scope. Who asked to close the milder halt has
    not seen this one: both people have to look again."""
    before = _payload(halt)
    halt.level = max(found.level, Level(halt.level), key=LADDER.index).value
    halt.value, halt.limit = found.value[:80], found.limit[:80]
    halt.reason = found.reason[:300]
    halt.first_closer, halt.close_reason = None, ""
    halt.version += 1
    halt.save()
    emit_event(treasury_id=halt.scope.treasury_id, kind="halt.tripped", payload=_payload(halt))
    record_audit(
        actor=actor,
        action="halt.worsened",
        object_type="halt",
        object_id=halt.public_id,
        block=block,
        before=dict(before),
        after=dict(_payload(halt)),
        reason=halt.reason,
    )


def close(*, halt_id: int, user: User, reason: str, actor: Actor, block: BlockRef) -> Halt:
    """The first person asks, a second one closes. Neither alone; saying the same twice changes
    nothing. Where a number tripped it, both need a fresh reading that has been clean for the
    policy's time: until then it is not offered."""
    if not reason.strip():
        raise HaltError("reason_required", "say why the halt may end")
    with transaction.atomic():
        scope_id = Halt.objects.values_list("scope_id", flat=True).get(pk=halt_id)
        HaltScope.objects.select_for_update().get(pk=scope_id)
        halt = Halt.objects.select_for_update().get(pk=halt_id)
        if halt.closed_at is not None:
            raise HaltError("already_closed", "the halt is closed")
        if halt.first_closer_id == user.pk:
            raise HaltError("second_person_required", "another person has to close the halt")
        _require_clean(halt, block)
        is_second = halt.first_closer_id is not None
        if is_second:
            halt.second_closer = user
            halt.closed_at = block.timestamp
            halt.close_reason = f"{halt.close_reason} | {reason}"[:300]
        else:
            halt.first_closer = user
            halt.close_reason = reason[:300]
        halt.version += 1
        halt.save()
        if is_second:
            _disarm(halt)
        if is_second and halt.breaker == SAFE_CHANGED:
            _accept_safes(halt, actor=actor, block=block)
        if is_second and halt.breaker == CODE_CHANGED:
            _accept_contracts(halt, actor=actor, block=block)
        if is_second:
            emit_event(
                treasury_id=halt.scope.treasury_id, kind="halt.reset", payload=_payload(halt)
            )
        record_audit(
            actor=actor,
            action="halt.closed" if is_second else "halt.close_asked",
            object_type="halt",
            object_id=halt.public_id,
            block=block,
            after={"by": user.public_id, "closed_at": halt.closed_at},
            reason=reason,
        )
    return halt


def reset_problem(halt: Halt, state: BreakerState | None, *, now: int) -> str:
    """Why the halt is not offered for a reset, empty when it is. What people judge by themselves
    (a hand, a drain, new code) always is; so is what the policy does not ask for any more."""
    if ends(halt.breaker) is not Ends.CLEAN or state is None or not state.is_read:
        return ""
    read = f"{halt.breaker} reads {state.value}, limit {state.limit}"
    memory = memory_of(state)
    clean = clean_seconds(memory)
    if clean is None:
        return f"{read}; it has to come to {state.reset} first"
    if not may_end(memory, min_clean_seconds=state.min_clean_seconds):
        return f"{read}; clean for {clean} s of the {state.min_clean_seconds} s that it has to be"
    if now - state.block_timestamp > FRESH_SECONDS:
        age = now - state.block_timestamp
        return f"{read}, {age} s ago; a reading may be {FRESH_SECONDS} s old: evaluate the tier"
    return ""


def _require_clean(halt: Halt, block: BlockRef) -> None:
    """In the caller's transaction, which holds the scope."""
    state = BreakerState.objects.filter(scope=halt.scope, breaker=halt.breaker).first()
    problem = reset_problem(halt, state, now=block.timestamp)
    if problem:
        raise HaltError("not_clean", problem)


def _disarm(halt: Halt) -> None:
    """What two people have looked at holds nothing until it is read anew."""
    BreakerState.objects.filter(scope=halt.scope, breaker=halt.breaker).update(over_since=None)


def _accept_contracts(halt: Halt, *, actor: Actor, block: BlockRef) -> None:
    """In the caller's transaction, which holds the scope: exactly what the halt names, or nothing
    where all is as pinned again (a pause ended, another tier's people accepted it)."""
    if halt.scope.tier_id is None or halt.first_closer is None or halt.second_closer is None:
        return
    _, policy = policy_in_force(tier_id=halt.scope.tier_id, now=block.timestamp)
    named = watched_contracts(tier_id=halt.scope.tier_id, venues=policy.venues)
    addresses = [address for _, address in named]
    treasury_id = halt.scope.treasury_id
    found = print_of(contract_facts(treasury_id=treasury_id, addresses=addresses))
    if not found:
        return
    if found != halt.value:
        raise HaltError("changed_again", "a contract was found otherwise meanwhile; look again")
    accept_contracts(
        treasury_id=treasury_id,
        addresses=addresses,
        by=(halt.first_closer.public_id, halt.second_closer.public_id),
        actor=actor,
        block=block,
    )


def _accept_safes(halt: Halt, *, actor: Actor, block: BlockRef) -> None:
    """In the caller's transaction, which holds the scope: a look at the chain comes before it, and
    then the halt has another value and no first closer, or after it."""
    people = [user for user in (halt.first_closer, halt.second_closer) if user is not None]
    try:
        accept(
            treasury_id=halt.scope.treasury_id,
            by=(people[0].public_id, people[1].public_id),
            actor=actor,
            block=block,
        )
    except UnreadableSafeError as unreadable:
        raise HaltError("safe_unreadable", str(unreadable)) from unreadable


def announce_reopened(
    halt: Halt, *, before: dict[str, object], actor: Actor, block: BlockRef
) -> None:
    """In the caller's transaction, which has opened the row again."""
    emit_event(treasury_id=halt.scope.treasury_id, kind="halt.tripped", payload=_payload(halt))
    record_audit(
        actor=actor,
        action="halt.reopened",
        object_type="halt",
        object_id=halt.public_id,
        block=block,
        before=before,
        after=dict(_payload(halt)),
        reason="it was closed, but not by two people through the service",
    )


def _scope(*, treasury_id: int, tier_id: int | None) -> HaltScope:
    scope = _scopes(treasury_id, tier_id).first()
    if scope is None:
        HaltScope.objects.bulk_create(
            [HaltScope(treasury_id=treasury_id, tier_id=tier_id)], ignore_conflicts=True
        )
        scope = _scopes(treasury_id, tier_id).get()
    return scope


def _scopes(treasury_id: int, tier_id: int | None) -> QuerySet[HaltScope]:
    rows = HaltScope.objects.filter(treasury_id=treasury_id)
    return rows.filter(tier__isnull=True) if tier_id is None else rows.filter(tier_id=tier_id)


def _share_scopes(*, tier_id: int) -> list[int]:
    treasury_id = tier_by_id(tier_id).treasury_id
    ids = sorted(_scope(treasury_id=treasury_id, tier_id=covered).pk for covered in (None, tier_id))
    with connection.cursor() as cursor:  # the ORM knows no FOR SHARE
        cursor.execute(
            'SELECT "id" FROM "governance_haltscope" WHERE "id" = ANY(%s) ORDER BY "id" FOR SHARE',
            [ids],
        )
    return ids


def _payload(halt: Halt) -> dict[str, str]:
    return {"halt": halt.public_id, "breaker": halt.breaker, "level": halt.level}
