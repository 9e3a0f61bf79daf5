"""How long owners take to sign once they are asked."""

from __future__ import annotations

from typing import Any

from django.db.models import F, QuerySet

from execution.models import Confirmation, MemberConfirmation

LATEST = 500
"""Confirmations that count: people change, so old habits fall out."""


def response_seconds(treasury_id: int) -> dict[str, list[int]]:
    """Signer (an owner, or a member within one) -> seconds from the fields being there to the
    signature, for the latest signatures of the treasury. On-chain approvals count too."""
    found: dict[str, list[int]] = {}
    owners = _signed(Confirmation.objects.exclude(kind="CONTRACT"), treasury_id, "owner")
    members = _signed(MemberConfirmation.objects.all(), treasury_id, "member")
    for signer, asked_at, signed_at in owners.union(members).order_by("-signed_at")[:LATEST]:
        seconds = max(int((signed_at - asked_at).total_seconds()), 0)
        found.setdefault(signer, []).append(seconds)
    return found


def _signed(rows: QuerySet[Any], treasury_id: int, signer: str) -> QuerySet[Any, tuple[Any, ...]]:
    found: QuerySet[Any, tuple[Any, ...]] = (
        rows.filter(safe_transaction__safe__treasury_id=treasury_id)
        .annotate(
            signer=F(signer), asked_at=F("safe_transaction__created_at"), signed_at=F("created_at")
        )
        .values_list("signer", "asked_at", "signed_at")
    )
    return found
