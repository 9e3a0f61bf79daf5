"""What a signer compares with tools that are not ours: fields, hashes, decoded calls (G3)."""

from __future__ import annotations

import json
from typing import Any

from execution.core.decoding import DecodedCall
from execution.core.safe_tx import domain_separator, message_hash, safe_tx_hash
from execution.core.types import SafeTxFields
from execution.selectors.plans import fields_of
from execution.selectors.transactions import rejection_of, safe_transactions
from governance.core.conformity import Status
from governance.models import Proposal
from governance.selectors.conformity import findings
from governance.selectors.people import names_of_wallets
from governance.selectors.proposals import plan_of
from treasury.core.canonical import digest, plain

ZERO = "0x" + "0" * 40


def verification(proposal: Proposal) -> dict[str, Any]:
    """Everything is recomputed from the stored bytes on each read; a stored hash that differs is
    said (`hash_matches`), never shown as right. What breaks a rule is said in `conformity`; where
    the bytes cannot be explained at all, `calls` is empty and `expires_at` null. Before signatures
    are asked for there are no ten fields yet."""
    plan_row = plan_of(proposal)
    signed = proposal.safe_transaction
    found = findings(proposal)
    judged = found.findings
    plan, batch = (judged.plan, judged.batch) if judged else (None, None)
    nested = [row for row in safe_transactions(plan_id=plan_row.pk) if row.parent_id is not None]
    return {
        "object": "verification",
        "proposal": proposal.public_id,
        "mechanism": plan_row.mechanism,
        "plan_digest": plan_row.digest,
        "plan_digest_matches": plan is not None and digest(plan) == plan_row.digest,
        "expires_at": batch.expires_at if batch else None,
        "evidence": {
            "digest": batch.evidence_digest if batch else None,
            "covers": _covers(plan_row.evidence),
            "text": plan_row.evidence,
        },
        "safe_transaction": signed_fields(signed) if signed else None,
        "nested": [signed_fields(row) for row in nested],
        "rejection": _rejection(signed) if signed else None,
        "calls": [shown_call(call) for call in batch.calls] if batch else [],
        "legs": [
            {name: value for name, value in plain(leg).items() if name != "calls"}
            for leg in (plan.legs if plan else ())
        ],
        "simulation": plan_row.simulation,
        "confirmations": _confirmations(signed) if signed else [],
        "conformity": {
            "status": (Status.FAIL if found.violations else Status.PASS).value,
            "violations": [
                {"rule": violation.rule.value, "text": violation.text}
                for violation in found.violations
            ],
        },
    }


def _covers(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def signed_fields(row: Any) -> dict[str, Any]:
    """The ten fields as they are stored, and what they hash to."""
    fields = fields_of(row)
    return {
        "safe": fields.safe,
        "chain_id": fields.chain_id,
        "fields": _ten_fields(fields),
        "domain_hash": "0x" + domain_separator(fields.chain_id, fields.safe).hex(),
        "message_hash": "0x" + message_hash(fields).hex(),
        "safe_tx_hash": safe_tx_hash(fields),
        "hash_matches": safe_tx_hash(fields) == row.safe_tx_hash,
        "status": row.status,
    }


def _rejection(rejected: Any) -> dict[str, Any] | None:
    """The empty call at the same nonce, with the owners who signed it, if it was asked for."""
    row = rejection_of(rejected.pk)
    return None if row is None else signed_fields(row) | {"confirmations": _confirmations(row)}


def _ten_fields(fields: SafeTxFields) -> dict[str, Any]:
    """As a wallet shows them; gas and refund are zero by construction."""
    return {
        "to": fields.to,
        "value": str(fields.value),
        "data": "0x" + fields.data.hex(),
        "operation": int(fields.operation),
        "safe_tx_gas": "0",
        "base_gas": "0",
        "gas_price": "0",
        "gas_token": ZERO,
        "refund_receiver": ZERO,
        "nonce": str(fields.nonce),
    }


def shown_call(call: DecodedCall) -> dict[str, Any]:
    return {
        "to": call.call.to,
        "purpose": call.call.purpose,
        "function": call.function,
        "arguments": [{"name": name, "value": value} for name, value in call.arguments],
        "data": "0x" + call.call.data.hex(),
        "inner": [shown_call(inner) for inner in call.inner],
    }


def _confirmations(row: Any) -> list[dict[str, Any]]:
    found = list(row.confirmations.order_by("id"))
    names = names_of_wallets(item.owner for item in found)
    return [
        {
            "owner": item.owner,
            "name": names.get(item.owner),
            "kind": item.kind,
            "is_valid": item.is_valid,
            "invalid_reason": item.invalid_reason,
            "signature": "0x" + bytes(item.signature).hex(),
        }
        for item in found
    ]
