"""Chain truth against intent, leg by leg."""

from __future__ import annotations

from django.db import models

from treasury.models.fields import UnitsField, hash_field, public_id_field, usd_field


class Fill(models.Model):
    """What one leg really did. Costs are the actual counterparts of the leg's estimate (R2)."""

    public_id = public_id_field("fill")
    transaction = models.ForeignKey("execution.Transaction", models.PROTECT, related_name="fills")
    leg_index = models.PositiveSmallIntegerField()
    venue = models.CharField(max_length=24)
    kind = models.CharField(max_length=10)
    safe = models.ForeignKey("treasury.SafeAccount", models.PROTECT, related_name="+")
    sell = models.ForeignKey("treasury.Asset", models.PROTECT, related_name="+")
    buy = models.ForeignKey("treasury.Asset", models.PROTECT, related_name="+")
    sell_units = UnitsField()
    buy_units = UnitsField()
    tx_hash = hash_field()
    block_hash = hash_field()
    log_index = models.PositiveIntegerField()
    estimated_cost_usd = usd_field()
    actual_cost_usd = usd_field()
    actual_gas_usd = usd_field()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["transaction", "leg_index", "block_hash"], name="fill_once_per_leg"
            )
        ]

    def __str__(self) -> str:
        return f"fill {self.leg_index} of {self.transaction}"


class BreakStatus(models.TextChoices):
    OPEN = "OPEN"
    RESOLVED = "RESOLVED"


class Break(models.Model):
    """An unexplained difference, of one transaction or of books against chain at a block."""

    public_id = public_id_field("brk")
    treasury = models.ForeignKey("treasury.Treasury", models.PROTECT, related_name="breaks")
    transaction = models.ForeignKey(
        "execution.Transaction", models.PROTECT, null=True, related_name="breaks"
    )
    kind = models.CharField(max_length=32)
    holder = models.CharField(max_length=42)
    asset = models.ForeignKey("treasury.Asset", models.PROTECT, null=True)
    expected_units = UnitsField(signed=True)
    actual_units = UnitsField(signed=True)
    block_number = models.PositiveBigIntegerField()
    status = models.CharField(max_length=10, choices=BreakStatus.choices, default=BreakStatus.OPEN)
    reason = models.CharField(max_length=300)
    resolution = models.CharField(max_length=300, blank=True, default="")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["treasury", "kind", "holder", "asset"],
                condition=models.Q(status="OPEN"),
                name="break_one_open_per_position",
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.holder}"
