"""What the roles of the local chain allow, and above all what they refuse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from eth_typing import Hash32

from config.local.chain.accounts import ACCOUNTS, AccountName
from config.local.chain.builder import addresses as at
from config.local.chain.builder import roles
from config.local.chain.builder.custody import (
    CALL,
    DELEGATECALL,
    EXECUTE,
    NO_REFUND,
    Leg,
    multi_send,
    nested,
    signed_execution,
)
from config.local.chain.cache import ensure_chain, running_chain
from config.local.chain.deployment import Deployment
from config.local.chain.node import rewound
from config.local.chain.rpc import Receipt, Rpc, RpcError, encode_call, hexed, selector

ACT = "execTransactionWithRole(address,uint256,bytes,uint8,bytes32,bool)"
NOT_AUTHORIZED = "0x4a0bfec1"
NO_MEMBERSHIP = "0xfd8e9f28"
MODULE_TRANSACTION_FAILED = "0xd27b44a9"
OWNABLE_UNAUTHORIZED = "0x118cdaa7"
EVIDENCE: Leg = (at.IDENTITY, bytes(range(32)))
K = 10**9  # a thousand USDC


def violation(status: int) -> str:
    """ConditionViolation(uint8,bytes32)"""
    return "0xd0a9bf58" + f"{status:064x}"


@dataclass
class Bench:
    """The stored chain, and somebody who tries things on it."""

    rpc: Rpc
    there: Deployment

    def send(self, sender: AccountName, to: str, data: bytes) -> Receipt:
        account = ACCOUNTS[sender]
        nonce = self.rpc.nonce(account.address)
        sent = self.rpc.submit(account, self.there.chain_id, nonce, to, data, gas=3_000_000)
        self.rpc.mine(self.rpc.timestamp() + 12)
        receipt: Receipt = self.rpc("eth_getTransactionReceipt", sent)
        assert int(receipt["status"], 16) == 1
        return receipt

    def refused(self, sender: str, to: str, data: bytes, reason: str) -> None:
        """The node refuses to simulate it, for this reason: revert data or Safe's error code."""
        call = {"from": sender, "to": to, "data": hexed(data)}
        with pytest.raises(RpcError) as caught:
            self.rpc("eth_call", call, "latest")
        assert reason in str(caught.value)

    def until(self, seconds: int = 600) -> int:
        return self.rpc.timestamp() + seconds

    # ------------------------------------------------------------------------ calls
    def token(self, symbol: str) -> str:
        return self.there.tokens[symbol].address

    def approve(self, units: int, symbol: str = "USDC", spender: str = at.SWAP_ROUTER) -> Leg:
        return self.token(symbol), encode_call(roles.APPROVE, spender, units)

    def swap(
        self,
        units: int,
        pair: tuple[str, str, int] = ("USDC", "WETH", 500),
        *,
        to: str | None = None,
        min_out: int | None = None,
    ) -> Leg:
        sold, bought, fee = pair
        floor = roles.MIN_OUT_FLOOR[bought] + 1 if min_out is None else min_out
        recipient = to or self.there.safes.core
        tokens = (self.token(sold), self.token(bought))
        parameters = (*tokens, fee, recipient, self.until(), units, floor, 0)
        return at.SWAP_ROUTER, encode_call(roles.SWAP, parameters)

    def transfer(self, to: str) -> Leg:
        return self.token("USDC"), encode_call("transfer(address,uint256)", to, 1)

    def deadline(self, until: int, *inner: bytes) -> Leg:
        return at.SWAP_ROUTER02, encode_call(roles.DEADLINE, until, list(inner))

    def batch(self, *legs: Leg) -> Leg:
        return at.MULTISEND_CALL_ONLY, multi_send([self.deadline(self.until()), *legs, EVIDENCE])


def by_role(leg: Leg, operation: int = CALL, role: bytes = roles.REBALANCE) -> bytes:
    return encode_call(ACT, leg[0], 0, leg[1], operation, role, True)


@pytest.fixture(scope="module")
def node_rpc() -> Iterator[Rpc]:
    with running_chain(ensure_chain()) as running:
        rpc = running.rpc()
        yield rpc
        rpc.close()


@pytest.fixture
def bench(node_rpc: Rpc) -> Iterator[Bench]:
    with rewound(node_rpc):
        yield Bench(node_rpc, ensure_chain().manifest)


