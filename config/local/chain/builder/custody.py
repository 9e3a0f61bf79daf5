"""The treasury's Safes, who owns them, and the roles between them.

Main Safe 3 of 5 (four people and the board, itself a Safe 2 of 2). Core and yield Safe are owned
by the main Safe alone. One batch of the main Safe, signed by three owners, puts all roles in force;
the step that only a tier Safe may do for itself, enabling its module, is a nested leg of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from eth_abi.abi import encode
from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address

from config.local.chain.accounts import ACCOUNTS, AccountName, address_of
from config.local.chain.builder import addresses as at
from config.local.chain.builder import roles
from config.local.chain.builder.protocols import mint
from config.local.chain.builder.session import Session
from config.local.chain.deployment import (
    Allowance,
    Member,
    RolesModifiers,
    Safes,
    Token,
    Vault,
)
from config.local.chain.rpc import Rpc, encode_call, hexed

OWNERS: Final[tuple[AccountName, ...]] = ("owner1", "owner2", "owner3", "owner4")
SIGNERS: Final[tuple[AccountName, ...]] = ("owner1", "owner2", "owner3")
EXECUTE: Final = (
    "execTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes)"
)
_HASH: Final = EXECUTE.replace("execTransaction", "getTransactionHash").replace(
    "bytes)", "uint256)"
)
NO_REFUND: Final = (0, 0, 0, at.NULL, at.NULL)
CALL, DELEGATECALL = 0, 1
EXECUTOR_WEI: Final = 10 * 10**18
PEOPLE_WEI: Final = 2 * 10**18
MAIN_SAFE_WEI: Final = 10 * 10**18

# Whole tokens. At the prices of genesis: main 2.05 million USD; core 1.2 million and exactly
# 40/40/20; yield 0.6 million and exactly a third, a sixth and (the vault) a half.
FUNDS: Final[dict[str, dict[str, int]]] = {
    "main": {"USDC": 1_000_000, "WETH": 250, "DAI": 300_000},
    "core": {"USDC": 480_000, "WETH": 160, "WBTC": 4},
    "yield_": {"USDC": 200_000, "DAI": 100_000},
}
YIELD_VAULT_USDC: Final = 300_000

Leg = tuple[str, bytes]


@dataclass(frozen=True)
class Custody:
    safes: Safes
    modifiers: RolesModifiers
    members: tuple[Member, ...]
    allowances: tuple[Allowance, ...]
    owners: tuple[ChecksumAddress, ...]


def multi_send(legs: Sequence[Leg]) -> bytes:
    """Calldata of MultiSendCallOnly: operation, to, value, length, data for each leg."""
    packed = b"".join(
        b"\0" + bytes.fromhex(to[2:]) + bytes(32) + len(data).to_bytes(32, "big") + data
        for to, data in legs
    )
    return encode_call("multiSend(bytes)", packed)


def as_owner(owner: str) -> bytes:
    """A pre-validated signature (v = 1): good exactly when the caller is that owner."""
    return bytes.fromhex(owner[2:]).rjust(32, b"\0") + bytes(32) + b"\x01"


def nested(owner_safe: str, safe: str, to: str, data: bytes, operation: int = CALL) -> Leg:
    """A leg of `owner_safe` that makes `safe` act. Gas fields are zero: failure reverts all."""
    arguments = (to, 0, data, operation, *NO_REFUND, as_owner(owner_safe))
    return safe, encode_call(EXECUTE, *arguments)


def signed_execution(
    rpc: Rpc,
    safe: str,
    signers: Sequence[AccountName],
    to: str,
    data: bytes,
    operation: int = CALL,
) -> bytes:
    """Calldata of `safe.execTransaction` with the signatures of these people."""
    nonce = rpc.read_int(safe, "nonce()")
    arguments = (to, 0, data, operation, *NO_REFUND)
    digest = rpc.read(safe, _HASH, *arguments, nonce, returns=["bytes32"])[0]
    accounts = sorted((ACCOUNTS[name] for name in signers), key=lambda a: int(a.address, 16))
    signatures = b"".join(bytes(a.unsafe_sign_hash(digest).signature) for a in accounts)
    return encode_call(EXECUTE, *arguments, signatures)


# ------------------------------------------------------------------------------------ making
def _create_safe(
    session: Session, owners: Sequence[str], threshold: int, salt: int
) -> ChecksumAddress:
    setup = encode_call(
        "setup(address[],uint256,address,bytes,address,address,uint256,address)",
        owners,
        threshold,
        at.NULL,
        b"",
        at.SAFE_FALLBACK_HANDLER,
        at.NULL,
        0,
        at.NULL,
    )
    signature = "createProxyWithNonce(address,bytes,uint256)"
    arguments = (at.SAFE_SINGLETON, setup, salt)
    address = session.rpc.read_address(at.SAFE_PROXY_FACTORY, signature, *arguments)
    session.call("deployer", at.SAFE_PROXY_FACTORY, signature, *arguments)
    session.require_code(address, "a Safe")
    return address


def _create_modifier(session: Session, owner: str, avatar: str, salt: int) -> ChecksumAddress:
    initialise = encode_call(
        "setUp(bytes)", encode(["address", "address", "address"], [owner, avatar, avatar])
    )
    factory, signature = at.ZODIAC["ModuleProxyFactory"], "deployModule(address,bytes,uint256)"
    arguments = (at.ZODIAC["RolesV2"], initialise, salt)
    address = session.rpc.read_address(factory, signature, *arguments)
    session.call("deployer", factory, signature, *arguments)
    session.require_code(address, "a Roles modifier")
    return address


def create_safes(session: Session) -> tuple[Safes, RolesModifiers]:
    people = [address_of(name) for name in OWNERS]
    board = _create_safe(session, [address_of("board1"), address_of("board2")], 2, 1)
    main = _create_safe(session, [*people, board], 3, 2)
    core = _create_safe(session, [main], 1, 3)
    yield_ = _create_safe(session, [main], 1, 4)
    operator = _create_safe(session, [address_of("executor"), address_of("operator")], 2, 5)
    modifiers = RolesModifiers(
        core=_create_modifier(session, main, core, 1),
        yield_=_create_modifier(session, main, yield_, 2),
        main=_create_modifier(session, main, main, 3),
    )
    return Safes(main, core, yield_, board, operator), modifiers


def install(session: Session, tokens: dict[str, Token], vault: Vault) -> Custody:
    """Create the Safes and put every role in force by one signed batch of the main Safe."""
    for name in (*OWNERS, "board1", "board2", "operator"):
        session.fund(name, PEOPLE_WEI)
    session.fund("executor", EXECUTOR_WEI)
    safes, modifiers = create_safes(session)
    shares = Token(vault.symbol, vault.address, vault.decimals)
    assets = tokens | {vault.symbol: shares}
    core = roles.TierRole("CORE", safes.core, modifiers.core, assets, roles.CORE_LIMITS)
    yield_ = roles.TierRole("YIELD", safes.yield_, modifiers.yield_, assets, roles.YIELD_LIMITS)
    members = (safes.operator, address_of("executor"))  # of core and of yield
    enable = "enableModule(address)"
    guardian_calls = roles.guardian_scopes((modifiers.core, modifiers.yield_), members)
    guardians = [
        encode_call(roles.ASSIGN_ROLES, address_of(name), [roles.GUARDIAN], [True])
        for name in OWNERS
    ]
    legs: list[Leg] = [
        nested(safes.main, safes.core, safes.core, encode_call(enable, modifiers.core)),
        nested(safes.main, safes.yield_, safes.yield_, encode_call(enable, modifiers.yield_)),
        (safes.main, encode_call(enable, modifiers.main)),
        *((modifiers.core, call) for call in (core.member(members[0]), *roles.core_role(core))),
        *(
            (modifiers.yield_, call)
            for call in (yield_.member(members[1]), *roles.yield_role(yield_, vault))
        ),
        *((modifiers.main, call) for call in (*guardians, *guardian_calls)),
    ]
    batch = signed_execution(
        session.rpc, safes.main, SIGNERS, at.MULTISEND_CALL_ONLY, multi_send(legs), DELEGATECALL
    )
    session.send("deployer", safes.main, batch, gas=25_000_000, what="install the roles")
    return Custody(
        safes=safes,
        modifiers=modifiers,
        members=_members(safes, modifiers, members),
        allowances=(*core.allowances(), *yield_.allowances()),
        owners=_owners(session, safes.main),
    )


def _members(
    safes: Safes, modifiers: RolesModifiers, tiers: tuple[ChecksumAddress, ChecksumAddress]
) -> tuple[Member, ...]:
    rebalance, guardian = hexed(roles.REBALANCE), hexed(roles.GUARDIAN)
    return (
        Member(safes.core, modifiers.core, rebalance, tiers[0]),
        Member(safes.yield_, modifiers.yield_, rebalance, tiers[1]),
        *(Member(safes.main, modifiers.main, guardian, address_of(name)) for name in OWNERS),
    )


def _owners(session: Session, safe: str) -> tuple[ChecksumAddress, ...]:
    listed = session.rpc.read(safe, "getOwners()", returns=["address[]"])[0]
    return tuple(to_checksum_address(owner) for owner in listed)


def fund(session: Session, safes: Safes, tokens: dict[str, Token], vault: Vault) -> None:
    for name, amounts in FUNDS.items():
        for symbol, amount in amounts.items():
            token = tokens[symbol]
            mint(session, token, getattr(safes, name), token.units(amount))
    session.send("deployer", safes.main, b"", value=MAIN_SAFE_WEI, what="fund the main Safe")
    usdc = tokens["USDC"]
    amount = usdc.units(YIELD_VAULT_USDC)
    mint(session, usdc, address_of("deployer"), amount)
    session.call("deployer", usdc.address, "approve(address,uint256)", vault.address, amount)
    session.call("deployer", vault.address, "deposit(uint256,address)", amount, safes.yield_)
