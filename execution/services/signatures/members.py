"""Signatures of the members of an owner that is itself a Safe.

Each is kept once per member and judged again against the owner Safe's members of the block that is
looked at. Enough of them are packed into that owner's one CONTRACT confirmation, which takes the
same way as any other: the owner Safe itself says whether it accepts it.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from django.db import transaction

from execution.adapters import ethereum, owner_safes, safe
from execution.adapters.owner_safes import OwnerSafe, Roster
from execution.adapters.safe import OwnerSignature, SignatureShapeError
from execution.core.signing.typed_data import SafeMessage, contract_signature
from execution.models import Confirmation, MemberConfirmation, SafeTransaction
from execution.selectors.plans import fields_of
from execution.selectors.transactions import safe_transaction_by_id
from execution.services.confirming import (
    ConfirmationRefusedError,
    add_confirmation,
    require_signable,
)
from treasury.adapters.rpc import Rpc
from treasury.core.types import Actor, ActorKind, Address, BlockRef
from treasury.services.crash_points import passage
from treasury.services.record import record_audit

log = structlog.get_logger(__name__)

PACKER = Actor(ActorKind.SYSTEM, "execution.members")


@dataclass(frozen=True, slots=True)
class MemberStatus:
    """Inside one owner Safe, at one block: who of its members signed, and how many are needed."""

    owner: Address
    members: tuple[Address, ...]
    threshold: int
    signed: tuple[Address, ...]


def add_member_confirmation(
    *,
    safe_transaction_id: int,
    owner: Address,
    member: Address,
    signature: bytes,
    kind: str | None,
    block: BlockRef,
    rpc_url: str,
    actor: Actor,
) -> MemberConfirmation:
    """Store one member's signature, or refuse it with the reason; with the last one that the owner
    Safe needs, the owner's own confirmation comes to be. Further codes: not_a_safe, not_a_member,
    too_deep."""
    row = safe_transaction_by_id(safe_transaction_id)
    require_signable(row, block)
    fields = fields_of(row)
    with ethereum.connect(rpc_url) as rpc:
        roster = owner_safes.rosters(rpc, [fields.safe], block)[fields.safe]
        if roster.state.nonce > row.nonce:
            detail = f"the Safe is at nonce {roster.state.nonce}"
            raise ConfirmationRefusedError("nonce_consumed", detail)
        owner_safe = _owner_safe(roster, owner)
        message = safe.message_for_owner(fields, owner, roster.state.version)
        signed = _parsed(signature, message, member, kind)
        refusal = owner_safes.member_refusal(rpc, message, signed, owner_safe, block)
        if refusal is not None:
            raise ConfirmationRefusedError(*refusal)
        stored = _store(rpc, row, message, owner_safe, signed, actor, block)
    passage("confirmation.after")
    settle_members(safe_transaction_id=safe_transaction_id, block=block, rpc_url=rpc_url)
    return stored


def require_our_message(
    *,
    safe_transaction_id: int,
    owner: Address,
    member: Address,
    signature: bytes,
    kind: str | None,
    block: BlockRef,
    rpc_url: str,
) -> None:
    """Whether the bytes are this member's signature of the owner Safe's message at all. Stores
    nothing; an approval on the chain has no bytes to judge."""
    if not signature or kind == "APPROVED_HASH":
        return
    fields = fields_of(safe_transaction_by_id(safe_transaction_id))
    with ethereum.connect(rpc_url) as rpc:
        version = safe.state(rpc, fields.safe, block).version
    _parsed(signature, safe.message_for_owner(fields, owner, version), member, kind)


def settle_members(*, safe_transaction_id: int, block: BlockRef, rpc_url: str) -> None:
    """Give each owner Safe its confirmation as soon as enough of its present members signed; and
    a new one, from those who are left, when the old one stopped to count. Doing it again changes
    nothing."""
    for status in member_statuses(
        safe_transaction_id=safe_transaction_id, block=block, rpc_url=rpc_url
    ):
        if len(status.signed) >= status.threshold:
            _confirm_owner(safe_transaction_id, status, block, rpc_url)


def member_statuses(
    *, safe_transaction_id: int, block: BlockRef, rpc_url: str
) -> tuple[MemberStatus, ...]:
    """For each owner Safe with a member who signed: judged again at this block."""
    row = safe_transaction_by_id(safe_transaction_id)
    if not row.member_confirmations.exists():
        return ()
    with ethereum.connect(rpc_url) as rpc:
        safe_address = Address(row.safe.address)
        roster = owner_safes.rosters(rpc, [safe_address], block)[safe_address]
        return judged(rpc, row, roster, block)


def judged(
    rpc: Rpc, row: SafeTransaction, roster: Roster, block: BlockRef
) -> tuple[MemberStatus, ...]:
    """One status for each owner of the roster that is a Safe. Writes nothing."""
    fields = fields_of(row)
    stored = list(MemberConfirmation.objects.filter(safe_transaction=row).order_by("id"))
    found = []
    for owner_safe in roster.owner_safes:
        message = safe.message_for_owner(fields, owner_safe.owner, roster.state.version)
        signed = [
            Address(item.member)
            for item in stored
            if item.owner == owner_safe.owner
            and not owner_safes.member_refusal(rpc, message, _value(item), owner_safe, block)
        ]
        found.append(
            MemberStatus(owner_safe.owner, owner_safe.members, owner_safe.threshold, tuple(signed))
        )
    return tuple(found)


# ------------------------------------------------------------------------------------ parts
def _owner_safe(roster: Roster, owner: Address) -> OwnerSafe:
    if owner not in roster.state.owners:
        raise ConfirmationRefusedError("not_an_owner", f"{owner} is no owner of {roster.safe}")
    found = roster.owner_safe(owner)
    if found is None:
        raise ConfirmationRefusedError("not_a_safe", f"the owner {owner} is no Safe: no members")
    return found


def _parsed(
    signature: bytes, message: SafeMessage, member: Address, kind: str | None
) -> OwnerSignature:
    if kind == "APPROVED_HASH" and not signature:
        signature = safe.approval_of(member)
    try:
        signed = safe.parse_over(signature, message.preimage)
    except SignatureShapeError as error:
        raise ConfirmationRefusedError("malformed", str(error)) from error
    if kind is not None and signed.kind != kind:
        raise ConfirmationRefusedError("other_kind", f"these bytes are {signed.kind}")
    if signed.owner != member:
        detail = (
            f"the bytes are not {member}'s signature of the message of {message.owner}"
            f" (they give {signed.owner})"
        )
        raise ConfirmationRefusedError("wrong_hash", detail)
    return signed


def _store(
    rpc: Rpc,
    row: SafeTransaction,
    message: SafeMessage,
    owner_safe: OwnerSafe,
    signed: OwnerSignature,
    actor: Actor,
    block: BlockRef,
) -> MemberConfirmation:
    """One row per member. One that no longer counts gives way to one that does."""
    known = MemberConfirmation.objects.filter(
        safe_transaction=row, owner=owner_safe.owner, member=signed.owner
    )
    before = known.first()
    if before is not None and bytes(before.signature) == signed.signature:
        return before
    if before is not None and not owner_safes.member_refusal(
        rpc, message, _value(before), owner_safe, block
    ):
        raise ConfirmationRefusedError("duplicate_owner", f"{signed.owner} has signed already")
    with transaction.atomic():
        stored, is_new = MemberConfirmation.objects.select_for_update().get_or_create(
            safe_transaction=row,
            owner=owner_safe.owner,
            member=signed.owner,
            defaults={"kind": signed.kind, "signature": signed.signature},
        )
        if not is_new:
            stored.kind, stored.signature = signed.kind, signed.signature
            stored.save(update_fields=["kind", "signature"])
        record_audit(
            actor=actor,
            action="safe_transaction.member_confirmed",
            object_type="safe_transaction",
            object_id=row.public_id,
            block=block,
            after={
                "owner": owner_safe.owner,
                "member": signed.owner,
                "kind": signed.kind,
                "safe_tx_hash": row.safe_tx_hash,
            },
        )
    return stored


def _confirm_owner(
    safe_transaction_id: int, status: MemberStatus, block: BlockRef, rpc_url: str
) -> None:
    known = Confirmation.objects.filter(
        safe_transaction_id=safe_transaction_id, owner=status.owner
    ).first()
    packed = contract_signature(status.owner, _inner(safe_transaction_id, status))
    if known is not None and (known.is_valid or bytes(known.signature) == packed):
        return
    try:
        add_confirmation(
            safe_transaction_id=safe_transaction_id,
            owner=status.owner,
            signature=packed,
            kind="CONTRACT",
            block=block,
            rpc_url=rpc_url,
            actor=PACKER,
        )
    except ConfirmationRefusedError as refused:
        # The members did their part; the owner stays missing, and is tried at the next look.
        log.info("owner_not_confirmed", owner=status.owner, reason=str(refused))


def _inner(safe_transaction_id: int, status: MemberStatus) -> bytes:
    """Exactly as many as the owner Safe needs, in ascending order of their addresses."""
    chosen = sorted(status.signed, key=lambda member: int(member, 16))[: status.threshold]
    rows = MemberConfirmation.objects.filter(
        safe_transaction_id=safe_transaction_id, owner=status.owner, member__in=chosen
    )
    by_member = {row.member: bytes(row.signature) for row in rows}
    return b"".join(by_member[member] for member in chosen)


def _value(row: MemberConfirmation) -> OwnerSignature:
    return OwnerSignature(Address(row.member), row.kind, bytes(row.signature))
