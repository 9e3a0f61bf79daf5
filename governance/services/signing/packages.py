"""Everything that is needed to go on without this server (O3): the ten fields and hashes, each
owner's signature, the packed blob, ready calldata, and the guardians' command.

Computed from the stored bytes at each call; nothing in it is a secret. What the executor alone can
sign (the operator Safe's second signature) is not in it, and that is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from execution.core.abi import encode_call
from execution.core.contracts import ASSIGN_ROLES, EXEC_WITH_ROLE, GUARDIAN_KEY
from execution.core.safe_tx import exec_transaction
from execution.core.types import Mechanism, Operation
from execution.selectors.plans import fields_of, plan_value
from execution.selectors.transactions import rejection_of, safe_transaction_by_id
from execution.selectors.treasuries import treasury_view
from execution.services.confirming import packed_signatures
from governance.models import Proposal
from governance.selectors.people import names_of_wallets
from governance.selectors.proposals import plan_of, proposal_by_id
from governance.selectors.verification import signed_fields
from treasury.core.types import Address, BlockRef

if TYPE_CHECKING:
    from execution.models import SafeTransaction

USE = (
    "Compare the hashes with your own tools before you use anything of this.",
    "The calldata goes to the Safe, sent by anybody: it carries the owners' signatures.",
    "After `expires_at` (Unix seconds, block time) the batch reverts, whoever sends it.",
)


def package(*, proposal_id: int, block: BlockRef, rpc_url: str) -> dict[str, Any]:
    """Ready for JSON. `calldata` and `command` are null until the threshold is reached at `block`;
    `missing` then says why."""
    proposal = proposal_by_id(proposal_id)
    plan = plan_value(plan_of(proposal))
    signed = proposal.safe_transaction_id
    rejection = rejection_of(signed) if signed is not None else None
    return {
        "object": "package",
        "proposal": proposal.public_id,
        "chain_id": plan.chain_id,
        "plan_digest": plan_of(proposal).digest,
        "mechanism": plan.mechanism.value,
        "expires_at": plan.expires_at,
        "block": {"number": block.number, "hash": block.hash, "timestamp": block.timestamp},
        "safe_transaction": _transaction(signed, plan.mechanism, block, rpc_url),
        "rejection": _transaction(
            rejection.pk if rejection else None, plan.mechanism, block, rpc_url
        ),
        "guardian": _guardian(proposal),
        "how_to_use": list(USE),
    }


def _transaction(
    safe_transaction_id: int | None, mechanism: Mechanism, block: BlockRef, rpc_url: str
) -> dict[str, Any] | None:
    if safe_transaction_id is None:
        return None
    row = safe_transaction_by_id(safe_transaction_id)
    fields = fields_of(row)
    blob = packed_signatures(safe_transaction_id=safe_transaction_id, block=block, rpc_url=rpc_url)
    calldata = "0x" + exec_transaction(fields, blob).hex() if blob else None
    missing = "" if blob else "the threshold is not reached"
    if not blob and mechanism is Mechanism.ROLES:
        missing = "the executor's signature, which it gives when it submits"
    return signed_fields(row) | {
        "signatures": _signatures(row),
        "packed_signatures": "0x" + blob.hex() if blob else None,
        "calldata": calldata,
        "command": f"cast send {fields.safe} {calldata} --rpc-url $RPC" if calldata else None,
        "missing": missing,
    }


def _signatures(row: SafeTransaction) -> list[dict[str, Any]]:
    found = list(row.confirmations.order_by("id"))
    names = names_of_wallets(item.owner for item in found)
    return [
        {
            "owner": item.owner,
            "name": names.get(item.owner),
            "kind": item.kind,
            "counts": item.is_valid,
            "signature": "0x" + bytes(item.signature).hex(),
        }
        for item in found
    ]


def _guardian(proposal: Proposal) -> dict[str, Any] | None:
    """How any one owner takes the role from whoever holds it in this tier, without this server.
    None where no role can act in the tier or the main Safe has no modifier."""
    tier = proposal.tier
    view = treasury_view(tier)
    guards = view.safes[view.main_safe].modifier_address
    held = tier.safe.modifier_address
    if not guards or not held or not tier.member_address or not tier.role_key:
        return None
    role = bytes.fromhex(tier.role_key.removeprefix("0x"))
    removal = encode_call(ASSIGN_ROLES, Address(tier.member_address), [role], [False])
    calldata = encode_call(
        EXEC_WITH_ROLE, Address(held), 0, removal, int(Operation.CALL), GUARDIAN_KEY, True
    )
    return {
        "to": guards,
        "removes": tier.member_address,
        "calldata": "0x" + calldata.hex(),
        "command": f"cast send {guards} 0x{calldata.hex()} --rpc-url $RPC",
        "who": "any owner of the main Safe who holds the role GUARDIAN, with their own wallet",
    }
