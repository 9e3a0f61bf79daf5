"""The audit chain and the event outbox. The database assigns id, sequence, time and hashes."""

from __future__ import annotations

from django.db import models

from treasury.models.fields import public_id_field


class AuditEvent(models.Model):
    """Append-only, hash-chained by a trigger (reliability reference, section 10). `body` is
    canonical JSON; everything else is derived from it or from the row before. Made by a SQL
    migration."""

    id = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    body = models.BinaryField()
    payload = models.JSONField()
    prev = models.BinaryField()
    hash = models.BinaryField()

    class Meta:
        managed = False
        db_table = "audit_event"

    def __str__(self) -> str:
        return f"audit event {self.id}"


class OutboxEvent(models.Model):
    """What the outside is told. `sequence` is gap-free per treasury, given by a trigger."""

    public_id = public_id_field("evt")
    treasury = models.ForeignKey("treasury.Treasury", models.PROTECT, related_name="events")
    sequence = models.BigIntegerField(default=0)
    kind = models.CharField(max_length=60)
    payload = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)
    relayed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["treasury", "sequence"], name="event_unique_sequence")
        ]

    def __str__(self) -> str:
        return f"event {self.sequence} {self.kind}"
