"""How each Safe is set up: what people accepted, and what the chain said last (RS-7)."""

from __future__ import annotations

from django.db import models

from treasury.models.fields import hash_field, public_id_field


class PinnedConfiguration(models.Model):
    """What a Safe's setup has to be: appended, never changed; the newest number counts.
    `accepted_by` holds the two people who accepted a change (their public ids), empty for the
    first sight. `configuration` is that of `execution.core.signing.pinning`."""

    public_id = public_id_field("pin")
    safe = models.ForeignKey("treasury.SafeAccount", models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    configuration = models.JSONField()
    accepted_by = models.JSONField(default=list)
    block_number = models.PositiveBigIntegerField()
    block_hash = hash_field()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["safe", "number"], name="pin_number_unique")]

    def __str__(self) -> str:
        return f"{self.safe} as pinned #{self.number}"


class ObservedConfiguration(models.Model):
    """The latest look at a Safe beside the pin that counts. Written under the lock of the
    treasury's halt scope, never for an older block. `is_answering` False: the singleton is another
    one and does not answer like a Safe; owners, threshold and modules are those known before."""

    safe = models.OneToOneField("treasury.SafeAccount", models.PROTECT, related_name="+")
    pin = models.ForeignKey("execution.PinnedConfiguration", models.PROTECT, related_name="+")
    configuration = models.JSONField()
    is_answering = models.BooleanField(default=True)
    block_number = models.PositiveBigIntegerField()
    block_hash = hash_field()
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.safe} at block {self.block_number}"
