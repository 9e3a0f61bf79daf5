"""A Safe transaction that somebody brings, as JSON: an export of ours or of another tool.

Trusted for its bytes only. A field that is missing or odd is an error that names its place, never
zero. What the document states beside the bytes (hashes, reasons, legs) is compared with them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from execution.core.abi import to_address
from execution.core.conformity import gas_violations
from execution.core.decoding import DecodedBatch, DecodedCall
from execution.core.safe_tx import safe_tx_hash
from execution.core.types import Operation, Rule, SafeTxFields, Violation
from treasury.core.canonical import is_too_deep
from treasury.core.types import Address

FIELDS = (
    *("to", "value", "data", "operation", "safe_tx_gas", "base_gas"),
    *("gas_price", "gas_token", "refund_receiver", "nonce"),
)
NUMBER = re.compile("0|[1-9][0-9]{0,77}", re.ASCII)
UINT256 = 2**256


class ImportDocumentError(ValueError):
    """The document cannot be read. `pointer` says where (RFC 6901)."""

    problem_code = "malformed_import"
    problem_status = 422

    def __init__(self, pointer: str, message: str) -> None:
        super().__init__(f"{pointer or '(document)'}: {message}")
        self.pointer = pointer


@dataclass(frozen=True, slots=True)
class External:
    """`given` are the ten fields as text; `stated_hash` and `evidence` are empty when the document
    says nothing of them. `violations` are those of what it states beside the bytes."""

    fields: SafeTxFields
    given: dict[str, str]
    stated_hash: str
    evidence: str
    violations: tuple[Violation, ...]

    @property
    def hash(self) -> str:
        return safe_tx_hash(self.fields)


def read_external(document: Any) -> External:
    """An export (`GET /proposals/{id}/verification`), or the ten fields with `chain_id` and `safe`.
    Raises ImportDocumentError."""
    whole = _mapping(document, "")
    signed = whole
    if "safe_transaction" in whole:
        signed = _mapping(whole["safe_transaction"], "/safe_transaction")
    base = "/safe_transaction" if signed is not whole else ""
    given = _mapping(signed["fields"], f"{base}/fields") if "fields" in signed else signed
    place = f"{base}/fields" if "fields" in signed else base
    fields = _fields(signed, base, given, place)
    gas = gas_violations(
        safe_tx_gas=_number(given, "safe_tx_gas", place),
        base_gas=_number(given, "base_gas", place),
        gas_price=_number(given, "gas_price", place),
        gas_token=_address(given, "gas_token", place),
        refund_receiver=_address(given, "refund_receiver", place),
    )
    stated = str(signed.get("safe_tx_hash", ""))
    evidence = whole.get("evidence")
    text = str(evidence.get("text", "")) if isinstance(evidence, Mapping) else ""
    lies = [] if stated in ("", safe_tx_hash(fields)) else [_lie(stated)]
    texts = {name: str(given[name]) for name in FIELDS}
    return External(fields, texts, stated, text, (*gas, *lies))


def evidence_violations(
    text: str, batch: DecodedBatch | None, policy_hashes: frozenset[str]
) -> tuple[Violation, ...]:
    """The reasons that came with the bytes: are they those that are signed, do they tell of these
    calls, and of a policy of ours? Nothing is said of a document without reasons."""
    if not text or batch is None:
        return ()
    found = []
    if sha256(text.encode()).hexdigest() != batch.evidence_digest:
        found.append(Violation(Rule.EVIDENCE, "the batch carries another evidence digest"))
    if is_too_deep(text):
        return (*found, Violation(Rule.EVIDENCE, "the reasons are nested too deep"))
    try:
        told = json.loads(text)
        legs = [(c["to"], c["data"]) for leg in told["legs"] for c in leg["calls"]]
        policy = told["reasons"]["policy"]["hash"]
    except (KeyError, TypeError, ValueError):
        return (*found, Violation(Rule.EVIDENCE, "the reasons cannot be read"))
    calls = [(call.call.to, "0x" + call.call.data.hex()) for call in _innermost(batch)]
    if calls != legs:
        found.append(Violation(Rule.PLAN, "a call that is not in the plan that came with it"))
    if policy not in policy_hashes:
        found.append(Violation(Rule.POLICY, "the reasons name no policy of this treasury"))
    return tuple(found)


def _innermost(batch: DecodedBatch) -> list[DecodedCall]:
    return [inner for call in batch.calls for inner in (call.inner or (call,))]


def _lie(stated: str) -> Violation:
    return Violation(Rule.HASH, f"the document states {stated[:66]}, the fields hash to another")


# ------------------------------------------------------------------------------------ reading
def _fields(
    signed: Mapping[str, Any], base: str, given: Mapping[str, Any], place: str
) -> SafeTxFields:
    operation = _number(given, "operation", place)
    if operation not in set(Operation):
        raise ImportDocumentError(f"{place}/operation", "0 (CALL) or 1 (DELEGATECALL)")
    return SafeTxFields(
        chain_id=_number(signed, "chain_id", base),
        safe=_address(signed, "safe", base),
        to=_address(given, "to", place),
        value=_number(given, "value", place),
        data=_bytes(given, "data", place),
        operation=Operation(operation),
        nonce=_number(given, "nonce", place),
    )


def _mapping(value: Any, pointer: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ImportDocumentError(pointer, "an object is wanted here")
    return value


def _need(given: Mapping[str, Any], name: str, place: str) -> Any:
    if given.get(name) is None:
        raise ImportDocumentError(f"{place}/{name}", "missing; it is never taken for zero")
    return given[name]


def _number(given: Mapping[str, Any], name: str, place: str) -> int:
    value = _need(given, name, place)
    text = str(value)
    if type(value) not in (int, str) or not NUMBER.fullmatch(text) or int(text) >= UINT256:
        raise ImportDocumentError(f"{place}/{name}", "a whole number below 2^256, best as text")
    return int(text)


def _address(given: Mapping[str, Any], name: str, place: str) -> Address:
    text = _need(given, name, place)
    if not isinstance(text, str) or not re.fullmatch("0x[0-9a-fA-F]{40}", text):
        raise ImportDocumentError(f"{place}/{name}", "an address: 0x and 40 hex digits")
    address = to_address(text)
    if text not in (address, text.lower()):
        raise ImportDocumentError(f"{place}/{name}", "the checksum of the address is wrong")
    return address


def _bytes(given: Mapping[str, Any], name: str, place: str) -> bytes:
    text = _need(given, name, place)
    if not isinstance(text, str) or not re.fullmatch("0x(?:[0-9a-fA-F]{2})*", text):
        raise ImportDocumentError(f"{place}/{name}", "bytes: 0x and an even number of hex digits")
    return bytes.fromhex(text[2:])
