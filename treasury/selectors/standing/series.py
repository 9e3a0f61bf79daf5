"""Values over time, sampled: at most one snapshot per step, however many were taken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection
from django.db.models import Case, Sum, When

from treasury.core.journal import AccountKind
from treasury.core.risk import NavPoint
from treasury.models import Posting

STEPS_MAX = 400

# One index look-up per step instead of a scan of every snapshot of the window.
_NAV = """
SELECT wanted.id, found.block_timestamp, found.block_number, found.nav_usd
FROM unnest(%s::bigint[]) AS wanted(id)
CROSS JOIN generate_series(%s::bigint, %s::bigint, %s::bigint) AS slot(start)
CROSS JOIN LATERAL (
  SELECT block_timestamp, block_number, nav_usd FROM treasury_snapshot
  WHERE treasury_id = wanted.id
    AND block_timestamp >= slot.start AND block_timestamp < slot.start + %s
  ORDER BY block_timestamp DESC, id DESC LIMIT 1
) AS found
ORDER BY 1, 2
"""
_TIER_NAV = """
SELECT tier.id, found.block_timestamp, found.block_number, nav.nav_usd
FROM treasury_tier AS tier
CROSS JOIN generate_series(%s::bigint, %s::bigint, %s::bigint) AS slot(start)
CROSS JOIN LATERAL (
  SELECT id, block_timestamp, block_number FROM treasury_snapshot
  WHERE treasury_id = tier.treasury_id
    AND block_timestamp >= slot.start AND block_timestamp < slot.start + %s
  ORDER BY block_timestamp DESC, id DESC LIMIT 1
) AS found
JOIN treasury_tiernav AS nav ON nav.snapshot_id = found.id AND nav.tier_id = tier.id
WHERE tier.id = ANY(%s::bigint[])
ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """NAV at a block, USD; None when something that was held had no price."""

    at: int
    block: int
    nav_usd: Decimal | None


def nav_samples(
    *, treasury_ids: Iterable[int], since: int, until: int, step: int
) -> dict[int, tuple[Sample, ...]]:
    """By treasury, oldest first: the last snapshot of each step of so many seconds. Steps begin at
    multiples of `step` since 1970, so that daily ones are UTC days."""
    first = since // step * step
    _refuse_too_many(first, until, step)
    with connection.cursor() as cursor:
        cursor.execute(_NAV, [sorted(treasury_ids), first, until, step, step])
        return _grouped(cursor.fetchall())


def tier_nav_samples(
    *, tier_ids: Iterable[int], since: int, until: int, step: int
) -> dict[int, tuple[Sample, ...]]:
    """The same by tier."""
    first = since // step * step
    _refuse_too_many(first, until, step)
    with connection.cursor() as cursor:
        cursor.execute(_TIER_NAV, [first, until, step, step, sorted(tier_ids)])
        return _grouped(cursor.fetchall())


def booked_flows(*, treasury_ids: Iterable[int], since: int) -> dict[int, tuple[NavPoint, ...]]:
    """What came in from outside (went out: negative) as booked, by treasury, one per block time
    and direction. Only `at` and `flow_usd` of the points mean something. What waits in suspense is
    no flow yet."""
    rows = (
        Posting.objects.filter(
            entry__treasury_id__in=list(treasury_ids),
            entry__occurred_at__gte=since,
            account__kind=AccountKind.EQUITY_CONTRIBUTIONS.value,
        )
        .annotate(is_debit=Case(When(amount_usd__gt=0, then=1), default=0))
        .values_list("entry__treasury_id", "entry__occurred_at", "is_debit")
        .annotate(total=Sum("amount_usd"))
        .order_by("entry__occurred_at", "is_debit")
    )
    found: dict[int, list[NavPoint]] = {}
    for treasury_id, at, _, total in rows:
        found.setdefault(treasury_id, []).append(NavPoint(at, Decimal(0), -total))
    return {key: tuple(points) for key, points in found.items()}


def _refuse_too_many(first: int, until: int, step: int) -> None:
    if (until - first) // step >= STEPS_MAX:
        raise ValueError(f"more than {STEPS_MAX} steps of {step} s")


def _grouped(
    rows: Sequence[tuple[int, int, int, Decimal | None]],
) -> dict[int, tuple[Sample, ...]]:
    found: dict[int, list[Sample]] = {}
    for key, at, block, nav in rows:
        found.setdefault(key, []).append(Sample(at, block, nav))
    return {key: tuple(samples) for key, samples in found.items()}
