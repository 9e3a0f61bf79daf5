"""Halts: tripped breakers. One lockable row per scope, so that "no halt" can be held under a
lock."""

from __future__ import annotations

from django.db import models

from treasury.models.fields import public_id_field


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


class Halt(models.Model):
    """Open while `closed_at` is null; closing takes two people. Conditions that merely forbid
    acting now (no price, gas) clear by themselves: `is_self_clearing`."""

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
