"""The people and programs of the local chain, with keys that everybody may know.

Each key is a hash of a fixed text and the account's name, so every machine builds the same chain
and no key file exists. They are worth nothing anywhere else: whoever accepts a signer must refuse
`DEMO_ADDRESSES` on every chain but `CHAIN_ID`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress

from config.local.chain.keys import NAMES, AccountName, private_key

__all__ = [
    "ACCOUNTS",
    "CHAIN_ID",
    "DEMO_ADDRESSES",
    "NAMES",
    "AccountName",
    "address_of",
    "private_key",
]

CHAIN_ID: Final = 31337


def _account(name: AccountName) -> LocalAccount:
    account: LocalAccount = Account.from_key(private_key(name))
    return account


ACCOUNTS: Final[Mapping[AccountName, LocalAccount]] = MappingProxyType(
    {name: _account(name) for name in NAMES}
)
DEMO_ADDRESSES: Final[frozenset[ChecksumAddress]] = frozenset(
    account.address for account in ACCOUNTS.values()
)


def address_of(name: AccountName) -> ChecksumAddress:
    return ACCOUNTS[name].address
