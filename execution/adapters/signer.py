"""The executor's key: signs transactions and, as a member of the operator Safe, Safe hashes.

Imported by the submission service alone. The key owns no money but a little gas. Not done here:
remote signers; a class with the same two methods is enough. The key is never shown, logged or
stored.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_typing import Hash32

from execution.core.abi import keccak, to_address
from treasury.core.types import Address

LOCAL_CHAIN_ID = 31337
LOCAL_NAMES = (
    *("owner1", "owner2", "owner3", "owner4", "board1", "board2", "executor"),
    *("operator", "market", "deployer", "stranger"),
)
MNEMONIC_KEY_DIGESTS = frozenset(
    {
        "59891c96881dfbcf7d2ddc270b7813e666694fbbffe8ddd2736bf91c1b0e85d4",
        "bca4c2c0761d850f0c403a699280f70f86ab6659a611ada431019203cd66098f",
        "193ae84c4c9567c25105535802f463f3f8dc420b0ce9a5b57c7931c764e623d6",
        "e25a680eff8baac7b15129a830ecc40211017919d5d32fce8c6b409af753e50f",
        "6718ba8966161cc843e01e8d19f018859e1bcba7f0e8f2c108578b497ac408b7",
        "ac29b3735d1b57180dea890d6321cd27e593723cbe9e227eed8a3fa35945122c",
        "93e372c67f7238faf2dfdc029246b299e88d71937680cbb895fedeb2a262ed19",
        "59ad99d565557cc0968550ed2f5ea5ff5fd1d279324a25d324a531053c9c16a3",
        "2d1831e800ec18fe3e29da2e4357db936efce5b9792d76683d465582f0910db0",
        "25061aad2bb0917814989eb38f95608a744ecb8173fdce329486e8b83086e5f0",
    }
)
"""SHA-256 of the keys of the test mnemonic that every tool carries."""


class SignerError(RuntimeError):
    """There is no key that may sign here."""


@dataclass(frozen=True, slots=True)
class UnsignedTransaction:
    """EIP-1559, no value, no access list."""

    chain_id: int
    nonce: int
    to: Address
    data: bytes
    gas_limit: int
    max_fee_per_gas_wei: int
    max_priority_fee_per_gas_wei: int


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    raw: bytes
    tx_hash: str


class Signer(Protocol):
    @property
    def address(self) -> Address: ...

    def sign_transaction(self, transaction: UnsignedTransaction) -> SignedTransaction: ...

    def sign_safe_hash(self, safe_tx_hash: str) -> bytes: ...


class LocalSigner:
    """A key in this process, bound to one chain."""

    def __init__(self, key: bytes, *, chain_id: int) -> None:
        if chain_id != LOCAL_CHAIN_ID and is_public_key(key):
            raise SignerError("this key is published; it may sign on the local chain only")
        account = Account.from_key(key)
        if not isinstance(account, LocalAccount):
            raise SignerError("not a private key")
        self._account = account
        self._chain_id = chain_id

    @property
    def address(self) -> Address:
        return to_address(self._account.address)

    def sign_transaction(self, transaction: UnsignedTransaction) -> SignedTransaction:
        if transaction.chain_id != self._chain_id:
            raise SignerError(f"a transaction for chain {transaction.chain_id}")
        fields: dict[str, Any] = {
            "type": 2,
            "chainId": transaction.chain_id,
            "nonce": transaction.nonce,
            "to": transaction.to,
            "value": 0,
            "data": transaction.data,
            "gas": transaction.gas_limit,
            "maxFeePerGas": transaction.max_fee_per_gas_wei,
            "maxPriorityFeePerGas": transaction.max_priority_fee_per_gas_wei,
        }
        signed = self._account.sign_transaction(fields)
        return SignedTransaction(bytes(signed.raw_transaction), "0x" + bytes(signed.hash).hex())

    def sign_safe_hash(self, safe_tx_hash: str) -> bytes:
        signed = self._account.unsafe_sign_hash(Hash32(bytes.fromhex(safe_tx_hash[2:])))
        return bytes(signed.signature)


def open_signer(*, chain_id: int, key: str, keyfile: str, password: str) -> Signer:
    """The signer that the settings name: a keystore file with its password, or a key in hex."""
    if keyfile:
        content = json.loads(Path(keyfile).read_text())
        return LocalSigner(bytes(Account.decrypt(content, password)), chain_id=chain_id)
    if not key:
        raise SignerError("no executor key: set EXECUTOR_KEYFILE and its password")
    return LocalSigner(bytes.fromhex(key.removeprefix("0x")), chain_id=chain_id)


def is_public_key(key: bytes) -> bool:
    """A key that everybody can derive: the test mnemonic's, or an account of the local chain."""
    if hashlib.sha256(key).hexdigest() in MNEMONIC_KEY_DIGESTS:
        return True
    return key in {keccak(b"ballast local chain " + name.encode()) for name in LOCAL_NAMES}
