"""Who can still sign a Safe transaction, and what exactly their wallet is to be asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from execution.adapters import safe
from execution.adapters.owner_safes import Roster
from execution.core.safe_tx import safe_tx_hash
from execution.core.signing import typed_data
from execution.core.types import SafeTxFields
from execution.models import SafeTransaction
from execution.selectors.plans import fields_of
from execution.selectors.transactions import Given
from execution.services.confirming import ConfirmationRefusedError, require_signable
from execution.services.signatures.rosters import read_rosters
from treasury.core.types import Address, BlockRef


@dataclass(frozen=True, slots=True)
class SigningRequest:
    """One signature that is wanted: `signer` signs `typed_data` (EIP-712, ready for JSON) for
    `owner`. They are the same unless `is_member`: then the owner is a Safe and the signer one of
    its members. `digest` (0x-hex) is what the wallet must show and sign."""

    owner: Address
    signer: Address
    is_member: bool
    typed_data: dict[str, Any]
    digest: str


def open_requests(
    row: SafeTransaction, *, given: Sequence[Given], block: BlockRef, rpc_url: str
) -> tuple[SigningRequest, ...]:
    """Every signature that is wanted still, whoever gives it; empty when none is. `given` is what
    is stored (`given_for`): who has signed is as last judged. The executor, an owner of the
    operator Safe, is never asked: it signs when it submits. Asks the database nothing when `row`
    knows its plan and its Safe's treasury."""
    try:
        require_signable(row, block)
    except ConfirmationRefusedError:
        return ()
    fields = fields_of(row)
    roster = read_rosters(safes=[fields.safe], block=block, rpc_url=rpc_url)[fields.safe]
    if roster.state.nonce > fields.nonce:
        return ()
    own = [one for one in given if one.safe_transaction_id == row.pk]
    done = _confirmed(row, own)
    found: list[SigningRequest] = []
    for owner in roster.state.owners:
        if owner in done:
            continue
        if roster.owner_safe(owner) is None:
            found.append(_of_owner(fields, owner))
        else:
            found.extend(_of_members(own, fields, roster, owner))
    return tuple(found)


def _confirmed(row: SafeTransaction, given: Sequence[Given]) -> frozenset[str]:
    signs_later = {row.safe.treasury.executor_address} if row.safe.kind == "OPERATOR" else set()
    return frozenset(one.owner for one in given if one.is_valid and not one.member) | signs_later


def _of_owner(fields: SafeTxFields, owner: Address) -> SigningRequest:
    return SigningRequest(owner, owner, False, typed_data.of_safe_tx(fields), safe_tx_hash(fields))


def _of_members(
    given: Sequence[Given], fields: SafeTxFields, roster: Roster, owner: Address
) -> list[SigningRequest]:
    message = safe.message_for_owner(fields, owner, roster.state.version)
    signed = frozenset(one.member for one in given if one.owner == owner)
    owner_safe = roster.owner_safe(owner)
    members = owner_safe.members if owner_safe else ()
    return [
        SigningRequest(owner, member, True, typed_data.of_safe_message(message), message.digest)
        for member in members
        if member not in signed
    ]
