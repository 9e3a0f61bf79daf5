"""Halts: tripped breakers. One lockable row per scope, so that "no halt" can be held under a
lock."""

from __future__ import annotations

from django.db import models

from treasury.models.fields import hash_field, public_id_field


class HaltScope(models.Model):
    """The whole treasury (tier null) or one tier. Tripping takes it FOR UPDATE, checking FOR
    SHARE."""

    treasury = models.ForeignKey("treasury.Treasury", models.PROTECT, related_name="+")
    tier = models.ForeignKey("treasury.Tier", models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["treasury", "tier"], name="halt_scope_unique", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return str(self.tier or self.treasury)


class HaltLevel(models.TextChoices):
    """The ladder: automatic moves only ever go down."""

    SEMI = "SEMI"
    MANUAL_PRICES = "MANUAL_PRICES"
    MONITOR = "MONITOR"
    FROZEN = "FROZEN"


class Standing(models.TextChoices):
    """Where a reading stands; OVER arms a breaker, only CLEAN disarms it."""

    CLEAN = "CLEAN"
    UNKNOWN = "UNKNOWN"
    BETWEEN = "BETWEEN"
    OVER = "OVER"


class BreakerState(models.Model):
    """The latest look at one breaker of one scope, tripped or not, and what it remembers: armed
    since `over_since`, clean since `clean_since` (never both). Written under the scope's lock,
    never for an older block. `is_read` False: the policy in force does not ask for it any more.
    `min_clean_seconds` is the policy's, what a reset waits for."""

    scope = models.ForeignKey("governance.HaltScope", models.PROTECT, related_name="breakers")
    breaker = models.CharField(max_length=32)
    standing = models.CharField(max_length=8, choices=Standing.choices)
    level = models.CharField(max_length=14, choices=HaltLevel.choices)
    value = models.CharField(max_length=80)
    limit = models.CharField(max_length=80)
    reset = models.CharField(max_length=80)
    reason = models.CharField(max_length=300, blank=True, default="")
    over_since = models.BigIntegerField(null=True)
    clean_since = models.BigIntegerField(null=True)
    min_clean_seconds = models.PositiveIntegerField()
    is_read = models.BooleanField(default=True)
    block_number = models.PositiveBigIntegerField()
    block_hash = hash_field()
    block_timestamp = models.BigIntegerField()
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scope", "breaker"], name="breaker_once_per_scope"),
            models.CheckConstraint(
                condition=models.Q(over_since__isnull=True) | models.Q(clean_since__isnull=True),
                name="breaker_armed_or_clean",
            ),
            models.CheckConstraint(
                condition=models.Q(standing__in=Standing.values), name="breaker_standing_known"
            ),
            models.CheckConstraint(
                condition=models.Q(level__in=HaltLevel.values), name="breaker_level_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.breaker} of {self.scope}: {self.standing}"


class Halt(models.Model):
    """Open while `closed_at` is null; closing takes two people. `is_self_clearing` marks rows of
    earlier versions, which a clean reading could close; none is made any more."""

    public_id = public_id_field("halt")
    scope = models.ForeignKey("governance.HaltScope", models.PROTECT, related_name="halts")
    breaker = models.CharField(max_length=32)
    level = models.CharField(max_length=14, choices=HaltLevel.choices)
    value = models.CharField(max_length=80)
    limit = models.CharField(max_length=80)
    reason = models.CharField(max_length=300)
    is_self_clearing = models.BooleanField()
    tripped_by = models.CharField(max_length=80)
    tripped_at = models.BigIntegerField()
    closed_at = models.BigIntegerField(null=True)
    first_closer = models.ForeignKey("governance.User", models.PROTECT, null=True, related_name="+")
    second_closer = models.ForeignKey(
        "governance.User", models.PROTECT, null=True, related_name="+"
    )
    close_reason = models.CharField(max_length=300, blank=True, default="")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["scope", "breaker"],
                condition=models.Q(closed_at__isnull=True),
                name="halt_one_open_per_breaker",
            ),
            models.CheckConstraint(
                condition=models.Q(first_closer__isnull=True)
                | models.Q(second_closer__isnull=True)
                | ~models.Q(first_closer=models.F("second_closer")),
                name="halt_two_people",
            ),
            models.CheckConstraint(
                condition=models.Q(closed_at__isnull=True)
                | models.Q(is_self_clearing=True)
                | models.Q(first_closer__isnull=False, second_closer__isnull=False),
                name="halt_closed_by_two",
            ),
            models.CheckConstraint(
                condition=models.Q(level__in=HaltLevel.values), name="halt_level_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.breaker} on {self.scope}"
