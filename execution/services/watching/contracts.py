"""Code, proxy implementation and pause flag of tokens and venues against their pins (X7)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from execution.adapters import ethereum
from execution.adapters.contracts import ContractLook, read_contracts
from execution.models import PinnedContract
from execution.selectors.contracts import contract_facts, watched_contracts
from treasury.core.types import Actor, Address, BlockRef
from treasury.engine.breakers.facts import ContractFact
from treasury.selectors.portfolio import tier_by_id
from treasury.services.record import record_audit


def look_at_contracts(
    *, tier_id: int, venues: Sequence[str], block: BlockRef, rpc_url: str, actor: Actor
) -> tuple[ContractFact, ...]:
    """One look at everything the tier depends on. What has no pin yet is pinned as it is: that is
    when the policy that names it came into force. A look at an older block changes nothing."""
    treasury_id = tier_by_id(tier_id).treasury_id
    named = watched_contracts(tier_id=tier_id, venues=venues)
    addresses = [address for _, address in named]
    with ethereum.connect(rpc_url) as rpc:
        found = read_contracts(rpc, addresses, block=block)
    with transaction.atomic():
        for (name, _), look in zip(named, found, strict=True):
            _write(treasury_id, name, look, block=block, actor=actor)
    return contract_facts(treasury_id=treasury_id, addresses=addresses)


def _write(
    treasury_id: int, name: str, look: ContractLook, *, block: BlockRef, actor: Actor
) -> None:
    parts = dict(look.parts)
    row, is_new = PinnedContract.objects.select_for_update().get_or_create(
        treasury_id=treasury_id,
        address=look.address,
        defaults={
            "name": name[:60],
            "pinned": parts,
            "found": parts,
            "is_paused": look.is_paused,
            "pinned_block_number": block.number,
            "block_number": block.number,
            "block_hash": block.hash,
        },
    )
    if is_new:
        record_audit(
            actor=actor,
            action="contract.pinned",
            object_type="contract",
            object_id=row.address,
            block=block,
            after={"name": row.name, **parts},
            reason="first seen",
        )
    elif row.block_number <= block.number:
        row.found, row.is_paused = parts, look.is_paused
        row.block_number, row.block_hash = block.number, block.hash
        row.save()


def accept_contracts(
    *,
    treasury_id: int,
    addresses: Sequence[Address],
    by: tuple[str, str],
    actor: Actor,
    block: BlockRef,
) -> int:
    """What was found at the latest look is pinned from now on, in the caller's transaction; how
    many. `by`: public ids of the two people. A pause is no part of a pin."""
    rows = PinnedContract.objects.select_for_update().filter(
        treasury_id=treasury_id, address__in=list(addresses)
    )
    changed = [row for row in rows.order_by("address") if row.pinned != row.found]
    for row in changed:
        before = row.pinned
        row.pinned, row.accepted_by = row.found, list(by)
        row.pinned_block_number = row.block_number
        row.save()
        record_audit(
            actor=actor,
            action="contract.accepted",
            object_type="contract",
            object_id=row.address,
            block=block,
            before=dict(before),
            after={**row.pinned, "accepted_by": list(by)},
        )
    return len(changed)
