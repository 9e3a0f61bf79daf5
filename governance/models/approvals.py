"""Our own record of people's decisions; an owner's signature is a Confirmation (execution)."""

from __future__ import annotations

from django.db import models


class ApprovalKind(models.TextChoices):
    APPROVE = "APPROVE"
    DECLINE = "DECLINE"
    VETO = "VETO"


class Approval(models.Model):
    """Bound to the plan's digest: a changed plan voids it."""

    proposal = models.ForeignKey("governance.Proposal", models.PROTECT, related_name="approvals")
    user = models.ForeignKey("governance.User", models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=ApprovalKind.choices)
    plan_digest = models.CharField(max_length=64)
    reason = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["proposal", "user", "kind"], name="approval_once_per_person"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=ApprovalKind.values), name="approval_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.kind} {self.proposal}"
