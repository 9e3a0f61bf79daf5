"""Everything that decides what a Safe does: singleton, owners, modules, guard, fallback handler.

Slots are read from storage, not asked of the contract: a replaced singleton answers what it likes.
All Safes in one request, the owners that are Safes themselves in a second one, at one block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from execution.adapters.ethereum import AGGREGATE3, CallFailedError, aggregate_results
from execution.adapters.owner_safes import OwnerSafe, owner_safes_of
from execution.core.abi import UndecodableCallError, decode_words, encode_call, keccak, to_address
from execution.core.contracts import MULTICALL3, ZERO
from treasury.adapters.rpc import Request, Rpc, block_tag
from treasury.core.types import Address, BlockRef

SENTINEL: Final = Address("0x0000000000000000000000000000000000000001")
MODULES_MAX: Final = 50
SLOTS: Final = (
    "0x0",
    "0x" + keccak(b"guard_manager.guard.address").hex(),
    "0x" + keccak(b"fallback_manager.handler.address").hex(),
)
"""Singleton, guard, fallback handler."""
QUESTIONS: Final = (
    (encode_call("getOwners()"), ("address[]",)),
    (encode_call("getThreshold()"), ("uint256",)),
    (encode_call("nonce()"), ("uint256",)),
    (encode_call("VERSION()"), ("string",)),
    (
        encode_call("getModulesPaginated(address,uint256)", SENTINEL, MODULES_MAX),
        ("address[]", "address"),
    ),
)
SILENT: Final = (((),), (0,), (0,), ("",), ((), SENTINEL))


@dataclass(frozen=True, slots=True)
class SafeConfiguration:
    """`guard` and `handler` are None where none is set. `has_more_modules` beyond
    `MODULES_MAX`. `is_answering` False: only singleton, guard and handler are known."""

    safe: Address
    owners: tuple[Address, ...]
    owner_safes: tuple[OwnerSafe, ...]
    threshold: int
    nonce: int
    version: str
    modules: tuple[Address, ...]
    has_more_modules: bool
    singleton: Address
    guard: Address | None
    handler: Address | None
    is_answering: bool = True

    def owner_safe(self, owner: Address) -> OwnerSafe | None:
        return next((found for found in self.owner_safes if found.owner == owner), None)


def configurations(
    rpc: Rpc, safes: Sequence[Address], block: BlockRef | None
) -> tuple[SafeConfiguration, ...]:
    """In the order asked for. Raises CallFailedError when one does not answer like a Safe."""
    found = outlines(rpc, safes, block)
    for one in found:
        if not one.is_answering:
            raise CallFailedError(f"{one.safe} does not answer like a Safe")
    owners = sorted({owner for one in found for owner in one.owners})
    nested = owner_safes_of(rpc, owners, block)
    return tuple(_with_members(one, nested) for one in found)


def outlines(
    rpc: Rpc, safes: Sequence[Address], block: BlockRef | None
) -> tuple[SafeConfiguration, ...]:
    """The same without the members of owners that are Safes, in one request. A Safe whose
    singleton was replaced by anything at all is in it too: it must not hide the others."""
    calls = [(safe, True, data) for safe in safes for data, _ in QUESTIONS]
    call = {"to": MULTICALL3, "data": "0x" + encode_call(AGGREGATE3, calls).hex()}
    tag = block_tag(block)
    raw, *slots = rpc.batch(
        [
            Request("eth_call", (call, tag)),
            *(Request("eth_getStorageAt", (safe, slot, tag)) for safe in safes for slot in SLOTS),
        ]
    )
    answers = aggregate_results(bytes.fromhex(raw[2:]))
    found = []
    for index, safe in enumerate(safes):
        own = answers[index * len(QUESTIONS) : (index + 1) * len(QUESTIONS)]
        found.append(_one(safe, own, slots[index * len(SLOTS) : (index + 1) * len(SLOTS)]))
    return tuple(found)


def _one(
    safe: Address, answers: Sequence[tuple[bool, bytes]], slots: Sequence[str]
) -> SafeConfiguration:
    singleton, guard, handler = (to_address("0x" + slot[-40:]) for slot in slots)
    told = _decoded(answers)
    owners, threshold, nonce, version, modules = told or SILENT
    return SafeConfiguration(
        safe=safe,
        owners=tuple(to_address(owner) for owner in owners[0]),
        owner_safes=(),
        threshold=int(threshold[0]),
        nonce=int(nonce[0]),
        version=str(version[0]),
        modules=tuple(to_address(module) for module in modules[0]),
        has_more_modules=to_address(modules[1]) != SENTINEL,
        singleton=singleton,
        guard=None if guard == ZERO else guard,
        handler=None if handler == ZERO else handler,
        is_answering=told is not None,
    )


def _decoded(answers: Sequence[tuple[bool, bytes]]) -> tuple[tuple[Any, ...], ...] | None:
    """None: not the answers of a Safe."""
    if not all(ok and raw for ok, raw in answers):
        return None
    try:
        return tuple(
            decode_words(kinds, raw)
            for (_, kinds), (_, raw) in zip(QUESTIONS, answers, strict=True)
        )
    except UndecodableCallError:
        return None


def _with_members(one: SafeConfiguration, nested: dict[Address, OwnerSafe]) -> SafeConfiguration:
    mine = tuple(nested[owner] for owner in one.owners if owner in nested)
    return replace(one, owner_safes=mine)
