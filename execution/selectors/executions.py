"""Executions as people follow them: the rows, their versions, what they came to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, F, Q, QuerySet, Sum

from execution.core.lifecycle import TERMINAL
from execution.models import Attempt, Break, BreakStatus, Fill, Transaction


@dataclass(frozen=True, slots=True)
class VenueRecord:
    """Costs of all fills on a venue, in USD: what was estimated and what it was."""

    venue: str
    fills: int
    estimated_usd: Decimal
    actual_usd: Decimal
    gas_usd: Decimal


def executions(*, treasury_ids: Iterable[int]) -> QuerySet[Transaction]:
    """Newest first, with the number of their open Breaks as `break_count`."""
    is_open = Q(breaks__status=BreakStatus.OPEN)
    return (
        Transaction.objects.filter(plan__tier__treasury_id__in=list(treasury_ids))
        .select_related("plan__tier__treasury", "plan__decision", "safe_transaction__safe")
        .annotate(break_count=Count("breaks", filter=is_open, distinct=True))
        .order_by("-id")
    )


def is_under_way(rows: QuerySet[Transaction]) -> QuerySet[Transaction]:
    return rows.exclude(state__in=sorted(TERMINAL))


def attempts(*, transaction_id: int) -> QuerySet[Attempt]:
    return Attempt.objects.filter(transaction_id=transaction_id).order_by("id")


def breaks(*, treasury_ids: Iterable[int]) -> QuerySet[Break]:
    """Open ones first, then newest."""
    return (
        Break.objects.filter(treasury_id__in=list(treasury_ids))
        .select_related("asset", "transaction")
        .order_by("status", "-id")
    )


def open_breaks(*, treasury_ids: Iterable[int]) -> QuerySet[Break]:
    return breaks(treasury_ids=treasury_ids).filter(status=BreakStatus.OPEN)


def venue_records(*, treasury_ids: Iterable[int]) -> tuple[VenueRecord, ...]:
    """One line per venue. Fills of blocks that a reorganisation dropped do not count."""
    rows = (
        Fill.objects.filter(
            block_hash=F("transaction__mined_block_hash"),
            transaction__plan__tier__treasury_id__in=list(treasury_ids),
        )
        .values("venue")
        .annotate(
            fills=Count("id"),
            estimated=Sum("estimated_cost_usd"),
            actual=Sum("actual_cost_usd"),
            gas=Sum("actual_gas_usd"),
        )
        .order_by("venue")
    )
    return tuple(
        VenueRecord(row["venue"], row["fills"], row["estimated"], row["actual"], row["gas"])
        for row in rows
    )


def costs_by_execution(*, transaction_ids: Iterable[int]) -> dict[int, tuple[Decimal, Decimal]]:
    """Transaction id -> (estimated, actual) cost of its fills, USD."""
    rows = (
        Fill.objects.filter(
            transaction_id__in=list(transaction_ids),
            block_hash=F("transaction__mined_block_hash"),
        )
        .values("transaction_id")
        .annotate(estimated=Sum("estimated_cost_usd"), actual=Sum("actual_cost_usd"))
    )
    return {row["transaction_id"]: (row["estimated"], row["actual"]) for row in rows}


def recent_gas_units(*, treasury_id: int, count: int) -> tuple[int, ...]:
    """Gas that the latest mined executions used, newest first."""
    rows = Transaction.objects.filter(
        plan__tier__treasury_id=treasury_id, gas_used__isnull=False
    ).order_by("-id")
    return tuple(row.gas_used for row in rows[:count] if row.gas_used)
