"""Prices, rates and holdings from before the pinned block, sampled.

At most one observation per step of a window, the last of each step, however many there were: what
a decision stores stays small and does not depend on how often the service looked.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal

from django.db import connection

from treasury.core.amounts import exact
from treasury.core.triggering.observed import (
    EarlierHoldings,
    EarlierUnits,
    Peg,
    Point,
    Series,
    sample_step,
)
from treasury.core.types import Address
from treasury.models import Asset, AssetKind, Position, Snapshot, Tier, TierAsset

DOLLAR = "USD"

# One index look-up per asset and step. `until` is the pinned block's time, exclusive.
_PRICES = """
SELECT wanted.id, found.block_timestamp, found.price_usd, found.block_hash
FROM unnest(%s::bigint[]) AS wanted(id)
CROSS JOIN generate_series(%s::bigint, %s::bigint, %s::bigint) AS slot(start)
CROSS JOIN LATERAL (
  SELECT block_timestamp, price_usd, block_hash FROM treasury_price
  WHERE asset_id = wanted.id AND price_usd IS NOT NULL AND block_timestamp >= slot.start
    AND block_timestamp < LEAST(slot.start + %s, %s)
  ORDER BY block_timestamp DESC, id DESC LIMIT 1
) AS found
ORDER BY 1, 2
"""
Row = tuple[int, int, Decimal, str]


def price_series(*, tier_id: int, windows: Collection[int], until: int) -> tuple[Series, ...]:
    """Prices in USD of the tier's assets, from before `until` (block time). Each window is sampled
    by itself: an hour seen in the steps of a month would be one price."""
    found = _assets(tier_id)
    ids = [asset.pk for asset in found]
    samples = [_sampled(ids, until - each, until, sample_step(each)) for each in windows]
    rows = sorted({row for window in samples for row in window})
    return tuple(
        Series(
            Address(asset.address),
            "consensus price",
            tuple(Point(at, value) for key, at, value, _ in rows if key == asset.pk),
        )
        for asset in found
    )


def rate_series(*, tier_id: int, window: int, count: int, until: int) -> tuple[Series, ...]:
    """Underlying per share of the tier's vaults: price of the share / price of the underlying, both
    of one block. Samples lie a twelfth of the window apart and reach back over the window before
    the `count`-th latest."""
    vaults = {
        asset: asset.underlying_id
        for asset in _assets(tier_id)
        if asset.kind == AssetKind.VAULT_SHARE and asset.underlying_id is not None
    }
    step = max(1, window // 12)
    since = until - window - (count + 1) * step
    keys = {asset.pk for asset in vaults} | set(vaults.values())
    rows = _sampled(sorted(keys), since, until, step)
    prices = {(key, block_hash): value for key, _, value, block_hash in rows}
    return tuple(
        Series(
            Address(asset.address),
            "price of the share / price of the underlying",
            tuple(
                Point(at, _rate(value, prices[underlying, block_hash]))
                for key, at, value, block_hash in rows
                if key == asset.pk and (underlying, block_hash) in prices
            ),
        )
        for asset, underlying in vaults.items()
    )


def pegs(*, tier_id: int) -> tuple[Peg, ...]:
    """Assets declared to be worth a dollar. Other currencies have no price here."""
    return tuple(
        Peg(Address(asset.address), Decimal(1)) for asset in _assets(tier_id) if asset.peg == DOLLAR
    )


def base_fee_before(*, tier_id: int, before: int) -> int | None:
    """The base fee that the tier's latest evaluation before this block time saw."""
    rows = Snapshot.objects.filter(decision__tier_id=tier_id, block_timestamp__lt=before)
    return rows.order_by("-block_timestamp", "-id").values_list("base_fee_wei", flat=True).first()


def earlier_holdings(*, tier_id: int, since: int, before: int) -> EarlierHoldings | None:
    """What the tier's Safe held of the tier's assets at the first snapshot from `since` on and
    before `before` (block times); None without one."""
    tier = Tier.objects.select_related("safe").get(pk=tier_id)
    snapshot = (
        Snapshot.objects.filter(
            treasury_id=tier.treasury_id, block_timestamp__gte=since, block_timestamp__lt=before
        )
        .order_by("block_timestamp", "id")
        .first()
    )
    if snapshot is None:
        return None
    rows = Position.objects.filter(
        snapshot=snapshot,
        holder=tier.safe.address,
        asset_id__in=TierAsset.objects.filter(tier=tier).values("asset_id"),
    ).select_related("asset")
    units = [EarlierUnits(Address(row.asset.address), row.units) for row in rows]
    return EarlierHoldings(
        snapshot.block_timestamp, tuple(sorted(units, key=lambda item: item.asset))
    )


def _assets(tier_id: int) -> list[Asset]:
    rows = Asset.objects.filter(pk__in=TierAsset.objects.filter(tier_id=tier_id).values("asset_id"))
    return list(rows.order_by("address"))


def _sampled(asset_ids: Sequence[int], since: int, until: int, step: int) -> list[Row]:
    first = since // step * step  # steps stand still while time goes on
    with connection.cursor() as cursor:
        cursor.execute(_PRICES, [list(asset_ids), first, until, step, step, until])
        return [row for row in cursor.fetchall() if row[1] >= since]


@exact
def _rate(share: Decimal, underlying: Decimal) -> Decimal:
    return (share / underlying).quantize(Decimal("1E-18"))
