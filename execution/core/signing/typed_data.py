"""What a wallet is asked to sign, as EIP-712 typed data: a Safe transaction, or, inside an owner
that is itself a Safe, that Safe's message about it.

Typed data is ready for JSON: uint256 as decimal strings, bytes as 0x-hex. The digests here are
computed from the values, never from the typed data, so that a test can compare the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from execution.core.abi import address_word, keccak
from execution.core.contracts import ZERO
from execution.core.safe_tx import domain_separator
from execution.core.types import SafeTxFields
from treasury.core.types import Address

SAFE_MESSAGE_TYPEHASH: Final = keccak(b"SafeMessage(bytes message)")
DOMAIN: Final = (("chainId", "uint256"), ("verifyingContract", "address"))
SAFE_TX: Final = (
    ("to", "address"),
    ("value", "uint256"),
    ("data", "bytes"),
    ("operation", "uint8"),
    ("safeTxGas", "uint256"),
    ("baseGas", "uint256"),
    ("gasPrice", "uint256"),
    ("gasToken", "address"),
    ("refundReceiver", "address"),
    ("nonce", "uint256"),
)


@dataclass(frozen=True, slots=True)
class SafeMessage:
    """What the members of the owner Safe sign (EIP-1271). `message` is the parent transaction's
    preimage for a parent below 1.5.0, its 32-byte hash from 1.5.0 on."""

    chain_id: int
    owner: Address
    message: bytes

    @property
    def preimage(self) -> bytes:
        struct = keccak(SAFE_MESSAGE_TYPEHASH + keccak(self.message))
        return b"\x19\x01" + domain_separator(self.chain_id, self.owner) + struct

    @property
    def digest(self) -> str:
        """32 bytes, 0x-hex: the hash that a wallet signs."""
        return "0x" + keccak(self.preimage).hex()


def of_safe_tx(fields: SafeTxFields) -> dict[str, Any]:
    return _typed(
        "SafeTx",
        SAFE_TX,
        fields.chain_id,
        fields.safe,
        {
            "to": fields.to,
            "value": str(fields.value),
            "data": "0x" + fields.data.hex(),
            "operation": int(fields.operation),
            "safeTxGas": "0",
            "baseGas": "0",
            "gasPrice": "0",
            "gasToken": ZERO,
            "refundReceiver": ZERO,
            "nonce": str(fields.nonce),
        },
    )


def of_safe_message(message: SafeMessage) -> dict[str, Any]:
    return _typed(
        "SafeMessage",
        (("message", "bytes"),),
        message.chain_id,
        message.owner,
        {"message": "0x" + message.message.hex()},
    )


def contract_signature(owner: Address, inner: bytes) -> bytes:
    """The signature of an owner that is a contract, in the form in which it stands alone: the
    dynamic part follows at offset 65."""
    head = address_word(owner) + (65).to_bytes(32, "big") + b"\x00"
    return head + len(inner).to_bytes(32, "big") + inner


def _typed(
    name: str,
    members: tuple[tuple[str, str], ...],
    chain_id: int,
    contract: Address,
    message: dict[str, Any],
) -> dict[str, Any]:
    return {
        "types": {"EIP712Domain": _members(DOMAIN), name: _members(members)},
        "primaryType": name,
        "domain": {"chainId": str(chain_id), "verifyingContract": contract},
        "message": message,
    }


def _members(pairs: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    return [{"name": name, "type": kind} for name, kind in pairs]
