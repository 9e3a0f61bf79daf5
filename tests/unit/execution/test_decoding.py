"""Every byte is explained or refused; what was encoded comes back."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.core import planning
from execution.core.abi import UndecodableCallError, decode_call, encode_call
from execution.core.contracts import (
    APPROVE,
    DEADLINE,
    EXEC_TRANSACTION,
    IDENTITY,
    MULTI_SEND,
    MULTISEND_CALL_ONLY,
    SWAP_ROUTER02,
    ZERO,
)
from execution.core.decoding import BatchDecoder
from execution.core.multisend import decode_multisend, encode_multisend
from execution.core.safe_tx import NO_REFUND, approved_by
from execution.core.types import Call, Mechanism, Operation, SafeTxFields
from tests.unit.execution.examples import (
    EXECUTOR,
    FUNCTIONS,
    MAIN,
    MODIFIER,
    TIER,
    USDC,
    addresses,
    plan,
    swap_call,
    units,
)
from treasury.core.types import Address

DECODER = BatchDecoder(FUNCTIONS, main_safe=MAIN, tier_safes=frozenset({TIER}))
calls = st.builds(
    Call, to=addresses, value=units, data=st.binary(max_size=200), purpose=st.just("")
)


@given(st.lists(calls, min_size=1, max_size=6).map(tuple))
def test_a_batch_comes_back_as_it_went_in(batch: tuple[Call, ...]) -> None:
    assert decode_multisend(encode_multisend(batch)) == batch


@given(st.lists(calls, min_size=1, max_size=3).map(tuple), st.data())
def test_no_changed_byte_of_a_batch_decodes_to_the_same(
    batch: tuple[Call, ...], data: st.DataObject
) -> None:
    encoded = bytearray(encode_multisend(batch))
    at = data.draw(st.integers(0, len(encoded) - 1))
    encoded[at] ^= data.draw(st.integers(1, 255))
    with suppress(UndecodableCallError):
        assert decode_multisend(bytes(encoded)) != batch


@given(addresses, units)
def test_a_call_comes_back_and_a_trailing_byte_is_refused(to: Address, amount: int) -> None:
    data = encode_call(APPROVE, to, amount)
    assert decode_call(APPROVE, data) == (to.lower(), amount)
    for bad in (data + b"\0", data[:-1], data[:4], b"\0" * 4 + data[4:]):
        with pytest.raises(UndecodableCallError):
            decode_call(APPROVE, bad)


def test_a_plans_batch_comes_back_with_its_purposes() -> None:
    base = plan()
    assert DECODER.calls(encode_multisend(base.batch)) == base.batch


def test_a_batch_of_the_main_safe_is_explained() -> None:
    shown = DECODER.safe_transaction(planning.safe_tx_fields(plan(), 3))
    assert shown.expires_at == plan().expires_at
    assert shown.evidence_digest == "11" * 32
    assert [call.call.purpose for call in shown.calls] == ["approve", "swap", "approve"]
    assert dict(shown.calls[1].arguments)["recipient"] == MAIN


def test_a_nested_batch_is_explained_one_level_deep() -> None:
    shown = DECODER.safe_transaction(planning.safe_tx_fields(plan(acting=TIER), 3))
    (nested,) = shown.calls
    assert nested.call.to == TIER
    assert [call.call.purpose for call in nested.inner] == ["approve", "swap", "approve"]


def test_a_role_call_is_explained() -> None:
    shown = DECODER.role_call(planning.role_call(plan(acting=TIER, mechanism=Mechanism.ROLES)))
    assert len(shown.calls) == 3


# ------------------------------------------------------------------------------------ refused
def nested_leg(**changes: object) -> Call:
    values: dict[str, object] = {
        "to": MULTISEND_CALL_ONLY,
        "value": 0,
        "data": encode_multisend(plan(acting=TIER).batch),
        "operation": 1,
        "refund": NO_REFUND,
        "signatures": approved_by(MAIN),
    } | changes
    refund = values["refund"]
    assert isinstance(refund, tuple)
    arguments = (values["to"], values["value"], values["data"], values["operation"], *refund)
    return Call(TIER, 0, encode_call(EXEC_TRANSACTION, *arguments, values["signatures"]), "nested")


def framed(*inner: Call) -> bytes:
    return encode_multisend((planning.deadline_call(1), *inner, planning.evidence_call("22" * 32)))


DEEPER = framed(nested_leg())
BAD_CALLS = {
    "unknown function": Call(USDC, 0, b"\xde\xad\xbe\xef", ""),
    "no function": Call(USDC, 0, b"", ""),
    "native currency": replace(swap_call(MAIN), value=1),
    "trailing bytes": replace(swap_call(MAIN), data=swap_call(MAIN).data + b"\0"),
    "the main Safe itself": Call(MAIN, 0, encode_call("enableModule(address)", USDC), ""),
    "the tier Safe itself": Call(TIER, 0, encode_call("enableModule(address)", USDC), ""),
    "foreign signature": nested_leg(signatures=approved_by(EXECUTOR)),
    "gas refund": nested_leg(refund=(0, 0, 1, ZERO, USDC)),
    "safeTxGas": nested_leg(refund=(1, 0, 0, ZERO, ZERO)),
    "nested call, no batch": nested_leg(operation=0),
    "nested delegatecall elsewhere": nested_leg(to=USDC),
    "nested value": nested_leg(value=1),
    "deeper nesting": nested_leg(data=DEEPER),
}


@pytest.mark.parametrize("name", BAD_CALLS)
def test_a_call_that_cannot_be_explained_is_refused(name: str) -> None:
    with pytest.raises(UndecodableCallError):
        DECODER.batch(framed(BAD_CALLS[name]), nests=True)


def test_a_nested_call_is_refused_below_a_tier_safe() -> None:
    assert DECODER.batch(framed(nested_leg()), nests=True)
    with pytest.raises(UndecodableCallError):
        DECODER.batch(framed(nested_leg()), nests=False)


def test_a_hidden_delegatecall_is_refused() -> None:
    (packed,) = decode_call(MULTI_SEND, encode_multisend((swap_call(MAIN),)))
    bad = encode_call(MULTI_SEND, b"\x01" + packed[1:])
    with pytest.raises(UndecodableCallError, match="inner operation 1"):
        decode_multisend(bad)


@pytest.mark.parametrize(
    "batch",
    [
        (swap_call(MAIN), swap_call(MAIN), planning.evidence_call("22" * 32)),
        (planning.deadline_call(1), swap_call(MAIN), swap_call(MAIN)),
        (planning.deadline_call(1), planning.evidence_call("22" * 32)),
        (planning.deadline_call(1), swap_call(MAIN), Call(IDENTITY, 0, b"\x22" * 31, "")),
        (planning.deadline_call(1), swap_call(MAIN), Call(IDENTITY, 1, b"\x22" * 32, "")),
        (
            Call(SWAP_ROUTER02, 0, encode_call(DEADLINE, 1, [b"\x01"]), ""),
            swap_call(MAIN),
            planning.evidence_call("22" * 32),
        ),
    ],
)
def test_a_batch_without_its_frame_is_refused(batch: tuple[Call, ...]) -> None:
    with pytest.raises(UndecodableCallError):
        DECODER.batch(encode_multisend(batch), nests=False)


@pytest.mark.parametrize(
    "change",
    [{"to": USDC}, {"value": 1}, {"operation": Operation.CALL, "to": MODIFIER}],
)
def test_ten_fields_that_are_no_batch_are_refused(change: dict[str, object]) -> None:
    fields: SafeTxFields = replace(planning.safe_tx_fields(plan(), 1), **change)  # type: ignore[arg-type]
    with pytest.raises(UndecodableCallError):
        DECODER.safe_transaction(fields)
