"""What stands where on the local chain: the manifest that the builder writes and everyone reads."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from eth_typing import ChecksumAddress

Address = ChecksumAddress


@dataclass(frozen=True)
class Token:
    symbol: str
    address: Address
    decimals: int

    def units(self, amount: int) -> int:
        """Whole tokens in the token's smallest unit."""
        return amount * int(10**self.decimals)


@dataclass(frozen=True)
class Pool:
    """A Uniswap v3 pool; `token0` and `token1` are symbols, in the order the pool uses."""

    token0: str
    token1: str
    fee: int
    address: Address


@dataclass(frozen=True)
class Vault:
    """The ERC-4626 vault; `symbol` and `decimals` are those of its shares."""

    address: Address
    asset: str
    symbol: str
    decimals: int


@dataclass(frozen=True)
class Safes:
    main: Address
    core: Address
    yield_: Address
    board: Address
    operator: Address


@dataclass(frozen=True)
class RolesModifiers:
    """`main` is the guardian's modifier: it can remove a member of the other two, nothing else."""

    core: Address
    yield_: Address
    main: Address


@dataclass(frozen=True)
class Member:
    """`account` may act for `safe` through `roles` within `role_key`."""

    safe: Address
    roles: Address
    role_key: str
    account: Address


@dataclass(frozen=True)
class Allowance:
    """One unit limit of a role, in units of `token`; keys are 32 bytes in hex."""

    safe: Address
    roles: Address
    role_key: str
    allowance_key: str
    name: str
    use: str  # SWAP, APPROVE, DEPOSIT, WITHDRAW or REDEEM
    token: str
    token_address: Address
    refill: int
    max_refill: int
    period: int


@dataclass(frozen=True)
class Contracts:
    multicall3: Address
    multisend_call_only: Address
    swap_router: Address
    swap_router02: Address
    quoter_v2: Address
    tick_lens: Address
    position_manager: Address
    uniswap_v3_factory: Address
    safe_singleton: Address
    safe_proxy_factory: Address
    safe_fallback_handler: Address
    safe_simulate_tx_accessor: Address
    roles_mastercopy: Address
    module_proxy_factory: Address
    unwrapper: Address


@dataclass(frozen=True)
class Deployment:
    """Everything a treasury on this chain needs to know. Plain data, JSON in and out.

    `pools` are those that the tiers' roles know; `side_pools` are other fee tiers and another way
    round, for whoever asks the main Safe's owners."""

    chain_id: int
    genesis_number: int
    genesis_timestamp: int
    head_number: int
    head_timestamp: int
    tokens: dict[str, Token]
    feeds: dict[str, Address]
    pools: tuple[Pool, ...]
    side_pools: tuple[Pool, ...]
    vault: Vault
    safes: Safes
    roles: RolesModifiers
    members: tuple[Member, ...]
    allowances: tuple[Allowance, ...]
    contracts: Contracts
    owners: tuple[Address, ...]  # of the main Safe, in the Safe's order
    awkward_tokens: dict[str, Token]
    accounts: dict[str, Address]

    def pool(self, one: str, other: str, fee: int | None = None) -> Pool:
        """The pool of two symbols in either order; `fee` where there are several."""
        for pool in (*self.pools, *self.side_pools):
            if {pool.token0, pool.token1} == {one, other} and fee in (None, pool.fee):
                return pool
        raise KeyError(f"no pool of {one} and {other} with fee {fee}")

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Deployment:
        raw: dict[str, Any] = json.loads(text)
        return cls(
            **raw
            | {
                "tokens": {symbol: Token(**token) for symbol, token in raw["tokens"].items()},
                "awkward_tokens": {
                    symbol: Token(**token) for symbol, token in raw["awkward_tokens"].items()
                },
                "pools": tuple(Pool(**pool) for pool in raw["pools"]),
                "side_pools": tuple(Pool(**pool) for pool in raw["side_pools"]),
                "vault": Vault(**raw["vault"]),
                "safes": Safes(**raw["safes"]),
                "roles": RolesModifiers(**raw["roles"]),
                "members": tuple(Member(**member) for member in raw["members"]),
                "allowances": tuple(Allowance(**item) for item in raw["allowances"]),
                "contracts": Contracts(**raw["contracts"]),
                "owners": tuple(raw["owners"]),
            }
        )