# ------------------------------------------------------------------------------------ core
def test_operator_safe_rebalances_the_core_tier(bench: Bench) -> None:
    there, pairs = bench.there, roles.CORE_SWAPS
    size = {"USDC": 10 * K, "WETH": 10**18, "WBTC": 10**7}
    legs: list[Leg] = []
    for one, other, fee in pairs:
        for sold, bought in ((one, other), (other, one)):
            legs.append(bench.approve(size[sold], sold))
            legs.append(bench.swap(size[sold], (sold, bought, fee)))
    action = by_role(bench.batch(*legs), DELEGATECALL)
    execution = signed_execution(
        bench.rpc, there.safes.operator, ["executor", "operator"], there.roles.core, action
    )
    nonce = bench.rpc.read_int(there.safes.core, "nonce()")
    bench.send("executor", there.safes.operator, execution)
    for symbol in size:
        left = "allowance(address,address)"
        args = (there.safes.core, at.SWAP_ROUTER)
        assert bench.rpc.read_int(bench.token(symbol), left, *args) == 0
    assert bench.rpc.read_int(there.safes.core, "nonce()") == nonce, "roles take no Safe nonce"


def test_neither_half_of_the_operator_safe_is_enough(bench: Bench) -> None:
    there = bench.there
    action = by_role(bench.approve(1))
    safe = there.safes.operator
    halves: tuple[AccountName, ...] = ("executor", "operator")
    for name in halves:
        alone = signed_execution(bench.rpc, safe, [name], there.roles.core, action)
        bench.refused(there.accounts["executor"], safe, alone, "GS020")
    bench.refused(there.accounts["executor"], there.roles.core, action, NOT_AUTHORIZED)


def test_core_role_refuses_everything_else(bench: Bench) -> None:
    there = bench.there
    member, modifier = there.safes.operator, there.roles.core
    thief = there.accounts["executor"]

    def refused(leg: Leg, status: int, operation: int = CALL) -> None:
        bench.refused(member, modifier, by_role(leg, operation), violation(status))

    usdc = bench.token("USDC")
    refused(bench.transfer(thief), 3)
    refused(bench.transfer(there.safes.main), 3)
    refused(bench.approve(1, spender=thief), 7)
    refused(bench.approve(1, spender=at.SWAP_ROUTER02), 7)
    refused(bench.approve(1, symbol="DAI"), 2)
    refused(bench.approve(300_001 * 10**6), 17)
    refused((usdc, encode_call("increaseAllowance(address,uint256)", at.SWAP_ROUTER, 1)), 3)
    grant = encode_call(roles.ASSIGN_ROLES, thief, [roles.REBALANCE], [True])
    refused((modifier, grant), 2)
    disable = encode_call("disableModule(address,address)", at.NULL, modifier)
    refused((there.safes.core, disable), 2)
    refused((at.SAFE_141["MultiSend"], multi_send([bench.approve(1)])), 2, DELEGATECALL)
    refused(bench.approve(1), 1, DELEGATECALL)
    refused((there.vault.address, encode_call(roles.DEPOSIT, 1, there.safes.core)), 2)


def test_core_role_binds_every_parameter_of_a_swap(bench: Bench) -> None:
    """A parameter outside its alternative fails the whole choice: status 5, OrViolation."""
    there = bench.there
    member, modifier = there.safes.operator, there.roles.core
    for leg in (
        bench.swap(K, to=there.accounts["executor"]),
        bench.swap(K, to=there.safes.main),
        bench.swap(K, min_out=roles.MIN_OUT_FLOOR["WETH"]),
        bench.swap(K, ("USDC", "WETH", 3000)),
        bench.swap(K, ("USDC", "DAI", 100)),
        bench.swap(300_001 * 10**6),
        bench.swap(101 * 10**18, ("WETH", "USDC", 500)),
    ):
        bench.refused(member, modifier, by_role(leg), violation(5))


