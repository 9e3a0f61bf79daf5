"""Where the audit chain stood, told to somebody outside (G7)."""

from __future__ import annotations

from django.db import models

from treasury.models.fields import public_id_field


class AuditAnchor(models.Model):
    """Event `event_id` had this hash and was the `count`th when `sink` was told. `reference` is
    where the proof lies (a file's name, a message hash). A cut tail or a rewritten chain
    contradicts it."""

    public_id = public_id_field("anc")
    event_id = models.BigIntegerField()
    event_hash = models.CharField(max_length=64)
    count = models.BigIntegerField()
    sink = models.CharField(max_length=20)
    reference = models.CharField(max_length=300)
    signature = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sink", "event_id"], name="anchor_once_per_sink")
        ]

    def __str__(self) -> str:
        return f"#{self.event_id} at {self.sink}"
