"""The public page of a treasury: opt-in, read-only, without sign-in."""

from __future__ import annotations

from django.db import models


class Publication(models.Model):
    """Live while both people stand and `withdrawn_at` is null. `slug` is in the address."""

    treasury = models.ForeignKey("treasury.Treasury", models.PROTECT, related_name="+")
    slug = models.SlugField(max_length=60)
    author = models.ForeignKey("governance.User", models.PROTECT, related_name="+")
    approver = models.ForeignKey("governance.User", models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["slug"],
                condition=models.Q(withdrawn_at__isnull=True),
                name="publication_one_live_slug",
            ),
            models.UniqueConstraint(
                fields=["treasury"],
                condition=models.Q(withdrawn_at__isnull=True),
                name="publication_one_live",
            ),
            models.CheckConstraint(
                condition=models.Q(approver__isnull=True) | ~models.Q(author=models.F("approver")),
                name="publication_two_people",
            ),
        ]

    def __str__(self) -> str:
        return self.slug
