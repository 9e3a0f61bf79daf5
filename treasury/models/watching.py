"""Logs of watched contracts: how far each was read, what was seen, which evaluation answered."""

from __future__ import annotations

from django.db import models

from treasury.models.fields import address_check, address_field, hash_field


class LogWatch(models.Model):
    """One contract and event that a policy watches, read from `since_number` (exclusive) on."""

    treasury = models.ForeignKey("treasury.Treasury", models.PROTECT, related_name="log_watches")
    contract = address_field()
    topic = hash_field()
    since_number = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["treasury", "contract", "topic"], name="log_watch_unique"
            ),
            address_check("contract", model="log_watch"),
        ]

    def __str__(self) -> str:
        return f"{self.contract} {self.topic}"


class LogCheckpoint(models.Model):
    """A block up to which the watch has read everything; the newest one is the cursor, the others
    find the common ancestor after a reorganisation."""

    watch = models.ForeignKey("treasury.LogWatch", models.PROTECT, related_name="checkpoints")
    block_number = models.PositiveBigIntegerField()
    block_hash = hash_field()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["watch", "block_number"], name="log_checkpoint_one_per_height"
            )
        ]

    def __str__(self) -> str:
        return f"{self.watch} read to {self.block_number}"


class WatchedLog(models.Model):
    """A log, known by its transaction and its place among the watch's logs of that transaction, so
    that it stays itself when another block includes it. `is_dropped`: no block of the chain has it
    now."""

    watch = models.ForeignKey("treasury.LogWatch", models.PROTECT, related_name="logs")
    tx_hash = hash_field()
    ordinal = models.PositiveIntegerField()
    block_number = models.PositiveBigIntegerField()
    block_hash = hash_field()
    is_dropped = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["watch", "tx_hash", "ordinal"], name="watched_log_once")
        ]
        indexes = [models.Index(fields=["watch", "block_number"], name="watched_log_by_block")]

    def __str__(self) -> str:
        return f"log {self.ordinal} of {self.tx_hash}"


class LogAnswer(models.Model):
    """The evaluation that answered a log for a tier: one, for ever (T3)."""

    log = models.ForeignKey("treasury.WatchedLog", models.PROTECT, related_name="answers")
    tier = models.ForeignKey("treasury.Tier", models.PROTECT, related_name="+")
    decision = models.ForeignKey("treasury.Decision", models.PROTECT, related_name="log_answers")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["log", "tier"], name="log_answered_once_per_tier")
        ]

    def __str__(self) -> str:
        return f"{self.log} answered by {self.decision}"
