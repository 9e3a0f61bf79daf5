"""What a request with an `Idempotency-Key` was answered, so that its twin gets the same (RS-22)."""

from __future__ import annotations

from django.db import models


class IdempotentRequest(models.Model):
    """Scope: who asked, method, path, key. `status` is null while the first one is still at work;
    `claimed_at` tells a crashed one from a slow one."""

    principal = models.CharField(max_length=80)
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=300)
    key = models.CharField(max_length=255)
    body_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    headers = models.JSONField(default=dict)
    claimed_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["principal", "method", "path", "key"], name="idempotent_request_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.key}"
