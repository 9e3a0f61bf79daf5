"""Every byte of a batch explained, or refused. What people sign is shown from here, not from the
plan.

Refused: an unknown function, a delegatecall inside, bytes after the arguments, native currency
on a call that takes none, a batch without deadline or evidence, a nesting that is not exactly
one `execTransaction` into a known tier Safe with the main Safe's pre-validated signature.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from execution.core.abi import (
    UndecodableCallError,
    decode_call,
    selector,
    to_address,
    types_of,
)
from execution.core.contracts import (
    ADMINISTRATION,
    APPROVE,
    DEADLINE,
    EXEC_TRANSACTION,
    EXEC_WITH_ROLE,
    IDENTITY,
    MULTISEND_CALL_ONLY,
    SWAP_ROUTER02,
    TRANSFER,
)
from execution.core.multisend import decode_multisend
from execution.core.safe_tx import NO_REFUND, approved_by
from execution.core.types import Call, Operation, Rule, SafeTxFields
from treasury.core.types import Address


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """A function that a batch may call: Solidity signature, names of its (flattened) arguments, and
    the word for what it does."""

    signature: str
    names: tuple[str, ...]
    purpose: str


@dataclass(frozen=True, slots=True)
class DecodedCall:
    """`arguments` are (name, text) pairs; `inner` are the calls of a nested tier Safe."""

    call: Call
    function: str
    arguments: tuple[tuple[str, str], ...]
    inner: tuple[DecodedCall, ...] = ()


@dataclass(frozen=True, slots=True)
class DecodedBatch:
    """`calls` without the frame: the deadline leg is `expires_at`, the evidence leg the digest."""

    expires_at: int
    evidence_digest: str
    calls: tuple[DecodedCall, ...]


FRAME = (
    FunctionSpec(APPROVE, ("spender", "amount"), "approve"),
    FunctionSpec(TRANSFER, ("recipient", "amount"), "transfer"),
)


class BatchDecoder:
    """Explains batches of one treasury: its venues' functions, its main Safe, its tier Safes."""

    def __init__(
        self,
        functions: Iterable[FunctionSpec],
        *,
        main_safe: Address,
        tier_safes: frozenset[Address],
    ) -> None:
        self._functions: Mapping[bytes, FunctionSpec] = {
            selector(spec.signature): spec for spec in (*FRAME, *functions)
        }
        self._main_safe = main_safe
        self._tier_safes = tier_safes

    def safe_transaction(self, fields: SafeTxFields) -> DecodedBatch:
        """The batch behind the ten fields: direct, or by a role (operator Safe)."""
        if fields.value:
            raise UndecodableCallError("a batch does not carry native currency", Rule.OPERATION)
        if fields.operation is Operation.DELEGATECALL:
            if fields.to != MULTISEND_CALL_ONLY:
                raise UndecodableCallError(f"delegatecall to {fields.to}", Rule.OPERATION)
            return self.batch(fields.data, nests=fields.safe == self._main_safe)
        if fields.to == fields.safe:
            raise _own_call(fields.to, fields.data)
        return self.role_call(fields.data)

    def role_call(self, data: bytes) -> DecodedBatch:
        to, value, inner, operation, _, reverts = decode_call(EXEC_WITH_ROLE, data)
        if (to_address(to), value, operation) != (MULTISEND_CALL_ONLY, 0, Operation.DELEGATECALL):
            raise UndecodableCallError("a role call that is not a batch", Rule.OPERATION)
        if not reverts:
            raise UndecodableCallError("a role call that may fail silently", Rule.OPERATION)
        return self.batch(inner, nests=False)

    def batch(self, data: bytes, *, nests: bool) -> DecodedBatch:
        calls = decode_multisend(data)
        if len(calls) < 3:
            raise UndecodableCallError(
                "a batch needs a deadline, a call and its evidence", Rule.DEADLINE
            )
        inner = tuple(self._explain(call, nests=nests) for call in calls[1:-1])
        return DecodedBatch(_deadline(calls[0]), _evidence(calls[-1]), inner)

    def calls(self, data: bytes) -> tuple[Call, ...]:
        """The whole batch as calls with their purposes: the inverse of encoding a plan's batch."""
        raw = decode_multisend(data)
        _deadline(raw[0])
        _evidence(raw[-1])
        middle = (self._explain(call, nests=False).call for call in raw[1:-1])
        return (
            replace(raw[0], purpose="deadline"),
            *middle,
            replace(raw[-1], purpose="evidence"),
        )

    def _explain(self, call: Call, *, nests: bool) -> DecodedCall:
        if call.value:
            raise UndecodableCallError(f"{call.value} wei to {call.to}", Rule.TARGET)
        if call.to in self._tier_safes or call.to == self._main_safe:
            is_exec = call.data[:4] == selector(EXEC_TRANSACTION)
            if nests and is_exec and call.to in self._tier_safes:
                return self._nested(call)
            raise _own_call(call.to, call.data)
        spec = self._functions.get(call.data[:4])
        if spec is None:
            raise _unknown(call)
        values = _flat(decode_call(spec.signature, call.data), spec)
        return DecodedCall(replace(call, purpose=spec.purpose), spec.signature, values)

    def _nested(self, call: Call) -> DecodedCall:
        arguments = decode_call(EXEC_TRANSACTION, call.data)
        to, value, data, operation = arguments[:4]
        if (to_address(to), value, operation) != (MULTISEND_CALL_ONLY, 0, Operation.DELEGATECALL):
            raise UndecodableCallError("a nested call that is not a batch", Rule.OPERATION)
        if tuple(arguments[4:9]) != NO_REFUND:
            raise UndecodableCallError("a nested call that pays for its gas", Rule.NESTING)
        if arguments[9] != approved_by(self._main_safe):
            raise UndecodableCallError(
                "a nested call with another signature than the main Safe's", Rule.NESTING
            )
        inner = self.batch(data, nests=False)
        return DecodedCall(
            replace(call, purpose="nested"),
            EXEC_TRANSACTION,
            (("expires_at", str(inner.expires_at)), ("evidence", inner.evidence_digest)),
            inner.calls,
        )


