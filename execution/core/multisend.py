"""The one batch format that is signed: `MultiSendCallOnly.multiSend(bytes)`, inner operation
CALL only."""

from __future__ import annotations

from collections.abc import Sequence

from execution.core.abi import UndecodableCallError, decode_call, encode_call, to_address
from execution.core.contracts import MULTI_SEND
from execution.core.types import Call, Operation, Rule

HEAD_BYTES = 1 + 20 + 32 + 32


def encode_multisend(calls: Sequence[Call]) -> bytes:
    """Calldata for MultiSendCallOnly: operation, to, value, length, data of each call."""
    packed = b"".join(
        bytes([Operation.CALL])
        + bytes.fromhex(call.to[2:])
        + call.value.to_bytes(32, "big")
        + len(call.data).to_bytes(32, "big")
        + call.data
        for call in calls
    )
    return encode_call(MULTI_SEND, packed)


def decode_multisend(data: bytes) -> tuple[Call, ...]:
    """The calls, with empty purpose. A delegatecall, a cut or trailing byte, or no call is
    refused."""
    (packed,) = decode_call(MULTI_SEND, data)
    calls, at = [], 0
    while at < len(packed):
        if at + HEAD_BYTES > len(packed):
            raise UndecodableCallError("a batch that ends within a call")
        if packed[at] != Operation.CALL:
            raise UndecodableCallError(
                f"inner operation {packed[at]}: only CALL is allowed", Rule.OPERATION
            )
        length = int.from_bytes(packed[at + 53 : at + HEAD_BYTES], "big")
        end = at + HEAD_BYTES + length
        if end > len(packed):
            raise UndecodableCallError("a batch that ends within a call's data")
        calls.append(
            Call(
                to=to_address(bytes(packed[at + 1 : at + 21])),
                value=int.from_bytes(packed[at + 21 : at + 53], "big"),
                data=bytes(packed[at + HEAD_BYTES : end]),
                purpose="",
            )
        )
        at = end
    if not calls:
        raise UndecodableCallError("an empty batch")
    return tuple(calls)
