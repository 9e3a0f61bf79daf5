"""A hundred tiers and a thousand proposals: copies of real rows under names of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Model
from eth_utils.address import to_checksum_address

from execution.models import Fill, Transaction
from governance.core.lifecycle import OPEN
from governance.models import Proposal, TierOwner
from tests.integration.governance.conftest import Stage
from treasury.models import (
    Decision,
    PolicyVersion,
    Position,
    Snapshot,
    Tier,
    TierAsset,
    TierNav,
)

TIERS = 100
PROPOSALS = 1_000
Row = TypeVar("Row", bound=Model)


def copy(row: Row, **changes: Any) -> Row:
    """Unsaved; key and public id are new."""
    kept = {
        field.attname: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if not field.primary_key and field.attname not in {"public_id", "created_at", "updated_at"}
    }
    return type(row)(**(kept | changes))


def crowd(stage: Stage) -> None:
    """Call it when the stage has an executed proposal and an open one. Every new tier looks like
    `core`, with a Safe, a policy, an evaluation and positions of its own."""
    treasury = stage.seeded.treasury
    snapshot = Snapshot.objects.filter(treasury=treasury).latest("block_number")
    model = Tier.objects.get(pk=stage.tier_id("core"))
    tiers = [_tier(model, number, snapshot) for number in range(TIERS - len(stage.seeded.tiers))]
    executed = Proposal.objects.filter(state="DONE", outcome="EXECUTED").latest("pk")
    waiting = Proposal.objects.filter(state__in=sorted(OPEN)).latest("pk")
    everywhere = [*tiers, *Tier.objects.filter(pk__in=[t.pk for t in stage.seeded.tiers.values()])]
    with guards_off("execution_transaction", "governance_proposal"):
        _proposals(executed, waiting, tiers, everywhere)


@contextmanager
def guards_off(*tables: str) -> Iterator[None]:
    """No transaction and no proposal begins at its end; these copies do."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def _proposals(
    executed: Proposal, waiting: Proposal, tiers: list[Tier], everywhere: list[Tier]
) -> None:
    opened = [_proposal(waiting, tier, number) for number, tier in enumerate(tiers)]
    count = PROPOSALS - len(opened) - Proposal.objects.count()
    transactions = _transactions(executed, count)
    done = [
        _proposal(
            executed,
            everywhere[number % len(everywhere)],
            TIERS + number,
            transaction_id=transaction.pk,
        )
        for number, transaction in enumerate(transactions)
    ]
    Proposal.objects.bulk_create([*opened, *done])


def _tier(model: Tier, number: int, snapshot: Snapshot) -> Tier:
    safe = copy(
        model.safe,
        name=f"copy {number}",
        address=to_checksum_address(f"0x{0xC0DE0000 + number:040x}"),
    )
    safe.save()
    tier = copy(model, name=f"copy {number:03}", safe_id=safe.pk)
    tier.save()
    TierAsset.objects.bulk_create(
        copy(row, tier_id=tier.pk, safe_id=safe.pk) for row in model.tier_assets.all()
    )
    version = copy(PolicyVersion.objects.filter(tier=model).latest("number"), tier_id=tier.pk)
    version.save()
    Position.objects.bulk_create(
        copy(row, tier_id=tier.pk, holder=safe.address)
        for row in Position.objects.filter(snapshot=snapshot, tier=model)
    )
    nav = TierNav.objects.get(snapshot=snapshot, tier=model)
    TierNav.objects.create(snapshot=snapshot, tier=tier, nav_usd=nav.nav_usd)
    decision = Decision.objects.filter(tier=model).latest("pk")
    copy(decision, tier_id=tier.pk, policy_version_id=version.pk, snapshot_id=snapshot.pk).save()
    TierOwner.objects.bulk_create(
        copy(row, tier_id=tier.pk) for row in TierOwner.objects.filter(tier=model)
    )
    return tier


def _proposal(model: Proposal, tier: Tier, number: int, **more: Any) -> Proposal:
    key = sha256(f"copy {number}".encode()).hexdigest()
    return copy(model, tier_id=tier.pk, intent_key=key, successor_id=None, **more)


def _transactions(executed: Proposal, count: int) -> list[Transaction]:
    assert executed.transaction is not None
    made = Transaction.objects.bulk_create(
        copy(executed.transaction, version=1) for _ in range(count)
    )
    fills: Iterable[Fill] = list(executed.transaction.fills.all())
    Fill.objects.bulk_create(copy(fill, transaction_id=row.pk) for row in made for fill in fills)
    return made
