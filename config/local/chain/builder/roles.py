"""What the executor may do in each tier: the role as a list of scopes, and its unit limits.

A role limits functions, tokens, spenders, recipients and units per day. It cannot check a price:
the worst loss per day is the whole allowance, which is why the manifest lists each one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from eth_typing import ChecksumAddress

from config.local.chain.builder import addresses as at
from config.local.chain.builder.conditions import (
    ANY,
    AVATAR,
    SCOPE_FUNCTION,
    Condition,
    above,
    any_of,
    equal,
    equal_array,
    flatten,
    function,
    structure,
    within,
)
from config.local.chain.deployment import Allowance, Token, Vault
from config.local.chain.rpc import encode_call, hexed, selector

DAY: Final = 86_400
MULTI_SEND_SELECTOR: Final = selector("multiSend(bytes)")
APPROVE: Final = "approve(address,uint256)"
SWAP: Final = "exactInputSingle((address,address,uint24,address,uint256,uint256,uint256,uint160))"
DEADLINE: Final = "multicall(uint256,bytes[])"
DEPOSIT: Final = "deposit(uint256,address)"
WITHDRAW: Final = "withdraw(uint256,address,address)"
REDEEM: Final = "redeem(uint256,address,address)"
ASSIGN_ROLES: Final = "assignRoles(address,bytes32[],bool[])"


def key(name: str) -> bytes:
    """Role and allowance keys are bytes32; a padded name reads well in errors."""
    return name.encode().ljust(32, b"\0")


REBALANCE: Final = key("REBALANCE")
GUARDIAN: Final = key("GUARDIAN")

# A backstop against dust, in units of the token that comes out. The price check is the engine's.
MIN_OUT_FLOOR: Final = {"WETH": 10**15, "WBTC": 10**4, "USDC": 10**6, "DAI": 10**18}


@dataclass(frozen=True)
class Limit:
    """`amount` whole tokens of `token` (a symbol) a day for one use."""

    use: str
    token: str
    amount: int


CORE_SWAPS: Final = (("USDC", "WETH", 500), ("USDC", "WBTC", 3000), ("WETH", "WBTC", 3000))
CORE_LIMITS: Final = (  # 25 % of the tier's 1.2 million a day for each token
    Limit("SWAP", "USDC", 300_000),
    Limit("SWAP", "WETH", 100),
    Limit("SWAP", "WBTC", 5),
    Limit("APPROVE", "USDC", 300_000),
    Limit("APPROVE", "WETH", 100),
    Limit("APPROVE", "WBTC", 5),
)
YIELD_SWAPS: Final = (("DAI", "USDC", 100),)
YIELD_LIMITS: Final = (  # a third of the tier's 0.6 million; approvals cover swap and deposit
    Limit("SWAP", "USDC", 200_000),
    Limit("SWAP", "DAI", 200_000),
    Limit("APPROVE", "USDC", 300_000),
    Limit("APPROVE", "DAI", 200_000),
    Limit("DEPOSIT", "USDC", 200_000),
    Limit("WITHDRAW", "USDC", 200_000),
    Limit("REDEEM", "vUSDC", 200_000),
)
_SUFFIX: Final = {"SWAP": "IN"}


@dataclass(frozen=True)
class TierRole:
    """One tier Safe, its modifier, and the calls that put the role in force."""

    name: str  # prefix of the allowance keys
    safe: ChecksumAddress
    modifier: ChecksumAddress
    tokens: dict[str, Token]
    limits: tuple[Limit, ...]

    def allowance_name(self, use: str, token: str) -> str:
        return f"{self.name}_{token.upper()}_{_SUFFIX.get(use, use)}"

    def allowances(self) -> tuple[Allowance, ...]:
        return tuple(
            Allowance(
                safe=self.safe,
                roles=self.modifier,
                role_key=hexed(REBALANCE),
                allowance_key=hexed(key(self.allowance_name(limit.use, limit.token))),
                name=self.allowance_name(limit.use, limit.token),
                use=limit.use,
                token=limit.token,
                token_address=self.tokens[limit.token].address,
                refill=self.tokens[limit.token].units(limit.amount),
                max_refill=self.tokens[limit.token].units(limit.amount),
                period=DAY,
            )
            for limit in self.limits
        )

    def within(self, use: str, token: str) -> Condition:
        return within(key(self.allowance_name(use, token)))

    # ---------------------------------------------------------------------------- calls
    def allow(self) -> list[bytes]:
        """The unit limits, full at once."""
        signature = "setAllowance(bytes32,uint128,uint128,uint128,uint64,uint64)"
        return [
            encode_call(
                signature,
                bytes.fromhex(item.allowance_key[2:]),
                item.max_refill,
                item.max_refill,
                item.refill,
                item.period,
                0,
            )
            for item in self.allowances()
        ]

    def member(self, account: str) -> bytes:
        return encode_call(ASSIGN_ROLES, account, [REBALANCE], [True])

    def target(self, address: str) -> bytes:
        return encode_call("scopeTarget(bytes32,address)", REBALANCE, address)

    def approvals(self, token: str, *spenders: str) -> list[bytes]:
        spender = any_of(*(equal("address", address) for address in spenders))
        condition = function(spender, self.within("APPROVE", token))
        address = self.tokens[token].address
        return [self.target(address), scope(address, APPROVE, condition)]

    def swaps(self, pairs: Sequence[tuple[str, str, int]]) -> list[bytes]:
        """Each pair both ways: to the tier Safe itself, above a floor, within the limit."""
        directions = [
            (sold, bought, fee)
            for one, other, fee in pairs
            for sold, bought in ((one, other), (other, one))
        ]
        variants = [
            structure(
                equal("address", self.tokens[sold].address),
                equal("address", self.tokens[bought].address),
                equal("uint24", fee),
                AVATAR,
                ANY,  # deadline
                self.within("SWAP", sold),
                above(MIN_OUT_FLOOR[bought]),
                ANY,  # sqrtPriceLimitX96
            )
            for sold, bought, fee in directions
        ]
        condition = function(any_of(*variants))
        return [self.target(at.SWAP_ROUTER), scope(at.SWAP_ROUTER, SWAP, condition)]

    def vault(self, vault: Vault) -> list[bytes]:
        assets, shares = vault.asset, vault.symbol
        deposit = function(self.within("DEPOSIT", assets), AVATAR)
        withdraw = function(self.within("WITHDRAW", assets), AVATAR, AVATAR)
        redeem = function(self.within("REDEEM", shares), AVATAR, AVATAR)
        return [
            self.target(vault.address),
            scope(vault.address, DEPOSIT, deposit),
            scope(vault.address, WITHDRAW, withdraw),
            scope(vault.address, REDEEM, redeem),
        ]

    def frame(self) -> list[bytes]:
        """First and last leg of every batch, and the way into a batch.

        The deadline leg takes no inner calls: with them it would be a side door. The identity
        precompile has no functions, so any data may go there, but no value and no delegatecall.
        """
        no_calls = function(ANY, equal_array("bytes", [], dynamic=True))
        return [
            self.target(at.SWAP_ROUTER02),
            scope(at.SWAP_ROUTER02, DEADLINE, no_calls),
            encode_call("allowTarget(bytes32,address,uint8)", REBALANCE, at.IDENTITY, 0),
            encode_call(
                "setTransactionUnwrapper(address,bytes4,address)",
                at.MULTISEND_CALL_ONLY,
                MULTI_SEND_SELECTOR,
                at.ZODIAC["MultiSendUnwrapper"],
            ),
        ]


def scope(address: str, signature: str, condition: Condition, role: bytes = REBALANCE) -> bytes:
    return encode_call(SCOPE_FUNCTION, role, address, selector(signature), flatten(condition), 0)


def core_role(role: TierRole) -> list[bytes]:
    approvals = [
        call for token in ("USDC", "WETH", "WBTC") for call in role.approvals(token, at.SWAP_ROUTER)
    ]
    return [*role.allow(), *approvals, *role.swaps(CORE_SWAPS), *role.frame()]


def yield_role(role: TierRole, vault: Vault) -> list[bytes]:
    approvals = [
        *role.approvals("USDC", at.SWAP_ROUTER, vault.address),
        *role.approvals("DAI", at.SWAP_ROUTER),
    ]
    swaps = role.swaps(YIELD_SWAPS)
    return [*role.allow(), *approvals, *swaps, *role.vault(vault), *role.frame()]


def guardian_scopes(modifiers: Sequence[str], members: Sequence[str]) -> list[bytes]:
    """A guardian may take the role from a known member on each tier's modifier, no more."""
    condition = function(
        any_of(*(equal("address", member) for member in members)),
        equal_array("bytes32", [REBALANCE]),
        equal_array("bool", [False]),
    )
    calls = []
    for modifier in modifiers:
        calls.append(encode_call("scopeTarget(bytes32,address)", GUARDIAN, modifier))
        calls.append(scope(modifier, ASSIGN_ROLES, condition, GUARDIAN))
    return calls
