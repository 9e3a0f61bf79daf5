"""Notices: all of a treasury, and those that an affected proposal shows."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from governance.models import Notice


def notices(*, treasury_ids: Iterable[int]) -> QuerySet[Notice]:
    """Withdrawn ones too, with author and assets, by the time they start."""
    return (
        Notice.objects.filter(treasury_id__in=list(treasury_ids))
        .select_related("treasury", "author")
        .prefetch_related("assets")
        .order_by("starts_at", "pk")
    )


def notices_for(
    *, treasury_id: int, assets: Iterable[str], start: int, end: int
) -> tuple[Notice, ...]:
    """Those in force at any second from `start` to `end` (block time, both included) that concern
    one of the assets (addresses) or the whole treasury, soonest first."""
    rows = Notice.objects.filter(
        Q(assets__isnull=True) | Q(assets__address__in=list(assets)),
        treasury_id=treasury_id,
        withdrawn_at=None,
        starts_at__lte=end,
        ends_at__gte=start,
    )
    return tuple(rows.order_by("starts_at", "pk").distinct())
