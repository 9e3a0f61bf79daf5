"""Calldata and event topics from Solidity signatures in text, without ABI files and without a node.

`decode_call` is strict: it encodes what it decoded again and refuses any difference, so that
trailing bytes, dirty padding and odd offsets cannot hide something behind a call that reads
well.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak as _keccak

from execution.core.types import Rule
from treasury.core.types import Address


class UndecodableCallError(ValueError):
    """Calldata that we cannot explain completely, and the rule that it breaks. It is never signed
    and never shown as known."""

    def __init__(self, text: str, rule: Rule = Rule.BYTES) -> None:
        super().__init__(text)
        self.rule = rule


def keccak(data: bytes) -> bytes:
    return bytes(_keccak(data))


@lru_cache(maxsize=512)
def types_of(signature: str) -> tuple[str, ...]:
    """Argument types of `name(type,(type,type))`."""
    inside = signature[signature.index("(") + 1 : -1]
    types, depth, start = [], 0, 0
    for position, character in enumerate(inside + ","):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            types.append(inside[start:position])
            start = position + 1
    return tuple(name for name in types if name)


@lru_cache(maxsize=512)
def selector(signature: str) -> bytes:
    return keccak(signature.encode())[:4]


@lru_cache(maxsize=128)
def topic(signature: str) -> str:
    """Topic 0 of an event, 0x-hex."""
    return "0x" + keccak(signature.encode()).hex()


def encode_call(signature: str, *arguments: object) -> bytes:
    return selector(signature) + bytes(encode(types_of(signature), arguments))


def decode_call(signature: str, data: bytes) -> tuple[Any, ...]:
    """The arguments of a call to `signature`; refuses bytes that say more than the arguments."""
    if data[:4] != selector(signature):
        raise UndecodableCallError(f"not a call of {signature}")
    try:
        arguments = tuple(decode(types_of(signature), data[4:]))
    except (DecodingError, OverflowError, ValueError) as error:
        raise UndecodableCallError(f"{signature}: {error}") from error
    if encode_call(signature, *arguments) != data:
        raise UndecodableCallError(f"{signature}: the bytes say more than the arguments")
    return arguments


def decode_words(types: Sequence[str], data: bytes) -> tuple[Any, ...]:
    """Return data or the data of a log."""
    try:
        return tuple(decode(types, data))
    except (DecodingError, OverflowError, ValueError) as error:
        raise UndecodableCallError(f"{','.join(types)}: {error}") from error


def to_address(value: str | bytes) -> Address:
    """Checksummed; bytes and topics of 32 bytes give their last 20."""
    if isinstance(value, bytes):
        return Address(to_checksum_address(value[-20:]))
    return Address(to_checksum_address("0x" + value[-40:]))


def address_word(address: Address) -> bytes:
    return bytes(12) + bytes.fromhex(address[2:])


def address_topic(address: Address) -> str:
    return "0x" + address_word(address).hex()
