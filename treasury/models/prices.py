"""Price sources and what they said. Observations and prices are facts: never changed."""

from __future__ import annotations

from django.db import models

from treasury.models.fields import hash_field, price_field, public_id_field


class PriceSource(models.Model):
    """One place to ask. `kind` is a key of the registry in treasury/adapters/prices; `parameters`
    are that kind's own; sources with one `upstream` count once."""

    asset = models.ForeignKey("treasury.Asset", models.PROTECT, related_name="price_sources")
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=24)
    parameters = models.JSONField(default=dict)
    upstream = models.CharField(max_length=60)
    heartbeat_seconds = models.PositiveIntegerField()
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["asset", "name"], name="price_source_unique_name")
        ]

    def __str__(self) -> str:
        return f"{self.asset} from {self.name}"


class PriceObservation(models.Model):
    """One answer of one source for one block. `price_usd` is null when the source failed."""

    source = models.ForeignKey("treasury.PriceSource", models.PROTECT, related_name="observations")
    block_number = models.PositiveBigIntegerField()
    block_hash = hash_field()
    observed_at = models.BigIntegerField()
    price_usd = price_field(null=True)
    is_accepted = models.BooleanField()
    reason = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "block_hash"], name="observation_once_per_block"
            ),
            models.CheckConstraint(
                condition=models.Q(is_accepted=False) | models.Q(price_usd__gt=0),
                name="observation_accepted_has_price",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} at {self.block_number}"


class Price(models.Model):
    """The consensus for one asset at one block; null with the reason when there is none (R5)."""

    public_id = public_id_field("price")
    asset = models.ForeignKey("treasury.Asset", models.PROTECT, related_name="prices")
    block_number = models.PositiveBigIntegerField()
    block_hash = hash_field()
    block_timestamp = models.BigIntegerField()
    price_usd = price_field(null=True)
    observed_at = models.BigIntegerField()
    accepted_count = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["asset", "block_hash"], name="price_once_per_block"),
            models.CheckConstraint(
                condition=models.Q(price_usd__isnull=True) | models.Q(price_usd__gt=0),
                name="price_is_positive",
            ),
            models.CheckConstraint(
                condition=models.Q(price_usd__isnull=False) | ~models.Q(reason=""),
                name="price_missing_says_why",
            ),
        ]
        indexes = [models.Index(fields=["asset", "block_timestamp"], name="price_by_time")]

    def __str__(self) -> str:
        return f"{self.asset} at {self.block_number}"
