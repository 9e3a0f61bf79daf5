"""How long the money lasts, what a position earns, what rebalancing was worth."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from treasury.core.amounts import exact
from treasury.core.risk.series import DAY, DAYS_PER_YEAR, NotEnough

BOOKED_DAYS_NEEDED: Final = 30
RATE_DAYS_NEEDED: Final = 7
DAYS_PER_MONTH: Final = Decimal(DAYS_PER_YEAR) / 12


@exact
def runway_months(
    *, value_usd: Decimal, outflows_usd: Decimal, window_seconds: int
) -> Decimal | NotEnough | None:
    """Months that the value lasts at the pace of the outflows booked in the window. None when none
    was booked: there is no end in sight, which is not the same as infinity."""
    days = window_seconds // DAY
    if days < BOOKED_DAYS_NEEDED:
        return NotEnough(days, BOOKED_DAYS_NEEDED, "days of books")
    if outflows_usd <= 0:
        return None
    per_day = outflows_usd * DAY / window_seconds
    return value_usd / (per_day * DAYS_PER_MONTH)


@exact
def net_apy(*, rate_then: Decimal, rate_now: Decimal, seconds: int) -> Decimal | NotEnough:
    """DE-62: (rate_now / rate_then)^(365 d / window) - 1. The rate of a share is after the
    protocol's fee; gas and our own costs are not in it."""
    days = seconds // DAY
    if days < RATE_DAYS_NEEDED:
        return NotEnough(days, RATE_DAYS_NEEDED, "days of share rates")
    if rate_then <= 0 or rate_now <= 0:
        raise ValueError(f"a share rate is positive: {rate_then}, {rate_now}")
    exponent = Decimal(DAYS_PER_YEAR * DAY) / seconds
    growth: Decimal = (rate_now / rate_then) ** exponent
    return growth - 1


@exact
def against_holding(
    *, nav_usd: Decimal, held: Iterable[tuple[Decimal, Decimal | None]], flows_usd: Decimal
) -> Decimal | None:
    """What the treasury has more (less: negative) than if nobody had traded: NAV less what was
    held then at prices of now, less flows since. `held` are (whole tokens then, price now); None
    when one of them has no price. Gas, fees and impact are in it; a flow counts with the value at
    which it was booked."""
    worth = Decimal(0)
    for tokens, price_usd in held:
        if tokens and price_usd is None:
            return None
        worth += tokens * (price_usd or Decimal(0))
    return nav_usd - worth - flows_usd


def quarter_start(at: int) -> int:
    """The first second of the UTC calendar quarter."""
    day = datetime.fromtimestamp(at, UTC)
    month = (day.month - 1) // 3 * 3 + 1
    return int(datetime(day.year, month, 1, tzinfo=UTC).timestamp())
