"""Keys of the local chain, known to everybody: a hash of a fixed text and the account's name.

Apart from the accounts, because settings need one key and no account library.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

from eth_utils.crypto import keccak

AccountName = Literal[
    "owner1",  # owner1 to owner4 own the main Safe, together with the board Safe
    "owner2",
    "owner3",
    "owner4",
    "board1",  # board1 and board2 own the board Safe
    "board2",
    "executor",  # Ballast's own key: pays gas and is a member of roles, owns no money
    "operator",  # confirms together with the executor in the operator Safe
    "market",  # keeper of the feeds, arbitrageur, provider of liquidity
    "deployer",  # made the contracts, mints the tokens
    "stranger",  # has no right at all
]
NAMES: Final[tuple[AccountName, ...]] = get_args(AccountName)


def private_key(name: AccountName) -> bytes:
    """The key of a named account; only for chain 31337 on the loopback interface."""
    return keccak(b"ballast local chain " + name.encode())
