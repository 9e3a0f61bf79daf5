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


class ReminderKind(models.TextChoices):
    ASKED = "ASKED"
    REMINDED = "REMINDED"
    UNANSWERED = "UNANSWERED"
    EXPIRING = "EXPIRING"


class Reminder(models.Model):
    """What was said because people were waited for: once per proposal, kind and period, so that
    nobody is told the same twice. ASKED opens the first period. `acts` counts what people had done
    with the proposal by then; `told_at` is block time (Unix seconds)."""

    proposal = models.ForeignKey("governance.Proposal", models.PROTECT, related_name="reminders")
    kind = models.CharField(max_length=10, choices=ReminderKind.choices)
    period = models.PositiveIntegerField(default=0)
    acts = models.PositiveIntegerField(default=0)
    told_at = models.BigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["proposal", "kind", "period"], name="reminder_once_per_period"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=ReminderKind.values), name="reminder_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.period} of {self.proposal}"
