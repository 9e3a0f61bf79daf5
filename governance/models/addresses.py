"""The address book: names for addresses, given by two people, for a time."""

from __future__ import annotations

from django.db import models

from treasury.models.fields import address_check, address_field, public_id_field


class AddressEntry(models.Model):
    """A label is a grant of trust: author and a second person, and it ends. `approver` null: asked
    for, not in force. What automation may touch is the chain's word (Roles), not this book's."""

    public_id = public_id_field("addr")
    treasury = models.ForeignKey("treasury.Treasury", models.PROTECT, related_name="+")
    address = address_field()
    label = models.CharField(max_length=80)
    purpose = models.CharField(max_length=200, blank=True, default="")
    author = models.ForeignKey("governance.User", models.PROTECT, related_name="+")
    approver = models.ForeignKey("governance.User", models.PROTECT, null=True, related_name="+")
    expires_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["treasury", "address"],
                condition=models.Q(withdrawn_at__isnull=True),
                name="address_entry_one_live",
            ),
            models.CheckConstraint(
                condition=models.Q(approver__isnull=True) | ~models.Q(author=models.F("approver")),
                name="address_entry_two_people",
            ),
            address_check("address", model="address_entry"),
        ]

    def __str__(self) -> str:
        return f"{self.label} ({self.address})"
