"""Balances and token facts from the real chain."""

from __future__ import annotations

import pytest

from config.local.chain.cache import ensure_chain
from tests.conftest import Chain
from treasury.adapters.chain import (
    Pair,
    TokenFacts,
    UnreadableTokenError,
    read_state,
    read_token,
)
from treasury.adapters.rpc import Rpc, RpcError, RpcUnavailableError
from treasury.core.types import NATIVE, Address, BlockRef

DEPLOYMENT = ensure_chain().manifest
CORE = Address(DEPLOYMENT.safes.core)
WETH = Address(DEPLOYMENT.tokens["WETH"].address)


def holder(number: int) -> Address:
    return Address(f"0x{number + 1:040x}")


def test_a_thousand_balances_in_two_round_trips(chain: Chain) -> None:
    pairs = [
        Pair(holder(number), Address(token.address))
        for number in range(249)
        for token in DEPLOYMENT.tokens.values()
    ]
    pairs += [Pair(CORE, WETH), Pair(CORE, NATIVE), Pair(holder(0), NATIVE)]
    pairs.append(Pair(Address(DEPLOYMENT.safes.main), NATIVE))
    assert len(pairs) == 1_000
    chain.rpc("anvil_setBalance", holder(0), hex(2**200 + 1))
    chain.rpc("anvil_mine", "0x1")
    with Rpc(chain.url) as rpc:
        block = rpc.block()
        before = rpc.round_trips
        state = read_state(rpc, pairs, block=block)
        assert rpc.round_trips - before == state.round_trips <= 2
        expected = int(rpc.call("eth_getBalance", DEPLOYMENT.safes.main, "latest"), 16)
        header = rpc.raw_block()
    assert state.units[996] == 160 * 10**18
    assert state.units[997:] == (0, 2**200 + 1, expected)
    assert state.base_fee_wei == int(header["baseFeePerGas"], 16)


def test_reads_are_pinned_to_their_block(chain: Chain) -> None:
    with Rpc(chain.url) as rpc:
        block = rpc.block()
        chain.rpc("anvil_mine", "0x1")
        chain.rpc("anvil_setBalance", holder(0), hex(5))
        chain.rpc("anvil_mine", "0x1")
        assert read_state(rpc, [Pair(holder(0), NATIVE)], block=block).units == (0,)
        assert read_state(rpc, [Pair(holder(0), NATIVE)], block=rpc.block()).units == (5,)


def test_a_block_that_the_node_does_not_know_is_an_error(chain: Chain) -> None:
    with Rpc(chain.url) as rpc:
        head = rpc.block()
        for block in (
            BlockRef(head.number, "0x" + "ee" * 32, head.timestamp),
            BlockRef(head.number + 1, head.hash, head.timestamp),
        ):
            with pytest.raises((RpcError, RpcUnavailableError)):
                read_state(rpc, [Pair(CORE, WETH)], block=block)


@pytest.mark.parametrize("address", [CORE, holder(77), Address(DEPLOYMENT.feeds["WETH"])])
def test_a_contract_that_is_no_token_is_an_error_and_not_a_zero(
    chain: Chain, address: Address
) -> None:
    with Rpc(chain.url) as rpc, pytest.raises(UnreadableTokenError, match=address):
        read_state(rpc, [Pair(CORE, WETH), Pair(CORE, address)], block=rpc.block())


def test_token_facts(chain: Chain) -> None:
    with Rpc(chain.url) as rpc:
        assert read_token(rpc, NATIVE) == TokenFacts("ETH", 18)
        for token in (*DEPLOYMENT.tokens.values(), *DEPLOYMENT.awkward_tokens.values()):
            found = read_token(rpc, Address(token.address))
            assert found == TokenFacts(token.symbol, token.decimals)
        with pytest.raises(UnreadableTokenError, match="no ERC-20"):
            read_token(rpc, holder(77))
