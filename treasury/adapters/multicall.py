"""Many view calls in one: Multicall3's `aggregate3`, encoded by hand.

`aggregate3` answers all of them from one block, and one request carries them all. Contract objects
of web3.py need ten times as long as the node; the layout is fixed, so it is written down here
(local-chain reference, section 10). Not done: calls that carry value, chains without Multicall3 at
its usual address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from treasury.adapters.rpc import Request, Rpc, RpcUnavailableError, block_tag
from treasury.core.types import Address, BlockRef

MULTICALL3 = Address("0xcA11bde05977b3631167028862bE2a173976CA11")
AGGREGATE3 = bytes.fromhex("82ad56cb")  # aggregate3((address,bool,bytes)[])
CALLS_PER_CHUNK = 500
"""A balance costs about 6,300 gas here, so a chunk stays under 4 million; nodes cap a call at 10
to 50."""

WORD = 32


@dataclass(frozen=True, slots=True)
class ContractCall:
    """One view call; it may fail without failing the others."""

    to: Address
    data: bytes


def requests_for(calls: Sequence[ContractCall], *, block: BlockRef | None) -> list[Request]:
    """The `eth_call`s that carry the calls, one per chunk, all pinned to the block."""
    return [
        Request(
            "eth_call",
            ({"to": MULTICALL3, "data": "0x" + _encode(chunk).hex()}, block_tag(block)),
        )
        for chunk in _chunks(calls)
    ]


def answers_from(calls: Sequence[ContractCall], results: Sequence[str]) -> list[bytes | None]:
    """Return data per call in order, None where the call failed."""
    answers: list[bytes | None] = []
    for chunk, result in zip(_chunks(calls), results, strict=True):
        decoded = _decode(bytes.fromhex(result[2:]))
        if len(decoded) != len(chunk):
            raise RpcUnavailableError(f"{len(chunk)} calls, but {len(decoded)} answers")
        answers.extend(decoded)
    return answers


def multicall(
    rpc: Rpc, calls: Sequence[ContractCall], *, block: BlockRef | None
) -> list[bytes | None]:
    """All calls at one block in one round trip."""
    return answers_from(calls, rpc.batch(requests_for(calls, block=block)))


def word(data: bytes | None, index: int = 0) -> int | None:
    """The unsigned word at a place of return data; None when the call failed or said too
    little."""
    if data is None or len(data) < (index + 1) * WORD:
        return None
    return int.from_bytes(data[index * WORD : (index + 1) * WORD])


def signed_word(data: bytes | None, index: int = 0) -> int | None:
    value = word(data, index)
    return None if value is None else value - (value >> 255 << 256)


def text(data: bytes | None) -> str | None:
    """An ABI `string`, or the `bytes32` that tokens of the first years return instead."""
    if data is None or len(data) < WORD:
        return None
    if len(data) == WORD:
        return data.rstrip(b"\0").decode(errors="replace")
    start, length = word(data) or 0, 0
    if start + WORD <= len(data):
        length = int.from_bytes(data[start : start + WORD])
    raw = data[start + WORD : start + WORD + length]
    return raw.decode(errors="replace") if len(raw) == length else None


def address_word(address: Address) -> bytes:
    return bytes.fromhex(address[2:]).rjust(WORD, b"\0")


def uint_word(value: int) -> bytes:
    return value.to_bytes(WORD)


def _chunks(calls: Sequence[ContractCall]) -> list[Sequence[ContractCall]]:
    return [calls[i : i + CALLS_PER_CHUNK] for i in range(0, len(calls), CALLS_PER_CHUNK)]


def _encode(calls: Sequence[ContractCall]) -> bytes:
    """Selector, offset of the array, its length, an offset per call, then the calls."""
    heads, bodies = [], []
    position = len(calls) * WORD
    for call in calls:
        padded = call.data.ljust(-(-len(call.data) // WORD) * WORD, b"\0")
        body = (
            address_word(call.to)
            + uint_word(1)  # allowFailure
            + uint_word(3 * WORD)
            + uint_word(len(call.data))
            + padded
        )
        heads.append(uint_word(position))
        bodies.append(body)
        position += len(body)
    return b"".join([AGGREGATE3, uint_word(WORD), uint_word(len(calls)), *heads, *bodies])


def _decode(data: bytes) -> list[bytes | None]:
    """(bool success, bytes returnData)[]; offsets count from behind the array's length."""
    count = word(data, 1)
    if count is None or len(data) < (2 + count) * WORD:
        raise RpcUnavailableError("Multicall3 did not answer: is it at its usual address?")
    start = 2 * WORD
    answers: list[bytes | None] = []
    for index in range(count):
        place = start + int.from_bytes(data[start + index * WORD : start + (index + 1) * WORD])
        succeeded = int.from_bytes(data[place : place + WORD]) == 1
        length = int.from_bytes(data[place + 2 * WORD : place + 3 * WORD])
        content = data[place + 3 * WORD : place + 3 * WORD + length]
        if len(content) != length:
            raise RpcUnavailableError("Multicall3's answer is cut off")
        answers.append(content if succeeded else None)
    return answers
