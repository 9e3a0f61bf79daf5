"""Who is away, and who acts instead (G11)."""

from __future__ import annotations

from django.db import models

from treasury.models.fields import public_id_field


class Absence(models.Model):
    """From `starts_at` until `ends_at` (wall time: people live there). The deputy is told in the
    absentee's place and acts by the deputy's own right only: nothing is delegated."""

    public_id = public_id_field("abs")
    user = models.ForeignKey("governance.User", models.PROTECT, related_name="absences")
    deputy = models.ForeignKey("governance.User", models.PROTECT, null=True, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="absence_forward"
            ),
            models.CheckConstraint(
                condition=models.Q(deputy__isnull=True) | ~models.Q(deputy=models.F("user")),
                name="absence_deputy_is_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} until {self.ends_at:%Y-%m-%d}"
