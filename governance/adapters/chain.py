"""The two things that governance itself asks a node: what time it is, and who owns a Safe."""

from __future__ import annotations

from treasury.adapters.rpc import Rpc, checksum
from treasury.core.types import Address, BlockRef

GET_OWNERS = bytes.fromhex("a0e67e2b")
WORD = 32


class UnexpectedAnswerError(RuntimeError):
    """The address does not answer like a Safe."""


def head_block(rpc_url: str) -> BlockRef:
    with Rpc(rpc_url) as rpc:
        return rpc.block()


def safe_owners(
    *, safe: Address, rpc_url: str, block: BlockRef | None = None
) -> frozenset[Address]:
    with Rpc(rpc_url) as rpc:
        answer = rpc.eth_call(safe, GET_OWNERS, block=block)
    words = [answer[start : start + WORD] for start in range(0, len(answer), WORD)]
    if len(words) < 2 or int.from_bytes(words[1]) != len(words) - 2:
        raise UnexpectedAnswerError(f"{safe} does not answer like a Safe")
    return frozenset(checksum("0x" + word[12:].hex()) for word in words[2:])
