"""Verification exports as the service writes them, whole or forged without a contradiction.

A forger who owns the server states hashes, calls and evidence that all agree with each other, so
a rule of the verifier is tested only by an export in which nothing else is wrong.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from execution.adapters.venues.erc4626 import Erc4626
from execution.adapters.venues.registry import VENUES, functions
from execution.core import planning
from execution.core.abi import encode_call, to_address
from execution.core.contracts import (
    EXEC_TRANSACTION,
    EXEC_WITH_ROLE,
    MULTI_SEND,
    MULTISEND_CALL_ONLY,
)
from execution.core.decoding import BatchDecoder
from execution.core.safe_tx import NO_REFUND, approved_by, domain_separator, message_hash
from execution.core.safe_tx import safe_tx_hash as hash_of
from execution.core.types import (
    Call,
    ExecutionPlan,
    Leg,
    LegKind,
    Market,
    Mechanism,
    Operation,
    Quote,
    SafeTxFields,
)
from execution.selectors.conformity import PlanFindings
from governance.selectors import verification
from governance.selectors.conformity import Found
from treasury.core.canonical import canonical_bytes, digest, plain
from treasury.core.types import Address, BlockRef, CostEstimate

SCRIPTS = Path(__file__).resolve().parents[3] / "docs" / "verify"
POLICY_FILE = SCRIPTS / "example-policy.json"
POLICY: dict[str, Any] = json.loads(POLICY_FILE.read_text())

MAIN = to_address(POLICY["main_safe"])
TIER = to_address(POLICY["tier_safes"][0])
OPERATOR = to_address(POLICY["operator_safes"][0])
MODIFIER, ROLE = next((to_address(key), row) for key, row in POLICY["modifiers"].items())
USDC, WETH, VAULT = (to_address(token) for token in POLICY["tokens"])
ROUTER = to_address(POLICY["markets"][0]["router"])
EVIL = to_address("0x" + "66" * 20)
BLOCK = BlockRef(7, "0x" + "07" * 32, 1_700_000_000)
UNTIL = int(time.time()) + 3_600
NONCES = {MAIN: 7, TIER: 3, OPERATOR: 5}
KINDS = ("main", "nested", "role")
REASONS: dict[str, Any] = {
    "chain_id": POLICY["chain_id"],
    "tier": "treasury/core",
    "policy": {"number": 4, "hash": POLICY["policy_hashes"][0]},
    "trigger": "HYBRID",
}


def script(name: str) -> ModuleType:
    """A single-file program of docs/verify as a module."""
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


VERIFIER = script("verify_safe_tx")


# ------------------------------------------------------------------------------------ plans
def acting(kind: str) -> Address:
    return MAIN if kind == "main" else TIER


def leg(index: int, safe: Address, kind: LegKind, sell: Address, buy: Address, units: int) -> Leg:
    """The calls are those of the venue itself."""
    own = Erc4626.key if VAULT in (sell, buy) else "uniswap_v3"
    venue = "transfer" if kind is LegKind.TRANSFER else own
    recipient = {MAIN: TIER, TIER: MAIN}[safe] if venue == "transfer" else safe
    given = {"fee": "500", "vault": VAULT, "recipient": recipient}
    market = Market(venue, sell, buy, tuple(given.items()))
    least = units if venue != "uniswap_v3" else units * 10**12 // 4_000
    quote = Quote(venue, market, sell, buy, units, least, Decimal(5), 100_000, BLOCK)
    calls = VENUES[venue].calls(quote, recipient=recipient, min_buy_units=least, deadline=UNTIL)
    return Leg(
        index=index,
        kind=kind,
        venue=venue,
        safe=safe,
        recipient=recipient,
        sell=sell,
        buy=buy,
        sell_units=units,
        expected_buy_units=least,
        min_buy_units=least,
        value_usd=Decimal("1.5"),
        cost=CostEstimate(),
        calls=calls,
    )


def legs_of(kind: str) -> tuple[Leg, ...]:
    safe = acting(kind)
    return (
        leg(0, safe, LegKind.SWAP, USDC, WETH, 100_000_000_000),
        leg(1, safe, LegKind.DEPOSIT, USDC, VAULT, 1_500_000),
        leg(2, safe, LegKind.WITHDRAW, VAULT, USDC, 10**18),
        leg(3, safe, LegKind.TRANSFER, USDC, USDC, 25_000_000),
    )


def plan_of(kind: str) -> tuple[ExecutionPlan, str]:
    """The plan with its evidence text."""
    legs, by_role = legs_of(kind), kind == "role"
    text = planning.evidence(REASONS, legs, ())
    evidence = sha256(text.encode()).hexdigest()
    plan = ExecutionPlan(
        chain_id=POLICY["chain_id"],
        mechanism=Mechanism.ROLES if by_role else Mechanism.SAFE,
        main_safe=MAIN,
        acting_safe=acting(kind),
        modifier=MODIFIER if by_role else None,
        role_key=ROLE["role_key"] if by_role else "",
        member=OPERATOR if by_role else None,
        member_is_safe=by_role,
        expires_at=UNTIL,
        legs=legs,
        batch=planning.batch(legs, UNTIL, evidence),
        evidence_digest=evidence,
        block=BLOCK,
    )
    return plan, text


def real_export(kind: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What `GET /proposals/{id}/verification` answers; only the rows are made up."""
    plan, text = plan_of(kind)
    signing = planning.signing_safe(plan)
    assert signing is not None
    signed = row_of(planning.safe_tx_fields(plan, NONCES[signing]))
    batch = decoder().safe_transaction(planning.safe_tx_fields(plan, NONCES[signing]))
    nested = [row_of(planning.nested_fields(plan, NONCES[TIER]))] if kind == "nested" else []
    row = SimpleNamespace(
        pk=1,
        digest=digest(plan),
        mechanism=plan.mechanism.value,
        evidence=text,
        simulation={"ok": True, "changes": []},
    )
    fakes: dict[str, Any] = {
        "plan_of": lambda _: row,
        "findings": lambda _: Found((), PlanFindings((), plan, None, batch)),
        "safe_transactions": lambda **_: nested,
        "names_of_wallets": lambda _: {},
        "rejection_of": lambda _: None,
    }
    for name, fake in fakes.items():
        monkeypatch.setattr(verification, name, fake)
    proposal: Any = SimpleNamespace(public_id="prp_1", safe_transaction=signed)
    found: dict[str, Any] = json.loads(json.dumps(verification.verification(proposal)))
    return found


