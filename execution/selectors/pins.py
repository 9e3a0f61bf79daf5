"""How each Safe was found last, beside what is pinned; nothing is asked of the chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import F, QuerySet
from django.db.models.functions import JSONObject

from execution.core.signing.pinning import Configuration, Difference, differences
from execution.models import ObservedConfiguration


def observed(treasury_id: int) -> QuerySet[ObservedConfiguration]:
    rows = ObservedConfiguration.objects.filter(safe__treasury_id=treasury_id)
    return rows.select_related("safe", "pin").order_by("safe_id")


@dataclass(frozen=True, slots=True)
class Seen:
    """One Safe as it was found last, beside what is pinned for it."""

    safe_id: int
    name: str
    kind: str
    block_number: int
    configuration: Configuration
    pinned: Configuration

    @property
    def changes(self) -> tuple[Difference, ...]:
        return differences(self.pinned, self.configuration)


def seen_rows(treasury_id: int) -> QuerySet[ObservedConfiguration, Any]:
    """Rows of all Safes with every field of a Seen, to be read within another query."""
    rows = ObservedConfiguration.objects.filter(safe__treasury_id=treasury_id).order_by("safe_id")
    return rows.values(
        row=JSONObject(
            safe_id="safe_id",
            name="safe__name",
            kind="safe__kind",
            block_number="block_number",
            configuration="configuration",
            pinned="pin__configuration",
        )
    )


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
