"""Notices: what operators know and every affected proposal shows (G10)."""

from __future__ import annotations

from django.db import models

from treasury.models.fields import public_id_field


class NoticeKind(models.TextChoices):
    UPGRADE = "UPGRADE"
    KNOWN_ISSUE = "KNOWN_ISSUE"


class Notice(models.Model):
    """A scheduled upgrade or a known issue, with its source. In force from `starts_at` to
    `ends_at` (block time, Unix seconds); without assets it concerns the whole treasury. Never
    edited: withdrawn and written anew."""

    public_id = public_id_field("ntc")
    treasury = models.ForeignKey("treasury.Treasury", models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=NoticeKind.choices)
    title = models.CharField(max_length=120)
    body = models.TextField(max_length=2000)
    source_url = models.URLField(max_length=300)
    starts_at = models.BigIntegerField()
    ends_at = models.BigIntegerField()
    assets = models.ManyToManyField("treasury.Asset", related_name="+")
    author = models.ForeignKey("governance.User", models.PROTECT, related_name="+")
    withdrawn_at = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="notice_window_forward"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=NoticeKind.values), name="notice_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return self.title
