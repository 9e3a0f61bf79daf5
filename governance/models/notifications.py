"""Channels by which people and systems are told, and each message on its way (M2)."""

from __future__ import annotations

from django.db import models

from treasury.models.fields import public_id_field


class Channel(models.Model):
    """One way to one person (`user` set) or to a system of the treasury (`user` null). `kind` is
    a key of the notifier registry, `target` its address, `secret` what signs webhooks; during a
    rotation `previous_secret` signs as well. `topics` are topics and kinds of events
    (`governance.core.telling.topics`), empty: all. A digest channel gets one message a day instead
    of one each. `failing_since`: the first failed try after the latest that got through."""

    public_id = public_id_field("wh")
    treasury = models.ForeignKey("treasury.Treasury", models.PROTECT, related_name="+")
    user = models.ForeignKey("governance.User", models.PROTECT, null=True, related_name="channels")
    kind = models.CharField(max_length=16)
    target = models.CharField(max_length=500)
    secret = models.CharField(max_length=120, blank=True, default="")
    previous_secret = models.CharField(max_length=120, blank=True, default="")
    topics = models.JSONField(default=list)
    is_digest = models.BooleanField(default=False)
    failing_since = models.DateTimeField(null=True)
    disabled_at = models.DateTimeField(null=True)
    disabled_reason = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["treasury", "user", "kind", "target"],
                name="channel_unique",
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.target}"


class NotificationState(models.TextChoices):
    WAITING = "WAITING"
    SENT = "SENT"
    FAILED = "FAILED"


class Notification(models.Model):
    """One message to one channel. `dedupe_key` makes telling the same fact twice one row. Written
    in the transaction of the fact; a sweeper delivers, with growing distance between tries."""

    public_id = public_id_field("msg")
    channel = models.ForeignKey("governance.Channel", models.PROTECT, related_name="notifications")
    topic = models.CharField(max_length=40)
    dedupe_key = models.CharField(max_length=120)
    object_id = models.CharField(max_length=40)
    subject = models.CharField(max_length=200)
    body = models.TextField()
    payload = models.JSONField(default=dict)
    link = models.CharField(max_length=300, blank=True, default="")
    state = models.CharField(
        max_length=8, choices=NotificationState.choices, default=NotificationState.WAITING
    )
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField()
    latest_answer = models.TextField(blank=True, default="")
    latest_latency_ms = models.PositiveIntegerField(null=True)
    sent_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "dedupe_key"], name="notification_once_per_fact"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=NotificationState.values),
                name="notification_state_known",
            ),
        ]
        indexes = [models.Index(fields=["state", "next_try_at"], name="notification_due")]

    def __str__(self) -> str:
        return f"{self.topic} to {self.channel}"


class DeliveryTry(models.Model):
    """One try to deliver a message, and what the other side said. `status` is an HTTP or SMTP
    number where there was one; of the answer the first 2,000 characters are kept."""

    notification = models.ForeignKey(
        "governance.Notification", models.PROTECT, related_name="delivery_tries"
    )
    tried_at = models.DateTimeField()
    is_delivered = models.BooleanField()
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.TextField(blank=True, default="")
    latency_ms = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.notification} at {self.tried_at}"
