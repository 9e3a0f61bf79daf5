"""Who let a policy version into force (G6): author and a second person."""

from __future__ import annotations

from django.db import models


class PolicyApproval(models.Model):
    policy_version = models.OneToOneField(
        "treasury.PolicyVersion", models.PROTECT, related_name="+"
    )
    author = models.ForeignKey("governance.User", models.PROTECT, related_name="+")
    approver = models.ForeignKey("governance.User", models.PROTECT, related_name="+")
    reason = models.CharField(max_length=300)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(author=models.F("approver")), name="policy_two_people"
            )
        ]

    def __str__(self) -> str:
        return f"{self.policy_version} by {self.author} and {self.approver}"
