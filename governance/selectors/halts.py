"""Open halts as the engine and the pages see them, without a lock.

A row that says "closed" is not believed: the audit trail must hold the events that a closing
leaves, at that time, by those people. A closed halt without them stands as if it were open.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from governance.models import BreakerState, Halt
from governance.selectors.audit import audit_events
from treasury.core.decisions import HaltNotice
from treasury.engine.breakers import Memory, Standing


def standing_halts() -> QuerySet[Halt]:
    """Open, or closed without proof."""
    return Halt.objects.filter(Q(closed_at__isnull=True) | ~_proof())


def unproven_halts() -> QuerySet[Halt]:
    """Closed, but not by the service."""
    return Halt.objects.filter(~_proof(), closed_at__isnull=False)


def _proof() -> Q:
    """Two people asked and closed at that time; or, of an earlier version, a self-clearing one's
    reading was clean."""
    closed_at = Cast(OuterRef("closed_at"), CharField())
    asked = _events("halt.close_asked").filter(by=OuterRef("first_closer__public_id"))
    closed = _events("halt.closed").filter(
        by=OuterRef("second_closer__public_id"), closed_at=closed_at
    )
    cleared = _events("halt.cleared").filter(closed_at=closed_at)
    by_two = Q(Exists(asked)) & Q(Exists(closed))
    return by_two | (Q(is_self_clearing=True) & Q(Exists(cleared)))


def _events(action: str) -> QuerySet[Any]:
    """The audit events of one action on the halt of the outer query."""
    rows = (
        audit_events()
        .order_by()
        .annotate(
            halt=KT("payload__object_id"),
            does=KT("payload__action"),
            by=KT("payload__after__by"),
            closed_at=KT("payload__after__closed_at"),
        )
    )
    found: QuerySet[Any] = rows.filter(halt=OuterRef("public_id"), does=action)
    return found


_SHAPE = ("scope__tier__name", "scope__treasury__name", "breaker", "level", "reason")


def _notices(scopes: Q) -> tuple[HaltNotice, ...]:
    """Standing halts of these scopes, then what holds them: a breaker that is over its limit now
    and no Halt yet. One query."""
    halts = standing_halts().filter(scopes).order_by()
    same = Halt.objects.filter(
        scope=OuterRef("scope"), breaker=OuterRef("breaker"), closed_at__isnull=True
    )
    holding = armed_breakers().filter(scopes).filter(~Exists(same)).order_by()
    order = F("pk")
    rows = halts.annotate(n=order, kind=Value(0)).values_list(*_SHAPE, "kind", "n")
    held = holding.annotate(n=order, kind=Value(1)).values_list(*_SHAPE, "kind", "n")
    found = sorted(rows.union(held, all=True), key=lambda row: row[-2:])
    return tuple(
        HaltNotice(scope=tier or treasury, breaker=breaker, level=level, reason=reason)
        for tier, treasury, breaker, level, reason, _, _ in found
    )


def memory_of(row: BreakerState) -> Memory:
    """What the row remembers, for the rules of time."""
    return Memory(Standing(row.standing), row.over_since, row.clean_since, row.block_timestamp)


def armed_breakers() -> QuerySet[BreakerState]:
    """Breakers that are over their limit, or were and are not clean again."""
    return BreakerState.objects.filter(over_since__isnull=False, is_read=True)


def open_halts(*, treasury_id: int, tier_id: int | None) -> tuple[HaltNotice, ...]:
    """What covers the tier: its own and the treasury's."""
    of_treasury = Q(scope__treasury_id=treasury_id)
    covering = of_treasury & Q(scope__tier__isnull=True)
    if tier_id is not None:
        covering |= of_treasury & Q(scope__tier_id=tier_id)
    return _notices(covering)


def open_halts_of_scopes(scope_ids: Sequence[int]) -> tuple[HaltNotice, ...]:
    return _notices(Q(scope_id__in=list(scope_ids)))


def latest_closed(*, tier_id: int, breaker: str) -> Halt | None:
    """The Halt of the breaker that was closed last, None when none ever was."""
    rows = Halt.objects.filter(scope__tier_id=tier_id, breaker=breaker, closed_at__isnull=False)
    return rows.order_by("-closed_at", "-pk").first()


def is_open(*, tier_id: int, breaker: str) -> bool:
    return standing_halts().filter(scope__tier_id=tier_id, breaker=breaker).exists()


def halt_by_public_id(public_id: str) -> Halt | None:
    return Halt.objects.filter(public_id=public_id).select_related("scope").first()