def test_batch_is_judged_call_by_call(bench: Bench) -> None:
    there = bench.there
    member, modifier = there.safes.operator, there.roles.core
    good = [bench.approve(K), bench.swap(K)]
    refuse = bench.refused
    hidden = by_role(bench.batch(*good, bench.transfer(there.accounts["executor"])), DELEGATECALL)
    refuse(member, modifier, hidden, violation(3))
    late = [bench.deadline(bench.until(-1)), *good]
    action = by_role((at.MULTISEND_CALL_ONLY, multi_send(late)), DELEGATECALL)
    refuse(member, modifier, action, MODULE_TRANSACTION_FAILED)
    side_door = by_role(bench.deadline(bench.until(), selector("refundETH()")))
    refuse(member, modifier, side_door, violation(7))
    together = [bench.approve(200 * K), bench.approve(200 * K)]
    refuse(member, modifier, by_role(bench.batch(*together), DELEGATECALL), violation(17))


# ------------------------------------------------------------------------------------ yield
def test_executor_works_in_the_yield_tier_within_a_day_s_limits(bench: Bench) -> None:
    there, safe = bench.there, bench.there.safes.yield_
    modifier, vault = there.roles.yield_, there.vault.address
    deposit = (vault, encode_call(roles.DEPOSIT, 100 * K, safe))
    dai = ("DAI", "USDC", 100)
    legs = [
        bench.approve(100 * K, spender=vault),
        deposit,
        bench.approve(10**22, "DAI"),
        bench.swap(10**22, dai, to=safe),
        (vault, encode_call(roles.WITHDRAW, 50 * K, safe, safe)),
        (vault, encode_call(roles.REDEEM, 50 * K, safe, safe)),
    ]
    shares = bench.rpc.balance_of(vault, safe)
    bench.send("executor", modifier, by_role(bench.batch(*legs), DELEGATECALL))
    assert abs(bench.rpc.balance_of(vault, safe) - shares) < K, "100 in, 50 and 50 out"

    executor = there.accounts["executor"]
    more = by_role((vault, encode_call(roles.DEPOSIT, 100 * K + 1, safe)))
    bench.refused(executor, modifier, more, violation(17) + roles.key("YIELD_USDC_DEPOSIT").hex())
    bench.rpc.mine(bench.rpc.timestamp() + roles.DAY)
    bench.send("executor", modifier, by_role(bench.approve(100 * K + 1, spender=vault)))
    bench.send("executor", modifier, more)


def test_yield_role_refuses_other_receivers_and_other_tokens(bench: Bench) -> None:
    there, safe = bench.there, bench.there.safes.yield_
    vault, thief, modifier = there.vault.address, there.accounts["executor"], there.roles.yield_

    def refused(leg: Leg, status: int) -> None:
        bench.refused(thief, modifier, by_role(leg), violation(status))

    refused((vault, encode_call(roles.DEPOSIT, 1, thief)), 7)
    refused((vault, encode_call(roles.WITHDRAW, 1, thief, safe)), 7)
    refused((vault, encode_call(roles.WITHDRAW, 1, safe, thief)), 7)
    refused((vault, encode_call(roles.REDEEM, 1, thief, safe)), 7)
    refused((vault, encode_call(roles.REDEEM, 200_001 * 10**6, safe, safe)), 17)
    refused((vault, encode_call("transfer(address,uint256)", thief, 1)), 3)
    refused(bench.approve(1, spender=thief), 5)
    refused(bench.approve(1, "WETH"), 2)
    refused(bench.swap(K, to=safe), 5)
    grow = "setAllowance(bytes32,uint128,uint128,uint128,uint64,uint64)"
    key = roles.key("YIELD_USDC_IN")
    bench.refused(thief, modifier, encode_call(grow, key, K, K, K, 1, 0), OWNABLE_UNAUTHORIZED)
    stranger = there.accounts["stranger"]
    bench.refused(stranger, modifier, by_role(bench.approve(1)), NOT_AUTHORIZED)


# ------------------------------------------------------------------------------------ guardian
@pytest.mark.parametrize("guardian", ["owner1", "owner4"])
def test_one_owner_alone_removes_the_executor(bench: Bench, guardian: AccountName) -> None:
    there = bench.there
    before = bench.rpc.read_int(there.safes.main, "nonce()")
    for modifier, member in (
        (there.roles.core, there.safes.operator),
        (there.roles.yield_, there.accounts["executor"]),
    ):
        remove = encode_call(roles.ASSIGN_ROLES, member, [roles.REBALANCE], [False])
        action = by_role((modifier, remove), role=roles.GUARDIAN)
        bench.send(guardian, there.roles.main, action)
        bench.refused(member, modifier, by_role(bench.approve(1)), NO_MEMBERSHIP)
    assert bench.rpc.read_int(there.safes.main, "nonce()") == before


