"""Events that wait to be handed on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Count, Min

from treasury.models import OutboxEvent


def waiting_events(*, treasury_ids: Iterable[int]) -> tuple[int, datetime | None]:
    """How many were written and not handed on yet, and since when the oldest waits."""
    found = OutboxEvent.objects.filter(
        treasury_id__in=list(treasury_ids), relayed_at=None
    ).aggregate(count=Count("id"), oldest=Min("created_at"))
    return int(found["count"]), found["oldest"]
