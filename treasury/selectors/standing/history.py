"""What was observed at earlier blocks, as breakers need it: gas of a day, prices at regular
steps."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.db import connection

_MEDIAN_GAS = """
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY base_fee_wei), count(*)
FROM treasury_snapshot
WHERE treasury_id = %s AND block_timestamp > %s AND block_timestamp <= %s
"""
# One index look-up per step instead of a scan of every price of the window.
_STEPS = """
SELECT wanted.id, (slot.start - %(first)s) / %(step)s, found.price_usd
FROM unnest(%(assets)s::bigint[]) AS wanted(id)
CROSS JOIN generate_series(%(first)s::bigint, %(until)s::bigint, %(step)s::bigint) AS slot(start)
CROSS JOIN LATERAL (
  SELECT price_usd FROM treasury_price
  WHERE asset_id = wanted.id AND price_usd IS NOT NULL
    AND block_timestamp > slot.start - %(step)s AND block_timestamp <= slot.start
  ORDER BY block_timestamp DESC, id DESC LIMIT 1
) AS found
ORDER BY 1, 2
"""
_LATEST = """
SELECT wanted.id, found.price_usd
FROM unnest(%s::bigint[]) AS wanted(id)
CROSS JOIN LATERAL (
  SELECT price_usd, block_number, id FROM treasury_price
  WHERE asset_id = wanted.id AND price_usd IS NOT NULL AND block_number <= %s
  ORDER BY block_number DESC, id DESC LIMIT %s
) AS found
ORDER BY wanted.id, found.block_number DESC, found.id DESC
"""


def median_gas(*, treasury_id: int, until: int, seconds: int) -> tuple[int | None, int]:
    """(median base fee in wei, snapshots) of the window that ends at `until`; the lower of two
    middle ones. (None, 0) without snapshots."""
    with connection.cursor() as cursor:
        cursor.execute(_MEDIAN_GAS, [treasury_id, until - seconds, until])
        median, count = cursor.fetchone()
    return (None if median is None else int(median), int(count))


def price_steps(
    *, asset_ids: Sequence[int], until: int, step: int, count: int
) -> dict[int, tuple[tuple[int, Decimal], ...]]:
    """By asset, oldest first: the last price of each of `count` + 1 steps that end at `until`, with
    the step's number, 0 to `count`. A step without a price is missing."""
    first = until - step * count
    with connection.cursor() as cursor:
        cursor.execute(
            _STEPS, {"assets": sorted(asset_ids), "first": first, "until": until, "step": step}
        )
        rows = cursor.fetchall()
    found: dict[int, list[tuple[int, Decimal]]] = {asset_id: [] for asset_id in asset_ids}
    for asset_id, number, price in rows:
        found[asset_id].append((int(number), price))
    return {asset_id: tuple(prices) for asset_id, prices in found.items()}


def latest_prices(
    *, asset_ids: Sequence[int], block_number: int, count: int
) -> dict[int, tuple[Decimal, ...]]:
    """By asset, newest first: the latest prices at that height or below, one per block."""
    with connection.cursor() as cursor:
        cursor.execute(_LATEST, [sorted(asset_ids), block_number, count])
        rows = cursor.fetchall()
    found: dict[int, list[Decimal]] = {asset_id: [] for asset_id in asset_ids}
    for asset_id, price in rows:
        found[asset_id].append(price)
    return {asset_id: tuple(prices) for asset_id, prices in found.items()}