def test_guardian_can_do_nothing_else(bench: Bench) -> None:
    there, me = bench.there, bench.there.accounts["owner1"]
    executor, modifier = there.accounts["executor"], there.roles.yield_

    def refused(to: str, data: bytes, status: int, operation: int = CALL) -> None:
        action = by_role((to, data), operation, roles.GUARDIAN)
        bench.refused(me, there.roles.main, action, violation(status))

    def assign(member: str, granted: bool, role: bytes = roles.REBALANCE) -> bytes:
        return encode_call(roles.ASSIGN_ROLES, member, [role], [granted])

    limit = encode_call(
        "setAllowance(bytes32,uint128,uint128,uint128,uint64,uint64)", bytes(32), 1, 1, 1, 1, 0
    )
    refused(modifier, assign(executor, granted=True), 7)
    refused(modifier, assign(me, granted=True), 5)
    refused(modifier, assign(me, granted=False), 5)
    refused(modifier, assign(executor, granted=False, role=roles.GUARDIAN), 7)
    refused(modifier, limit, 3)
    refused(there.roles.main, assign(executor, granted=False), 2)
    refused(*bench.transfer(me), 2)
    refused(modifier, assign(executor, granted=False), 1, DELEGATECALL)
    stranger = there.accounts["stranger"]
    removal = by_role((modifier, assign(executor, granted=False)), role=roles.GUARDIAN)
    bench.refused(stranger, there.roles.main, removal, NOT_AUTHORIZED)
    bench.refused(there.accounts["board1"], there.roles.main, removal, NOT_AUTHORIZED)


# ------------------------------------------------------------------------------------ main Safe
def test_board_safe_signs_for_the_main_safe(bench: Bench) -> None:
    """Two people and the board: the board's part is a contract signature (EIP-1271)."""
    there, rpc = bench.there, bench.rpc
    main, board = there.safes.main, there.safes.board
    to, data = there.safes.core, nested(main, there.safes.core, *bench.transfer(main))[1]
    fields = (to, 0, data, CALL, *NO_REFUND)
    fields_types = EXECUTE[EXECUTE.index("(") + 1 : EXECUTE.rindex(",")]
    preimage = rpc.read(
        main, f"encodeTransactionData({fields_types},uint256)", *fields, 1, returns=["bytes"]
    )[0]
    digest = rpc.read(main, f"getTransactionHash({fields_types},uint256)", *fields, 1,
                      returns=["bytes32"])[0]  # fmt: skip
    message = rpc.read(board, "getMessageHash(bytes)", preimage, returns=["bytes32"])[0]

    def signatures(names: list[AccountName], message: Hash32) -> dict[str, bytes]:
        people = sorted((ACCOUNTS[name] for name in names), key=lambda a: int(a.address, 16))
        return {a.address: bytes(a.unsafe_sign_hash(message).signature) for a in people}

    inner = b"".join(signatures(["board1", "board2"], message).values())
    pointer = bytes.fromhex(board[2:]).rjust(32, b"\0") + (3 * 65).to_bytes(32, "big") + b"\0"
    parts = signatures(["owner1", "owner4"], digest) | {board: pointer}
    static = b"".join(parts[owner] for owner in sorted(parts, key=lambda a: int(a, 16)))
    blob = static + len(inner).to_bytes(32, "big") + inner
    before = rpc.balance_of(bench.token("USDC"), main)
    bench.send("stranger", main, encode_call(EXECUTE, *fields, blob))
    assert rpc.balance_of(bench.token("USDC"), main) == before + 1


def test_tier_safe_obeys_the_main_safe_alone(bench: Bench) -> None:
    there = bench.there
    leg = nested(there.safes.main, there.safes.core, *bench.transfer(there.safes.main))
    bench.refused(there.accounts["owner1"], *leg, "GS025")
    two = signed_execution(bench.rpc, there.safes.main, ["owner1", "owner2"], *leg)
    bench.refused(there.accounts["owner1"], there.safes.main, two, "GS020")
