"""Markets on the treasury's allow-list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import OuterRef, Q, QuerySet, Subquery

from execution.core.types import Market
from execution.models import Fill, TradingPair
from treasury.core.types import Address


def pair_rows(
    *, treasury_id: int, venues: Sequence[str], only_in_roles: bool = False
) -> QuerySet[TradingPair]:
    rows = TradingPair.objects.filter(treasury_id=treasury_id, venue__in=venues, is_active=True)
    if only_in_roles:
        rows = rows.filter(is_in_roles=True)
    return rows.select_related("base", "quote").order_by("id")


def pair_uses(treasury_id: int) -> list[tuple[TradingPair, datetime | None]]:
    """Every market that was ever allowed, with the wall time of the latest fill of its venue and
    pair in either direction; None when there was none."""
    pair = Q(sell=OuterRef("base"), buy=OuterRef("quote")) | Q(
        sell=OuterRef("quote"), buy=OuterRef("base")
    )
    fills = Fill.objects.filter(pair, venue=OuterRef("venue")).order_by("-id")
    rows = (
        TradingPair.objects.filter(treasury_id=treasury_id)
        .select_related("base", "quote")
        .annotate(used_at=Subquery(fills.values("created_at")[:1]))
        .order_by("venue", "id")
    )
    return [(row, row.used_at) for row in rows]


def market_of(row: TradingPair) -> Market:
    return Market(
        venue=row.venue,
        base=Address(row.base.address),
        quote=Address(row.quote.address),
        parameters=tuple(sorted((str(k), str(v)) for k, v in row.parameters.items())),
    )


def allowed_markets(
    *, treasury_id: int, venues: Sequence[str], only_in_roles: bool
) -> tuple[Market, ...]:
    """Every market of these venues that may be traded in now; each trades both ways."""
    rows = pair_rows(treasury_id=treasury_id, venues=venues, only_in_roles=only_in_roles)
    return tuple(market_of(row) for row in rows)
