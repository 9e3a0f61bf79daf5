"""Owners' signatures: taken in one by one, judged again at every look, packed for the chain.

A confirmation counts for its owner, never for its bytes: the twin with the other s and a second
signature of the same owner change nothing. What was good may turn bad (owner removed, approval
gone, contract changed its mind), so validity is asked of the chain each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from execution.adapters import ethereum, safe
from execution.adapters.safe import OwnerSignature, SafeState, SignatureShapeError
from execution.core.safe_tx import safe_tx_hash
from execution.core.types import SafeTxFields
from execution.models import Confirmation, SafeTransaction, SafeTransactionStatus
from execution.selectors.plans import fields_of
from execution.selectors.transactions import safe_transaction_by_id
from treasury.adapters.rpc import Rpc
from treasury.core.types import Actor, ActorKind, Address, BlockRef
from treasury.services.crash_points import passage
from treasury.services.record import record_audit

VALIDITY = Actor(ActorKind.SYSTEM, "execution.confirming")
CHEAPEST_FIRST = ("EOA", "ETH_SIGN", "APPROVED_HASH", "CONTRACT")


class ConfirmationRefusedError(RuntimeError):
    """`code`: not_signable, malformed, not_an_owner, wrong_hash, not_approved, contract_refuses,
    nonce_consumed, expired, duplicate_owner, other_kind."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code, self.detail = code, detail


@dataclass(frozen=True, slots=True)
class ConfirmationStatus:
    """At one block. On the operator Safe the executor signs last, when it submits: it is never
    missing, and complete means that nobody else is."""

    threshold: int
    owners: tuple[Address, ...]
    confirmed: tuple[Address, ...]
    missing: tuple[Address, ...]
    is_complete: bool


def add_confirmation(
    *,
    safe_transaction_id: int,
    owner: Address,
    signature: bytes,
    kind: str | None,
    block: BlockRef,
    rpc_url: str,
    actor: Actor,
) -> Confirmation:
    """Store one owner's signature, or refuse it with the reason. The same signature twice (or its
    high-s twin) is one row. An APPROVED_HASH needs no bytes."""
    row = safe_transaction_by_id(safe_transaction_id)
    require_signable(row, block)
    fields = fields_of(row)
    if kind == "APPROVED_HASH" and not signature:
        signature = safe.approval_of(owner)
    signed = _parsed(signature, fields, owner, kind)
    with ethereum.connect(rpc_url) as rpc:
        state = safe.state(rpc, fields.safe, block)
        if state.nonce > row.nonce:
            raise ConfirmationRefusedError("nonce_consumed", f"the Safe is at nonce {state.nonce}")
        refusal = _refusal(rpc, fields, signed, state, block)
    if refusal is not None:
        raise ConfirmationRefusedError(*refusal)
    with transaction.atomic():
        stored, is_new = _store(row, signed)
        if is_new:
            record_audit(
                actor=actor,
                action="safe_transaction.confirmed",
                object_type="safe_transaction",
                object_id=row.public_id,
                block=block,
                after={"owner": owner, "kind": signed.kind, "safe_tx_hash": row.safe_tx_hash},
            )
    passage("confirmation.after")
    return stored


def require_our_hash(
    *, safe_transaction_id: int, owner: Address, signature: bytes, kind: str | None
) -> None:
    """Whether the bytes are this owner's signature of this hash at all. Asks nothing of the chain
    and stores nothing; an approval on the chain has no bytes to judge."""
    row = safe_transaction_by_id(safe_transaction_id)
    if signature and kind != "APPROVED_HASH":
        _parsed(signature, fields_of(row), owner, kind)


def confirmation_status(
    *, safe_transaction_id: int, block: BlockRef, rpc_url: str
) -> ConfirmationStatus:
    """Every stored confirmation judged again at this block; changes of validity are stored."""
    row = safe_transaction_by_id(safe_transaction_id)
    with ethereum.connect(rpc_url) as rpc:
        state, valid = revalidate(rpc, row, block)
    return _status(row, state, [signed.owner for signed in valid])


def packed_signatures(*, safe_transaction_id: int, block: BlockRef, rpc_url: str) -> bytes:
    """The blob for `execTransaction` from exactly `threshold` valid confirmations; empty when there
    are too few. Writes nothing."""
    row = safe_transaction_by_id(safe_transaction_id)
    with ethereum.connect(rpc_url) as rpc:
        state, valid, _ = _look(rpc, row, block)
    return pack_exactly(valid, state, fields_of(row))


def pack_exactly(valid: Sequence[OwnerSignature], state: SafeState, fields: SafeTxFields) -> bytes:
    cheapest = sorted(valid, key=lambda signed: CHEAPEST_FIRST.index(signed.kind))
    chosen = cheapest[: state.threshold]
    return safe.pack(chosen, fields) if len(chosen) == state.threshold else b""


def revalidate(
    rpc: Rpc, row: SafeTransaction, block: BlockRef
) -> tuple[SafeState, tuple[OwnerSignature, ...]]:
    """The confirmations that count now. Reads the chain first, then stores what changed."""
    state, valid, changes = _look(rpc, row, block)
    if changes:
        _store_validity(row, changes, block)
    return state, valid


