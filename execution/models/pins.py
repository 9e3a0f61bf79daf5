"""How each Safe is set up: what people accepted, and what the chain said last (RS-7)."""

from __future__ import annotations

from django.db import models

from treasury.models.fields import address_check, address_field, hash_field, public_id_field


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


class PinnedContract(models.Model):
    """A contract that money depends on (token, market, router): what it has to be, and how it was
    found last. Pinned at the first look under a policy that names it; another pin takes two people,
    whose public ids are in `accepted_by`. Both are fingerprints by part (code, implementation,
    beacon)."""

    treasury = models.ForeignKey("treasury.Treasury", models.PROTECT, related_name="+")
    address = address_field()
    name = models.CharField(max_length=60)
    pinned = models.JSONField()
    found = models.JSONField()
    is_paused = models.BooleanField(default=False)
    accepted_by = models.JSONField(default=list)
    pinned_block_number = models.PositiveBigIntegerField()
    block_number = models.PositiveBigIntegerField()
    block_hash = hash_field()
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["treasury", "address"], name="contract_pinned_once"),
            address_check("address", model="pinned_contract"),
        ]

    def __str__(self) -> str:
        return f"{self.name} as pinned"
