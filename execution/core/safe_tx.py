"""The EIP-712 hash that owners sign, and `execTransaction` (Safe 1.3.0 to 1.5.0).

Gas and refund fields are constants of the encoding: always zero, so that nothing is paid out beside
the calls and a failing call reverts everything without burning the nonce.
"""

from __future__ import annotations

from eth_abi.abi import encode

from execution.core.abi import address_word, encode_call, keccak
from execution.core.contracts import EXEC_TRANSACTION, ZERO
from execution.core.types import SafeTxFields
from treasury.core.types import Address

DOMAIN_TYPEHASH = keccak(b"EIP712Domain(uint256 chainId,address verifyingContract)")
SAFE_TX_TYPEHASH = keccak(
    b"SafeTx(address to,uint256 value,bytes data,uint8 operation,uint256 safeTxGas,uint256 baseGas,"
    b"uint256 gasPrice,address gasToken,address refundReceiver,uint256 nonce)"
)
SAFE_TX_TYPES = (
    *("bytes32", "address", "uint256", "bytes32", "uint8"),
    *("uint256", "uint256", "uint256", "address", "address", "uint256"),
)
NO_REFUND = (0, 0, 0, ZERO, ZERO)
"""safeTxGas, baseGas, gasPrice, gasToken, refundReceiver."""


def domain_separator(chain_id: int, safe: Address) -> bytes:
    return keccak(encode(["bytes32", "uint256", "address"], [DOMAIN_TYPEHASH, chain_id, safe]))


def message_hash(fields: SafeTxFields) -> bytes:
    """hashStruct of the SafeTx."""
    return keccak(
        encode(
            SAFE_TX_TYPES,
            [
                SAFE_TX_TYPEHASH,
                fields.to,
                fields.value,
                keccak(fields.data),
                fields.operation,
                *NO_REFUND,
                fields.nonce,
            ],
        )
    )


def preimage(fields: SafeTxFields) -> bytes:
    """What Safes below 1.5.0 hand to an owner that is a contract; its keccak is `safe_tx_hash`."""
    return b"\x19\x01" + domain_separator(fields.chain_id, fields.safe) + message_hash(fields)


def safe_tx_hash(fields: SafeTxFields) -> str:
    return "0x" + keccak(preimage(fields)).hex()


def exec_transaction(fields: SafeTxFields, signatures: bytes) -> bytes:
    """Calldata for `fields.safe`. The nonce is not in it: the Safe takes the one it has."""
    return encode_call(
        EXEC_TRANSACTION,
        fields.to,
        fields.value,
        fields.data,
        int(fields.operation),
        *NO_REFUND,
        signatures,
    )


def approved_by(owner: Address) -> bytes:
    """Pre-validated signature (v = 1): good when that owner sends the call or approved the hash."""
    return address_word(owner) + bytes(32) + b"\x01"


def approve_hash(tx_hash: str) -> bytes:
    """An owner's own transaction to the Safe that counts as their signature of this hash."""
    return encode_call("approveHash(bytes32)", bytes.fromhex(tx_hash.removeprefix("0x")))