def decoder() -> BatchDecoder:
    return BatchDecoder(functions(), main_safe=MAIN, tier_safes=frozenset({TIER}))


def row_of(fields: SafeTxFields) -> SimpleNamespace:
    return SimpleNamespace(
        pk=1,
        chain_id=fields.chain_id,
        safe=SimpleNamespace(address=fields.safe),
        to=fields.to,
        value=fields.value,
        data=fields.data,
        operation=int(fields.operation),
        nonce=fields.nonce,
        safe_tx_hash=hash_of(fields),
        status="ACTIVE",
        parent_id=1,
        confirmations=SimpleNamespace(order_by=lambda _: []),
    )


# ------------------------------------------------------------------------------------ forgeries
def middle_of(kind: str) -> list[Call]:
    return [call for one in legs_of(kind) for call in one.calls]


def packed(calls: Sequence[Call], operation: int = 0) -> bytes:
    """A MultiSend batch whose third call has that operation."""
    whole = b"".join(
        bytes([operation if index == 2 else 0])
        + bytes.fromhex(call.to[2:])
        + call.value.to_bytes(32, "big")
        + len(call.data).to_bytes(32, "big")
        + call.data
        for index, call in enumerate(calls)
    )
    return encode_call(MULTI_SEND, whole)


def exec_call(batch: bytes, **changes: Any) -> Call:
    """The nested leg; `changes` are arguments of `execTransaction` by name, or `safe`."""
    given: dict[str, Any] = {
        "safe": TIER,
        "to": MULTISEND_CALL_ONLY,
        "value": 0,
        "data": batch,
        "operation": 1,
        "refund": NO_REFUND,
        "signatures": approved_by(MAIN),
        "tail": b"",
    } | changes
    arguments = [given[name] for name in ("to", "value", "data", "operation")]
    encoded = encode_call(EXEC_TRANSACTION, *arguments, *given["refund"], given["signatures"])
    return Call(given["safe"], 0, encoded + given["tail"], "nested")


