"""Immutable versions of a tier's policy. A trigger refuses UPDATE and DELETE."""

from __future__ import annotations

from django.db import models

from treasury.models.fields import public_id_field


class PolicyVersion(models.Model):
    """`document` is the canonical text (treasury.core.policy_documents), `document_hash` its
    SHA-256. In force: the highest number whose `effective_at` (block time, Unix seconds) has
    come."""

    public_id = public_id_field("pol")
    tier = models.ForeignKey("treasury.Tier", models.PROTECT, related_name="policy_versions")
    number = models.PositiveIntegerField()
    document = models.TextField()
    document_hash = models.CharField(max_length=64)
    effective_at = models.BigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tier", "number"], name="policy_unique_number"),
            models.CheckConstraint(
                condition=models.Q(document_hash__regex="^[0-9a-f]{64}$"), name="policy_hash_shape"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tier} policy {self.number}"
