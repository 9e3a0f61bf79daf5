"""What one signature and one digest cost: both are paid again and again, by design."""

from __future__ import annotations

from collections.abc import Callable

from eth_keys.backends.native.main import NativeECCBackend
from eth_keys.datatypes import Signature
from eth_keys.main import KeyAPI
from eth_typing import Hash32

from config.local.chain.accounts import ACCOUNTS
from execution.adapters import safe
from execution.core.safe_tx import safe_tx_hash
from execution.core.types import Operation, SafeTxFields
from tests.benchmarks.conftest import Report
from tests.benchmarks.figures import TIMING, Table, Timing, figure, timed
from tests.benchmarks.wide_tier import wide_tier
from treasury.core.canonical import canonical_bytes, digest, plain
from treasury.core.decisions import DecisionInputs, decision_digest
from treasury.core.revival import revive
from treasury.core.types import Address
from treasury.engine.decision import decide

RUNS = 15
SIGNATURES = 200
NATIVE_SIGNATURES = 10
OWNER = ACCOUNTS["owner1"]
Signed = list[tuple[SafeTxFields, bytes]]


def test_signature_recovery(report: Report) -> None:
    signed = _signed(SIGNATURES)
    owners = {safe.parse(signature, fields).owner for fields, signature in signed}
    assert owners == {Address(OWNER.address)}
    judged = timed(lambda: [safe.parse(sig, fields) for fields, sig in signed], runs=RUNS)
    bare, native = (_recovery(signed, api) for api in (KeyAPI(), KeyAPI(NativeECCBackend())))
    rows = (
        _row("an owner's signature as the service judges it: hash, recovery, form", judged),
        _row("recovery alone, with coincurve", bare[0], bare[1]),
        _row("recovery alone, were coincurve not installed", native[0], native[1]),
    )
    report("signatures", Table(("what", "per second", "signatures", *TIMING), rows))


def test_canonical_digest(report: Report) -> None:
    inputs = wide_tier((100, -100), all_pairs=True)
    decision = decide(inputs)
    stored = plain(inputs)
    assert revive(DecisionInputs, stored) == inputs
    works: dict[str, tuple[object, Callable[[], object]]] = {
        "digest of the inputs": (inputs, lambda: digest(inputs)),
        "digest of inputs and decision": (
            {"decision": decision, "inputs": inputs},
            lambda: decision_digest(inputs=inputs, decision=decision),
        ),
        "stored inputs back to values, for a replay": (
            inputs,
            lambda: revive(DecisionInputs, stored),
        ),
    }
    rows = tuple(
        (name, f"{len(canonical_bytes(value)):,}", *timed(work, runs=RUNS).cells)
        for name, (value, work) in works.items()
    )
    report("digests", Table(("what", "canonical bytes", *TIMING), rows))


def _signed(count: int) -> Signed:
    """Signatures of one owner over as many Safe transactions."""
    fields = [
        SafeTxFields(
            chain_id=31337,
            safe=Address(ACCOUNTS["stranger"].address),
            nonce=number,
            to=Address(ACCOUNTS["market"].address),
            value=0,
            data=bytes(500),
            operation=Operation.CALL,
        )
        for number in range(count)
    ]
    return [(item, _signature(item)) for item in fields]


def _signature(fields: SafeTxFields) -> bytes:
    return bytes(OWNER.unsafe_sign_hash(Hash32(_raw_hash(fields))).signature)


def _raw_hash(fields: SafeTxFields) -> bytes:
    return bytes.fromhex(safe_tx_hash(fields)[2:])


def _recovery(signed: Signed, api: KeyAPI) -> tuple[Timing, int]:
    native = isinstance(api.backend, NativeECCBackend)
    pairs = [
        (_raw_hash(fields), Signature(sig[:64] + bytes([sig[64] - 27])))
        for fields, sig in signed[: NATIVE_SIGNATURES if native else None]
    ]

    def recover() -> set[str]:
        return {
            api.ecdsa_recover(raw_hash, signature).to_checksum_address()
            for raw_hash, signature in pairs
        }

    assert recover() == {OWNER.address}
    return timed(recover, runs=RUNS), len(pairs)


def _row(what: str, timing: Timing, count: int = SIGNATURES) -> tuple[str, ...]:
    return (what, figure(count / timing.median_ms * 1000), str(count), *timing.cells)
