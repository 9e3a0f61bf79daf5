"""Double-entry books in units and USD, lots and their disposals.

The database refuses an entry that does not sum to zero (deferred trigger), a changed or deleted
entry, posting or disposal, and a second entry for one chain fact (`external_ref`).
"""

from __future__ import annotations

from django.db import models

from treasury.models.fields import (
    UnitsField,
    hash_field,
    price_field,
    public_id_field,
    usd_field,
)


class Account(models.Model):
    """`holder` is a Safe's or the executor's address for asset accounts, empty elsewhere."""

    treasury = models.ForeignKey("treasury.Treasury", models.PROTECT, related_name="accounts")
    code = models.CharField(max_length=120)
    kind = models.CharField(max_length=32)
    holder = models.CharField(max_length=42, blank=True, default="")
    asset = models.ForeignKey("treasury.Asset", models.PROTECT, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["treasury", "code"], name="account_unique_code"),
            models.UniqueConstraint(
                fields=["treasury", "kind", "holder", "asset"],
                name="account_unique_key",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return self.code


class JournalEntry(models.Model):
    """`sequence` is gap-free per treasury, given under a lock. `occurred_at` is block time."""

    public_id = public_id_field("je")
    treasury = models.ForeignKey("treasury.Treasury", models.PROTECT, related_name="entries")
    sequence = models.PositiveBigIntegerField()
    external_ref = models.CharField(max_length=160)
    kind = models.CharField(max_length=16)
    occurred_at = models.BigIntegerField()
    description = models.CharField(max_length=300)
    tx_hash = hash_field(blank=True, default="")
    block_number = models.PositiveBigIntegerField(default=0)
    log_index = models.PositiveIntegerField(null=True)
    proposal_ref = models.CharField(max_length=40, blank=True, default="")
    safe_tx_hash = hash_field(blank=True, default="")
    reverses = models.OneToOneField("self", models.PROTECT, null=True, related_name="reversed_by")
    cost_basis_incomplete = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["treasury", "sequence"], name="entry_unique_sequence"),
            models.UniqueConstraint(
                fields=["treasury", "external_ref"], name="entry_once_per_fact"
            ),
        ]

    def __str__(self) -> str:
        return f"entry {self.sequence} {self.kind}"


class Posting(models.Model):
    """Debit positive, credit negative. `units` are signed base units of the account's asset."""

    entry = models.ForeignKey("treasury.JournalEntry", models.PROTECT, related_name="postings")
    line = models.PositiveSmallIntegerField()
    account = models.ForeignKey("treasury.Account", models.PROTECT, related_name="postings")
    units = UnitsField(signed=True, null=True)
    amount_usd = usd_field()
    price_usd = price_field(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entry", "line"], name="posting_unique_line")
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.amount_usd}"


class Lot(models.Model):
    """`units_left` and `cost_left_usd` only ever fall; the sum of its disposals is what is gone."""

    public_id = public_id_field("lot")
    treasury = models.ForeignKey("treasury.Treasury", models.PROTECT, related_name="lots")
    lot_ref = models.CharField(max_length=180)
    holder = models.CharField(max_length=42)
    asset = models.ForeignKey("treasury.Asset", models.PROTECT)
    units = UnitsField()
    cost_usd = usd_field()
    units_left = UnitsField()
    cost_left_usd = usd_field()
    acquired_at = models.BigIntegerField()
    sequence = models.PositiveBigIntegerField()
    entry = models.ForeignKey("treasury.JournalEntry", models.PROTECT, related_name="lots")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["treasury", "lot_ref"], name="lot_unique_ref"),
            models.UniqueConstraint(fields=["treasury", "sequence"], name="lot_unique_sequence"),
            models.CheckConstraint(
                condition=models.Q(units_left__lte=models.F("units")), name="lot_left_within_units"
            ),
        ]

    def __str__(self) -> str:
        return self.lot_ref


class Disposal(models.Model):
    """One slice of one lot (AC-3). A transfer between own Safes carries cost: proceeds equal
    cost."""

    entry = models.ForeignKey("treasury.JournalEntry", models.PROTECT, related_name="disposals")
    lot = models.ForeignKey("treasury.Lot", models.PROTECT, related_name="disposals")
    units = UnitsField()
    cost_usd = usd_field()
    proceeds_usd = usd_field()
    is_long_term = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entry", "lot"], name="disposal_once")]

    def __str__(self) -> str:
        return f"{self.units} of {self.lot}"
