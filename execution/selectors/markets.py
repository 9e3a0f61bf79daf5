"""Markets on the treasury's allow-list."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet

from execution.core.types import Market
from execution.models import TradingPair
from treasury.core.types import Address


def pair_rows(*, treasury_id: int, venues: Sequence[str]) -> QuerySet[TradingPair]:
    return (
        TradingPair.objects.filter(treasury_id=treasury_id, venue__in=venues, is_active=True)
        .select_related("base", "quote")
        .order_by("id")
    )


def market_of(row: TradingPair) -> Market:
    return Market(
        venue=row.venue,
        base=Address(row.base.address),
        quote=Address(row.quote.address),
        parameters=tuple(sorted((str(k), str(v)) for k, v in row.parameters.items())),
    )


def markets_for(
    *, treasury_id: int, venues: Sequence[str], sell: Address, buy: Address
) -> tuple[Market, ...]:
    """Every allowed market that trades this, in either direction of its pair."""
    markets = (market_of(row) for row in pair_rows(treasury_id=treasury_id, venues=venues))
    return tuple(market for market in markets if {market.base, market.quote} == {sell, buy})
