"""All balances of a treasury at one block."""

from __future__ import annotations

from django.db import models

from treasury.models.fields import UnitsField, hash_field, public_id_field, usd_field


class Snapshot(models.Model):
    """`nav_usd` is null when an asset that is held has no price. `round_trips` counts RPC
    requests."""

    public_id = public_id_field("snap")
    treasury = models.ForeignKey("treasury.Treasury", models.PROTECT, related_name="snapshots")
    block_number = models.PositiveBigIntegerField()
    block_hash = hash_field()
    block_timestamp = models.BigIntegerField()
    base_fee_wei = UnitsField()
    nav_usd = usd_field(null=True)
    round_trips = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["treasury", "block_hash"], name="snapshot_once_per_block"
            )
        ]
        indexes = [
            models.Index(fields=["treasury", "block_number"], name="snapshot_by_block"),
            models.Index(fields=["treasury", "block_timestamp"], name="snapshot_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.treasury} at block {self.block_number}"


class Position(models.Model):
    """Units of one asset in one Safe (or the executor's gas tank: `holder`), valued at the
    snapshot."""

    snapshot = models.ForeignKey("treasury.Snapshot", models.PROTECT, related_name="positions")
    holder = models.CharField(max_length=42)
    asset = models.ForeignKey("treasury.Asset", models.PROTECT)
    tier = models.ForeignKey("treasury.Tier", models.PROTECT, null=True)
    units = UnitsField()
    price = models.ForeignKey("treasury.Price", models.PROTECT, null=True)
    value_usd = usd_field(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["snapshot", "holder", "asset"], name="position_once_per_snapshot"
            )
        ]

    def __str__(self) -> str:
        return f"{self.asset} in {self.holder}"


class TierNav(models.Model):
    snapshot = models.ForeignKey("treasury.Snapshot", models.PROTECT, related_name="tier_navs")
    tier = models.ForeignKey("treasury.Tier", models.PROTECT)
    nav_usd = usd_field(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["snapshot", "tier"], name="tier_nav_once_per_snapshot")
        ]

    def __str__(self) -> str:
        return f"{self.tier} NAV"
