"""What a contract is at a block: its code, where a proxy leads, whether it says that it is
paused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from execution.core.abi import keccak
from treasury.adapters.multicall import ContractCall, answers_from, requests_for, word
from treasury.adapters.rpc import Request, Rpc, block_tag
from treasury.core.types import Address, BlockRef

PAUSED: Final = keccak(b"paused()")[:4]


def _slot(name: bytes, *, minus: int) -> str:
    return "0x" + (int.from_bytes(keccak(name)) - minus).to_bytes(32).hex()


SLOTS: Final = {
    "implementation": _slot(b"eip1967.proxy.implementation", minus=1),
    "beacon": _slot(b"eip1967.proxy.beacon", minus=1),
    "older implementation": _slot(b"org.zeppelinos.proxy.implementation", minus=0),
}
"""Where proxies keep what they lead to: EIP-1967, and the place before it that USDC uses."""


@dataclass(frozen=True, slots=True)
class ContractLook:
    """`parts`: hash of the code, and the proxy slots that are not empty."""

    address: Address
    parts: tuple[tuple[str, str], ...]
    is_paused: bool


def read_contracts(
    rpc: Rpc, addresses: Sequence[Address], *, block: BlockRef
) -> tuple[ContractLook, ...]:
    """All of them in one round trip, pinned to the block's hash. Not done: proxies that keep their
    implementation elsewhere (their own code is watched), pause flags of other names."""
    if not addresses:
        return ()
    tag = block_tag(block)
    calls = [ContractCall(address, PAUSED) for address in addresses]
    asked = [Request("eth_getCode", (address, tag)) for address in addresses]
    asked += [
        Request("eth_getStorageAt", (address, slot, tag))
        for address in addresses
        for slot in SLOTS.values()
    ]
    results = rpc.batch([*asked, *requests_for(calls, block=block)])
    count, width = len(addresses), len(SLOTS)
    codes, slots = results[:count], results[count : count * (1 + width)]
    flags = answers_from(calls, results[count * (1 + width) :])
    return tuple(
        ContractLook(
            address,
            (("code", _hash(codes[i])), *_kept(slots[i * width : (i + 1) * width])),
            word(flags[i]) == 1 and len(flags[i] or b"") == 32,
        )
        for i, address in enumerate(addresses)
    )


def _hash(code: str) -> str:
    return "0x" + keccak(bytes.fromhex(code[2:])).hex()


def _kept(words: Sequence[str]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, "0x" + found[2:].rjust(64, "0"))
        for name, found in zip(SLOTS, words, strict=True)
        if int(found, 16)
    )
