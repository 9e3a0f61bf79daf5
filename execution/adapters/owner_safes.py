"""Who stands behind a Safe at one block: its owners, and the members of owners that are Safes.

One level only. However many Safes are asked for, it takes two requests: the Safes, then all their
owners together. An owner that does not answer as a Safe does is a key or another contract.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from execution.adapters.ethereum import CHUNK, aggregate_call, aggregate_results
from execution.adapters.safe import OLDEST, OwnerSignature, SafeState, approved_hashes, states
from execution.core.abi import UndecodableCallError, decode_words, encode_call, to_address
from execution.core.contracts import MULTICALL3
from execution.core.signing.typed_data import SafeMessage
from treasury.adapters.rpc import Rpc
from treasury.core.types import Address, BlockRef

QUESTIONS = (
    (encode_call("getOwners()"), "address[]"),
    (encode_call("getThreshold()"), "uint256"),
    (encode_call("VERSION()"), "string"),
)


@dataclass(frozen=True, slots=True)
class OwnerSafe:
    """An owner that is itself a Safe: `threshold` of its `members` sign for it."""

    owner: Address
    members: tuple[Address, ...]
    threshold: int


@dataclass(frozen=True, slots=True)
class Roster:
    """One Safe with everybody who can sign for it, at one block."""

    safe: Address
    state: SafeState
    owner_safes: tuple[OwnerSafe, ...]

    def owner_safe(self, owner: Address) -> OwnerSafe | None:
        return next((found for found in self.owner_safes if found.owner == owner), None)

    @property
    def members(self) -> frozenset[Address]:
        return frozenset(member for owner in self.owner_safes for member in owner.members)


def rosters(rpc: Rpc, safes: Sequence[Address], block: BlockRef | None) -> dict[Address, Roster]:
    found = states(rpc, safes, block)
    owners = sorted({owner for state in found.values() for owner in state.owners})
    nested = owner_safes_of(rpc, owners, block)
    return {
        safe: Roster(safe, state, tuple(nested[owner] for owner in state.owners if owner in nested))
        for safe, state in found.items()
    }


def owner_safes_of(
    rpc: Rpc, owners: Sequence[Address], block: BlockRef | None
) -> dict[Address, OwnerSafe]:
    reads = [(owner, data) for owner in owners for data, _ in QUESTIONS]
    answers: list[tuple[bool, bytes]] = []
    for start in range(0, len(reads), CHUNK):
        data = aggregate_call(reads[start : start + CHUNK])
        answers.extend(aggregate_results(rpc.eth_call(MULTICALL3, data, block=block)))
    found = {}
    for index, owner in enumerate(owners):
        own = answers[index * len(QUESTIONS) : (index + 1) * len(QUESTIONS)]
        owner_safe = _as_safe(owner, own)
        if owner_safe is not None:
            found[owner] = owner_safe
    return found


def _as_safe(owner: Address, answers: Sequence[tuple[bool, bytes]]) -> OwnerSafe | None:
    """None unless all three answers are those of a Safe that binds its chain id."""
    if not all(ok and raw for ok, raw in answers):
        return None
    try:
        members, threshold, version = (
            decode_words([kind], raw)[0]
            for (_, kind), (_, raw) in zip(QUESTIONS, answers, strict=True)
        )
        if Version(str(version).partition("+")[0]) < OLDEST:
            return None
    except (UndecodableCallError, InvalidVersion):
        return None
    if not 0 < int(threshold) <= len(members):
        return None
    return OwnerSafe(owner, tuple(to_address(member) for member in members), int(threshold))


def member_refusal(
    rpc: Rpc,
    message: SafeMessage,
    signed: OwnerSignature,
    owner_safe: OwnerSafe,
    block: BlockRef | None,
) -> tuple[str, str] | None:
    """(code, detail) why a member's signature does not count at this block, None when it does."""
    member = signed.owner
    if member not in owner_safe.members:
        return "not_a_member", f"{member} is no owner of the Safe {owner_safe.owner}"
    if signed.kind == "CONTRACT":
        return "too_deep", f"{member} is itself a contract: members sign with their own key"
    if signed.kind == "APPROVED_HASH" and not approved_hashes(
        rpc, owner_safe.owner, [member], message.digest, block
    ):
        return "not_approved", f"{member} has not approved this hash at {owner_safe.owner}"
    return None
