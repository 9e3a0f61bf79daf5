"""Notices: all of a treasury, and those that an affected proposal shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet

from governance.models import Notice


def notices(*, treasury_ids: Iterable[int]) -> QuerySet[Notice]:
    """Withdrawn ones too, with author and assets, by the time they start."""
    return (
        Notice.objects.filter(treasury_id__in=list(treasury_ids))
        .select_related("treasury", "author")
        .prefetch_related("assets")
        .order_by("starts_at", "pk")
    )


@dataclass(frozen=True, slots=True)
class Announcement:
    """A notice with the addresses of its assets; none: it concerns the whole treasury."""

    notice: Notice
    assets: frozenset[str]

    def concerns(self, assets: Iterable[str]) -> bool:
        return not self.assets or not self.assets.isdisjoint(assets)


def announced(*, treasury_id: int, start: int, end: int) -> tuple[Announcement, ...]:
    """Those in force at any second from `start` to `end` (block time, both included), soonest
    first. One query."""
    assets = Notice.assets.through.objects.filter(notice_id=OuterRef("pk"))
    rows = Notice.objects.filter(
        treasury_id=treasury_id, withdrawn_at=None, starts_at__lte=end, ends_at__gte=start
    ).annotate(addresses=ArraySubquery(assets.values("asset__address")))
    return tuple(
        Announcement(row, frozenset(row.addresses)) for row in rows.order_by("starts_at", "pk")
    )
