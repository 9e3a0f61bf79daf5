"""Where the pool of two tokens and a fee stands: the address that the routers compute."""

from __future__ import annotations

from execution.core.abi import address_word, keccak, to_address
from execution.core.contracts import V3_FACTORY, V3_POOL_INIT_CODE_HASH
from treasury.core.types import Address


def sorted_pair(one: Address, other: Address) -> tuple[Address, Address]:
    """token0 and token1: the smaller address is first."""
    first, second = sorted((one, other), key=lambda token: int(token, 16))
    return first, second


def pool_address(one: Address, other: Address, fee: int) -> Address:
    """CREATE2 of the v3 factory. Says nothing of whether the pool is there."""
    token0, token1 = sorted_pair(one, other)
    salt = keccak(address_word(token0) + address_word(token1) + fee.to_bytes(32, "big"))
    factory, code = bytes.fromhex(V3_FACTORY[2:]), bytes.fromhex(V3_POOL_INIT_CODE_HASH[2:])
    return to_address(keccak(b"\xff" + factory + salt + code))
