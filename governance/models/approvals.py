"""Our own record of what people did with a proposal: looked, asked, acknowledged, answered,
decided. An owner's signature is a Confirmation (execution)."""

from __future__ import annotations

from django.db import models

from treasury.models.fields import public_id_field


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


class Comment(models.Model):
    """Append-only; shown in the time line with the digest it was written to."""

    public_id = public_id_field("com")
    proposal = models.ForeignKey("governance.Proposal", models.PROTECT, related_name="comments")
    user = models.ForeignKey("governance.User", models.PROTECT, related_name="+")
    plan_digest = models.CharField(max_length=64)
    text = models.TextField(max_length=2000)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.user} on {self.proposal}"


class Acknowledgement(models.Model):
    """One risk flag, seen by one person, by its name; bound to the plan's digest. A CRITICAL flag
    needs the reason in writing."""

    proposal = models.ForeignKey(
        "governance.Proposal", models.PROTECT, related_name="acknowledgements"
    )
    user = models.ForeignKey("governance.User", models.PROTECT, related_name="+")
    flag = models.CharField(max_length=40)
    plan_digest = models.CharField(max_length=64)
    reason = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["proposal", "user", "flag", "plan_digest"], name="acknowledged_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} acknowledged {self.flag}"


class Answer(models.Model):
    """What a person answered to the question drawn from the proposal; wrong ones are kept too."""

    proposal = models.ForeignKey("governance.Proposal", models.PROTECT, related_name="answers")
    user = models.ForeignKey("governance.User", models.PROTECT, related_name="+")
    plan_digest = models.CharField(max_length=64)
    question = models.CharField(max_length=40)
    given = models.CharField(max_length=120)
    is_right = models.BooleanField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.user}: {self.question} {'right' if self.is_right else 'wrong'}"


class Reading(models.Model):
    """When a person first opened the proposal's page at this plan, and which sections; for the
    review's aggregates, never a ranking."""

    proposal = models.ForeignKey("governance.Proposal", models.PROTECT, related_name="readings")
    user = models.ForeignKey("governance.User", models.PROTECT, related_name="+")
    plan_digest = models.CharField(max_length=64)
    sections = models.JSONField(default=list)
    opened_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["proposal", "user", "plan_digest"], name="reading_once_per_plan"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} read {self.proposal}"