def _own_call(safe: Address, data: bytes) -> UndecodableCallError:
    """Whatever a Safe calls of itself or of its sisters is refused; administration by its name."""
    for signature in ADMINISTRATION:
        if data[:4] == selector(signature):
            name = signature.partition("(")[0]
            return UndecodableCallError(f"{name} of the Safe {safe}", Rule.ADMINISTRATION)
    return UndecodableCallError(f"a call of the Safe {safe} itself", Rule.NESTING)


def _unknown(call: Call) -> UndecodableCallError:
    if call.data[:4] == selector(EXEC_TRANSACTION):
        return UndecodableCallError(f"execTransaction of the unknown Safe {call.to}", Rule.NESTING)
    name = call.data[:4].hex()
    return UndecodableCallError(f"unknown function 0x{name} of {call.to}", Rule.SELECTOR)


def _deadline(call: Call) -> int:
    if call.to != SWAP_ROUTER02 or call.value:
        raise UndecodableCallError("the first call is not the deadline", Rule.DEADLINE)
    expires_at, inner = decode_call(DEADLINE, call.data)
    if inner:
        raise UndecodableCallError("calls hidden in the deadline leg", Rule.DEADLINE)
    return int(expires_at)


def _evidence(call: Call) -> str:
    if call.to != IDENTITY or call.value or len(call.data) != 32:
        raise UndecodableCallError("the last call is not the evidence", Rule.EVIDENCE)
    return call.data.hex()


def _flat(arguments: Sequence[object], spec: FunctionSpec) -> tuple[tuple[str, str], ...]:
    values: list[str] = []
    for kind, argument in zip(types_of(spec.signature), arguments, strict=True):
        if kind.startswith("(") and isinstance(argument, tuple):
            kinds = types_of(f"tuple{kind}")
            values.extend(_text(k, a) for k, a in zip(kinds, argument, strict=True))
        else:
            values.append(_text(kind, argument))
    return tuple(zip(spec.names, values, strict=True))


def _text(kind: str, value: object) -> str:
    if kind == "address" and isinstance(value, str):
        return to_address(value)
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