def _look(
    rpc: Rpc, row: SafeTransaction, block: BlockRef
) -> tuple[SafeState, tuple[OwnerSignature, ...], list[tuple[Confirmation, str]]]:
    """The Safe, the confirmations that count, and those whose validity has changed, with why."""
    fields = fields_of(row)
    state = safe.state(rpc, fields.safe, block)
    stored = list(Confirmation.objects.filter(safe_transaction=row).order_by("id"))
    valid, changes = [], []
    for confirmation in stored:
        signed = OwnerSignature(
            Address(confirmation.owner), confirmation.kind, bytes(confirmation.signature)
        )
        refusal = _refusal_of_stored(rpc, fields, signed, state, block)
        if refusal is None:
            valid.append(signed)
        if confirmation.is_valid != (refusal is None):
            changes.append((confirmation, "" if refusal is None else refusal[1]))
    return state, tuple(valid), changes


def _refusal_of_stored(
    rpc: Rpc, fields: SafeTxFields, signed: OwnerSignature, state: SafeState, block: BlockRef
) -> tuple[str, str] | None:
    """What the row says of its owner is not believed: the bytes say whose they are."""
    try:
        _parsed(signed.signature, fields, signed.owner, signed.kind)
    except ConfirmationRefusedError as refused:
        return refused.code, refused.detail
    return _refusal(rpc, fields, signed, state, block)


def _store_validity(
    row: SafeTransaction, changes: Sequence[tuple[Confirmation, str]], block: BlockRef
) -> None:
    """A signature that stops to count, or counts again, is a fact that people will ask for."""
    with transaction.atomic():
        for confirmation, reason in changes:
            Confirmation.objects.filter(id=confirmation.id).update(
                is_valid=not reason, invalid_reason=reason[:200]
            )
            word = "void" if reason else "restored"
            record_audit(
                actor=VALIDITY,
                action=f"safe_transaction.confirmation_{word}",
                object_type="safe_transaction",
                object_id=row.public_id,
                block=block,
                after={"owner": confirmation.owner, "kind": confirmation.kind},
                reason=reason[:300],
            )


# ------------------------------------------------------------------------------------ judging
def require_signable(row: SafeTransaction, block: BlockRef) -> None:
    if row.parent_id is not None:
        raise ConfirmationRefusedError("not_signable", "nobody signs a nested transaction")
    if row.status != SafeTransactionStatus.ACTIVE:
        raise ConfirmationRefusedError("not_signable", f"it is {row.status}")
    if row.plan.expires_at <= block.timestamp:
        raise ConfirmationRefusedError("expired", "its deadline has passed")


def _parsed(
    signature: bytes, fields: SafeTxFields, owner: Address, kind: str | None
) -> OwnerSignature:
    try:
        signed = safe.parse(signature, fields)
    except SignatureShapeError as error:
        raise ConfirmationRefusedError("malformed", str(error)) from error
    if kind is not None and signed.kind != kind:
        raise ConfirmationRefusedError("other_kind", f"these bytes are {signed.kind}")
    if signed.owner != owner:
        detail = f"the bytes are not {owner}'s signature of this hash (they give {signed.owner})"
        raise ConfirmationRefusedError("wrong_hash", detail)
    return signed


def _refusal(
    rpc: Rpc, fields: SafeTxFields, signed: OwnerSignature, state: SafeState, block: BlockRef
) -> tuple[str, str] | None:
    """(code, detail) why the signature does not count at this block, None when it does."""
    if signed.owner not in state.owners:
        return "not_an_owner", f"{signed.owner} is no owner of {fields.safe}"
    if signed.kind == "APPROVED_HASH":
        tx_hash = safe_tx_hash(fields)
        if not safe.approved_hashes(rpc, fields.safe, [signed.owner], tx_hash, block):
            return "not_approved", f"{signed.owner} has not approved this hash on the chain"
    if signed.kind == "CONTRACT" and not safe.contract_accepts(
        rpc, fields, signed, state.version, block
    ):
        return "contract_refuses", f"{signed.owner} does not accept this signature"
    return None


def _status(
    row: SafeTransaction, state: SafeState, confirmed: Sequence[Address]
) -> ConfirmationStatus:
    executor = Address(row.safe.treasury.executor_address)
    signs_later = {executor} & set(state.owners) if row.safe.kind == "OPERATOR" else set()
    present = set(confirmed) | signs_later
    return ConfirmationStatus(
        threshold=state.threshold,
        owners=state.owners,
        confirmed=tuple(confirmed),
        missing=tuple(owner for owner in state.owners if owner not in present),
        is_complete=len(present) >= state.threshold and bool(confirmed),
    )


def _store(row: SafeTransaction, signed: OwnerSignature) -> tuple[Confirmation, bool]:
    """One row per owner. A confirmation that no longer counts may be replaced by one that does."""
    existing = (
        Confirmation.objects.select_for_update()
        .filter(safe_transaction=row, owner=signed.owner)
        .first()
    )
    if existing is None:
        fresh, is_new = Confirmation.objects.get_or_create(
            safe_transaction=row,
            owner=signed.owner,
            defaults={"kind": signed.kind, "signature": signed.signature},
        )
        return fresh, is_new
    same = bytes(existing.signature) == signed.signature
    if existing.is_valid and not same:
        raise ConfirmationRefusedError("duplicate_owner", f"{signed.owner} has confirmed already")
    if existing.is_valid:
        return existing, False
    existing.kind, existing.signature = signed.kind, signed.signature
    existing.is_valid, existing.invalid_reason = True, ""
    existing.save(update_fields=["kind", "signature", "is_valid", "invalid_reason"])
    return existing, True
