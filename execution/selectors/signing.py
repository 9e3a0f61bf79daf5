"""Whose signatures stand on a Safe transaction, as parts of other reads."""

from __future__ import annotations

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet

from execution.models import Confirmation, MemberConfirmation, SafeTransaction


def confirmed_owners(reference: str) -> ArraySubquery:
    """Owners with a valid Confirmation of the Safe transaction that the outer row's field names,
    to annotate with."""
    rows = Confirmation.objects.filter(safe_transaction_id=OuterRef(reference), is_valid=True)
    return ArraySubquery(rows.order_by("id").values("owner"))


def confirmed_members(reference: str) -> ArraySubquery:
    """Members who signed within an owner that is a Safe, the same way."""
    rows = MemberConfirmation.objects.filter(safe_transaction_id=OuterRef(reference))
    return ArraySubquery(rows.order_by("id").values("member"))


def slots(*, treasury_ids: list[int], limit: int) -> QuerySet[SafeTransaction]:
    """What was ever put to signature, the highest nonce of each Safe first: live, executed,
    replaced and dead. Nested ones are predictions and stand with their parent."""
    return (
        SafeTransaction.objects.filter(safe__treasury_id__in=treasury_ids, parent=None)
        .select_related("safe", "rejects")
        .defer("data")
        .annotate(owners=confirmed_owners("pk"))
        .order_by("safe_id", "-nonce", "-id")[:limit]
    )
