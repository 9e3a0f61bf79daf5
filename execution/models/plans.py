"""Where the treasury may trade, what venues answered, and the frozen plan made of it."""

from __future__ import annotations

from django.db import models

from treasury.models.fields import UnitsField, hash_field, public_id_field


class TradingPair(models.Model):
    """A market on the treasury's allow-list: one venue, one pair, both directions. `parameters` are
    the venue's own (fee tier, vault address), text to text. Impact is estimated as value^2 /
    depth_usd. `is_in_roles`: the roles of the tiers that trade the pair know it on the chain;
    without it only the owners of the main Safe may trade there."""

    treasury = models.ForeignKey("treasury.Treasury", models.PROTECT, related_name="trading_pairs")
    venue = models.CharField(max_length=24)
    base = models.ForeignKey("treasury.Asset", models.PROTECT, related_name="+")
    quote = models.ForeignKey("treasury.Asset", models.PROTECT, related_name="+")
    parameters = models.JSONField(default=dict)
    fee_bps = models.DecimalField(max_digits=8, decimal_places=2)
    depth_usd = models.DecimalField(max_digits=20, decimal_places=2, null=True)
    gas_units = models.PositiveIntegerField()
    is_in_roles = models.BooleanField(default=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["treasury", "venue", "base", "quote", "parameters"], name="pair_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.base}/{self.quote} on {self.venue}"


class Plan(models.Model):
    """An `ExecutionPlan` frozen as canonical text; `digest` is its SHA-256. `evidence` is the
    canonical text of what the evidence digest covers. Immutable by trigger."""

    public_id = public_id_field("plan")
    tier = models.ForeignKey("treasury.Tier", models.PROTECT, related_name="plans")
    decision = models.ForeignKey("treasury.Decision", models.PROTECT, related_name="plans")
    digest = models.CharField(max_length=64, unique=True)
    document = models.TextField()
    evidence = models.TextField()
    evidence_digest = models.CharField(max_length=64)
    simulation = models.JSONField()
    mechanism = models.CharField(max_length=8)
    expires_at = models.BigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(mechanism__in=["SAFE", "ROLES"]), name="plan_mechanism_known"
            )
        ]

    def __str__(self) -> str:
        return f"plan {self.digest[:12]}"


class Quote(models.Model):
    """Every answer of every venue asked, the losing ones too (X2)."""

    decision = models.ForeignKey("treasury.Decision", models.PROTECT, related_name="quotes")
    venue = models.CharField(max_length=24)
    sell = models.ForeignKey("treasury.Asset", models.PROTECT, related_name="+")
    buy = models.ForeignKey("treasury.Asset", models.PROTECT, related_name="+")
    sell_units = UnitsField()
    buy_units = UnitsField()
    fee_bps = models.DecimalField(max_digits=8, decimal_places=2)
    gas_units = models.PositiveIntegerField()
    block_number = models.PositiveBigIntegerField()
    block_hash = hash_field()
    detail = models.JSONField(default=dict)
    is_chosen = models.BooleanField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.venue}: {self.sell_units} {self.sell} -> {self.buy_units} {self.buy}"
