"""Every evaluation of a tier, fired or not, with the numbers that decided it (T6, D7)."""

from __future__ import annotations

from django.db import models

from treasury.models.fields import public_id_field


class Decision(models.Model):
    """`inputs` and `result` are canonical text; replay revives the first and must reach the
    second's digest. Append-only by trigger, but for evaluations that did not fire and whose day
    an `EvaluationDay` sums up."""

    public_id = public_id_field("dec")
    tier = models.ForeignKey("treasury.Tier", models.PROTECT, related_name="decisions")
    policy_version = models.ForeignKey("treasury.PolicyVersion", models.PROTECT)
    snapshot = models.ForeignKey("treasury.Snapshot", models.PROTECT)
    outcome = models.CharField(max_length=20)
    is_fired = models.BooleanField()
    trigger_kind = models.CharField(max_length=20)
    trigger_reason = models.CharField(max_length=300)
    inputs = models.TextField()
    result = models.TextField()
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["tier", "id"], name="decision_by_tier")]
        constraints = [
            models.UniqueConstraint(
                fields=["tier", "snapshot", "policy_version"], name="decision_once_per_snapshot"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    outcome__in=[
                        "TRADES",
                        "NOT_FIRED",
                        "GATED",
                        "HALTED",
                        "NOTHING_WORTHWHILE",
                    ]
                ),
                name="decision_outcome_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tier} at {self.snapshot_id}: {self.outcome}"


class EvaluationDay(models.Model):
    """What is left of a tier's evaluations of one UTC day that did not fire, under one policy:
    how many there were, how they ended, how far weights went. `digest` covers the digests of the
    evaluations in order; the audit trail has each of them. Append-only by trigger."""

    tier = models.ForeignKey("treasury.Tier", models.PROTECT, related_name="evaluation_days")
    policy_version = models.ForeignKey("treasury.PolicyVersion", models.PROTECT)
    day = models.DateField()
    first_decision = models.BigIntegerField()
    last_decision = models.BigIntegerField()
    first_at = models.BigIntegerField()
    last_at = models.BigIntegerField()
    count = models.PositiveIntegerField()
    outcomes = models.JSONField()
    reasons = models.JSONField()
    weights = models.JSONField()
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tier", "policy_version", "day"], name="evaluation_day_once"
            ),
            models.CheckConstraint(
                condition=models.Q(count__gt=0)
                & models.Q(last_decision__gte=models.F("first_decision")),
                name="evaluation_day_has_some",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tier} on {self.day}: {self.count} evaluations"
