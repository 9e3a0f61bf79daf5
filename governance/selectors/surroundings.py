"""What stands around a proposal in the database, read once for its page, its gate and its checks.

Rows only: nothing is judged here, and whoever judges computes from the stored bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, Q, QuerySet, TextField
from django.db.models.functions import Cast, JSONObject, Now

from execution.selectors.frozen_lots import frozen_refs
from execution.selectors.pins import Seen, seen_rows
from execution.selectors.transactions import Slot, fills, safe_transactions, slot_rows
from execution.selectors.treasuries import TreasuryView, treasury_view
from governance.models import AddressEntry, PolicyApproval, Proposal
from governance.selectors.halts import open_halts
from governance.selectors.proposals import acquaint
from governance.selectors.registers.notices import Announcement, announced
from treasury.core.decisions import HaltNotice
from treasury.selectors.lots import lots_named

if TYPE_CHECKING:
    from execution.models import SafeTransaction


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`transactions` are the plan's Safe transactions: the signed one, nested ones, rejections.
    `slots` is everything at its nonce and what waits before it. `announcements` are notices for the
    proposal's time, of the whole treasury or of any asset. `venues_used` had fills of the tier.
    `address_book` is what two people agreed on and what has not run out; `safes_seen` is how each
    Safe was found last. `lots_left` are the units that the lots named in the plan still have."""

    view: TreasuryView
    transactions: tuple[SafeTransaction, ...]
    halts: tuple[HaltNotice, ...]
    announcements: tuple[Announcement, ...]
    slots: tuple[Slot, ...]
    is_policy_approved: bool
    venues_used: frozenset[str]
    assets_of_tier: frozenset[str]
    address_book: Mapping[str, str]
    safes_seen: tuple[Seen, ...]
    lots_left: Mapping[str, int]

    @property
    def rejection(self) -> SafeTransaction | None:
        """The empty call at the same nonce, once somebody asked for it."""
        return next((row for row in self.transactions if row.rejects_id is not None), None)


def surroundings(proposal: Proposal) -> Surroundings:
    """Of a proposal that has a plan; `proposal` as `all_proposals` gives it. Six queries."""
    treasury_id, signed = proposal.tier.treasury_id, proposal.safe_transaction
    used = fills(tier_id=proposal.tier_id).select_related(None).order_by()
    told: dict[str, Any] = {
        "approved": Exists(two_people_approved(proposal.policy_version_id)),
        "venues": ArraySubquery(used.values("venue").distinct()),
        "assets": ArraySubquery(proposal.tier.tier_assets.values("asset__address")),
        "labels": ArraySubquery(_address_book(treasury_id)),
        "seen": ArraySubquery(seen_rows(treasury_id)),
        "lots": ArraySubquery(_lots(proposal)),
    }
    if signed is not None:
        fields = JSONObject(**{name: name for name in Slot.__slots__})
        at_nonce = slot_rows(safe_id=signed.safe_id, nonce=signed.nonce)
        told["slots"] = ArraySubquery(at_nonce.values(slot=fields))
    found: dict[str, Any] = dict(
        Proposal.objects.filter(pk=proposal.pk).order_by().values(**told).get()
    )
    return Surroundings(
        view=treasury_view(proposal.tier),
        transactions=_transactions(proposal),
        halts=open_halts(treasury_id=treasury_id, tier_id=proposal.tier_id),
        announcements=announced(
            treasury_id=treasury_id, start=proposal.triggered_at, end=proposal.expires_at
        ),
        slots=tuple(Slot(**row) for row in found.get("slots", ())),
        is_policy_approved=found["approved"],
        venues_used=frozenset(found["venues"]),
        assets_of_tier=frozenset(found["assets"]),
        address_book={row["address"]: row["label"] for row in found["labels"]},
        safes_seen=tuple(Seen(**row) for row in found["seen"]),
        lots_left={row["ref"]: int(row["units"]) for row in found["lots"] or ()},
    )


def _transactions(proposal: Proposal) -> tuple[SafeTransaction, ...]:
    """Each knows its plan and its Safe's treasury without asking again."""
    rows = tuple(safe_transactions(plan_id=proposal.plan_id or 0))
    for row in rows:
        acquaint(row, proposal)
    return rows


def _lots(proposal: Proposal) -> QuerySet[Any, Any]:
    refs = frozen_refs(proposal.plan) if proposal.plan else ()
    rows = lots_named(treasury_id=proposal.tier.treasury_id, lot_refs=refs).order_by("pk")
    return rows.values(row=JSONObject(ref="lot_ref", units=Cast("units_left", TextField())))


def _address_book(treasury_id: int) -> QuerySet[AddressEntry, Any]:
    rows = AddressEntry.objects.filter(
        treasury_id=treasury_id,
        approver__isnull=False,
        withdrawn_at__isnull=True,
        expires_at__gt=Now(),
    )
    return rows.order_by("pk").values(row=JSONObject(address="address", label="label"))


def two_people_approved(policy_version_id: int) -> QuerySet[PolicyApproval]:
    return PolicyApproval.objects.filter(
        ~Q(author=F("approver")), policy_version_id=policy_version_id
    )
