"""Addresses, calls, legs and plans for tests of pure code."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import strategies as st

from execution.core import planning
from execution.core.abi import encode_call, to_address
from execution.core.contracts import SWAP_ROUTER
from execution.core.decoding import FunctionSpec
from execution.core.types import Call, ExecutionPlan, Leg, LegKind, Mechanism
from treasury.core.types import Address, BlockRef, CostEstimate

MAIN = to_address("0x" + "a1" * 20)
TIER = to_address("0x" + "b2" * 20)
MODIFIER = to_address("0x" + "c3" * 20)
EXECUTOR = to_address("0x" + "d4" * 20)
USDC = to_address("0x" + "e5" * 20)
WETH = to_address("0x" + "f6" * 20)
BLOCK = BlockRef(7, "0x" + "07" * 32, 1_700_000_000)
ROLE = "0x" + "52" * 32
SWAP = "exactInputSingle((address,address,uint24,address,uint256,uint256,uint256,uint160))"
NAMES = ("token_in", "token_out", "fee", "recipient", "deadline", "sold", "least", "limit")
FUNCTIONS = (FunctionSpec(SWAP, NAMES, "swap"),)

addresses = st.binary(min_size=20, max_size=20).map(to_address)
units = st.integers(min_value=0, max_value=2**256 - 1)


def swap_call(safe: Address, sold: int = 100, least: int = 40) -> Call:
    arguments = (USDC, WETH, 500, safe, 9_999, sold, least, 0)
    return Call(SWAP_ROUTER, 0, encode_call(SWAP, arguments), "swap")


def leg(safe: Address = MAIN, *, sold: int = 100, least: int = 40, index: int = 0) -> Leg:
    return Leg(
        index=index,
        kind=LegKind.SWAP,
        venue="uniswap_v3",
        safe=safe,
        recipient=safe,
        sell=USDC,
        buy=WETH,
        sell_units=sold,
        expected_buy_units=least + 1,
        min_buy_units=least,
        value_usd=Decimal(100),
        cost=CostEstimate(),
        calls=(
            planning.approve_call(USDC, SWAP_ROUTER, sold),
            swap_call(safe, sold, least),
            planning.approve_call(USDC, SWAP_ROUTER, 0),
        ),
    )


def plan(
    *, acting: Address = MAIN, mechanism: Mechanism = Mechanism.SAFE, digest: str = "11" * 32
) -> ExecutionPlan:
    legs = (leg(acting),)
    by_role = mechanism is Mechanism.ROLES
    return ExecutionPlan(
        chain_id=31337,
        mechanism=mechanism,
        main_safe=MAIN,
        acting_safe=acting,
        modifier=MODIFIER if by_role else None,
        role_key=ROLE if by_role else "",
        member=EXECUTOR if by_role else None,
        member_is_safe=False,
        expires_at=BLOCK.timestamp + 60,
        legs=legs,
        batch=planning.batch(legs, BLOCK.timestamp + 60, digest),
        evidence_digest=digest,
        block=BLOCK,
    )


def with_leg(base: ExecutionPlan, changed: Leg) -> ExecutionPlan:
    legs = (changed,)
    return replace(
        base, legs=legs, batch=planning.batch(legs, base.expires_at, base.evidence_digest)
    )