def forged(
    kind: str = "main",
    *,
    middle: Sequence[Call] | None = None,
    first: Call | None = None,
    last: Call | None = None,
    inner_operation: int = 0,
    nested: dict[str, Any] | None = None,
    role: dict[str, Any] | None = None,
    reasons: dict[str, Any] | None = None,
    until: int = UNTIL,
    tail: bytes = b"",
    **fields: Any,
) -> dict[str, Any]:
    """An export in which everything agrees. Without changes it is the real one, but for display."""
    legs = plain(legs_of(kind))
    if middle is not None:
        legs = [legs[0] | {"calls": plain(list(middle))}]
    calls = middle_of(kind) if middle is None else list(middle)
    text = canonical_bytes({"reasons": reasons or REASONS, "legs": legs, "changes": []}).decode()
    evidence = last or planning.evidence_call(sha256(text.encode()).hexdigest())
    frame = (first or planning.deadline_call(until), evidence)
    inner = packed([frame[0], *calls, frame[1]], inner_operation) + tail
    shown = [_shown(call) for call in calls]
    rows: list[dict[str, Any]] = []
    to, way, data = MULTISEND_CALL_ONLY, Operation.DELEGATECALL, inner
    if kind == "nested":
        wrapped = exec_call(inner, **(nested or {}))
        data = packed([frame[0], wrapped, frame[1]])
        shown = [_shown(wrapped) | {"inner": shown}]
        rows = [
            signed_part(SafeTxFields(POLICY["chain_id"], TIER, to, 0, inner, way, NONCES[TIER]))
        ]
    elif kind == "role":
        to, way, data = MODIFIER, Operation.CALL, role_data(inner, **(role or {}))
    safe = OPERATOR if kind == "role" else MAIN
    whole = SafeTxFields(POLICY["chain_id"], safe, to, 0, data, way, NONCES[safe])
    return {
        "object": "verification",
        "proposal": "prp_1",
        "mechanism": "ROLES" if kind == "role" else "SAFE",
        "plan_digest": "",
        "plan_digest_matches": True,
        "expires_at": until,
        "evidence": {
            "digest": evidence.data.hex(),
            "covers": json.loads(text),
            "text": text,
        },
        "safe_transaction": signed_part(replace(whole, **fields)),
        "nested": rows,
        "rejection": None,
        "calls": shown,
        "legs": [{name: value for name, value in one.items() if name != "calls"} for one in legs],
        "simulation": {"ok": True, "changes": []},
        "confirmations": [],
        "conformity": {"status": "PASS", "violations": []},
    }


def role_data(inner: bytes, **changes: Any) -> bytes:
    given: dict[str, Any] = {
        "to": MULTISEND_CALL_ONLY,
        "value": 0,
        "data": inner,
        "operation": 1,
        "key": bytes.fromhex(ROLE["role_key"][2:]),
        "reverts": True,
    } | changes
    return encode_call(EXEC_WITH_ROLE, *given.values())


def signed_part(fields: SafeTxFields) -> dict[str, Any]:
    row = row_of(fields)
    return {
        "safe": fields.safe,
        "chain_id": fields.chain_id,
        "fields": verification._ten_fields(fields),
        "domain_hash": "0x" + domain_separator(fields.chain_id, fields.safe).hex(),
        "message_hash": "0x" + message_hash(fields).hex(),
        "safe_tx_hash": row.safe_tx_hash,
        "hash_matches": True,
        "status": row.status,
    }


def _shown(call: Call) -> dict[str, Any]:
    return {"to": call.to, "data": "0x" + call.data.hex(), "inner": []}
