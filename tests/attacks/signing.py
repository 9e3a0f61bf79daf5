"""Signatures of the local people, right and wrong ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from eth_account.messages import encode_defunct
from eth_typing import Hash32

from config.local.chain.accounts import ACCOUNTS
from execution.core.safe_tx import safe_tx_hash

if TYPE_CHECKING:
    from config.local.chain.accounts import AccountName
    from execution.core.types import SafeTxFields


def signature_of(name: AccountName, fields: SafeTxFields) -> bytes:
    raw = bytes.fromhex(safe_tx_hash(fields)[2:])
    return bytes(ACCOUNTS[name].unsafe_sign_hash(Hash32(raw)).signature)


def over_another_hash(name: AccountName, fields: SafeTxFields) -> bytes:
    return signature_of(name, replace(fields, nonce=fields.nonce + 1))


def for_another_chain(name: AccountName, fields: SafeTxFields) -> bytes:
    return signature_of(name, replace(fields, chain_id=1))


def prefixed(name: AccountName, fields: SafeTxFields) -> bytes:
    """eth_sign, but without the 4 that tells the Safe so."""
    raw = bytes.fromhex(safe_tx_hash(fields)[2:])
    return bytes(ACCOUNTS[name].sign_message(encode_defunct(raw)).signature)
