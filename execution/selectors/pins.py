"""How each Safe was found last, beside what is pinned; nothing is asked of the chain."""

from __future__ import annotations

from django.db.models import F, QuerySet

from execution.core.signing.pinning import Difference, differences
from execution.models import ObservedConfiguration


def observed(treasury_id: int) -> QuerySet[ObservedConfiguration]:
    rows = ObservedConfiguration.objects.filter(safe__treasury_id=treasury_id)
    return rows.select_related("safe", "pin").order_by("safe_id")


def changed() -> QuerySet[ObservedConfiguration]:
    """Safes of any treasury that are not as pinned."""
    rows = ObservedConfiguration.objects.exclude(configuration=F("pin__configuration"))
    return rows.select_related("safe", "pin").order_by("safe_id")


def changes_of(row: ObservedConfiguration) -> tuple[Difference, ...]:
    return differences(row.pin.configuration, row.configuration)


def is_seen(*, safe_ids: frozenset[int], block_number: int) -> bool:
    """Whether each of these was looked at in that block or a later one."""
    rows = ObservedConfiguration.objects.filter(
        safe_id__in=safe_ids, block_number__gte=block_number
    )
    return rows.count() == len(safe_ids)
