"""The stored local chain: contracts, custody, prices over time, and the same on each build."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from config.local.chain import accounts, node
from config.local.chain.builder import addresses as at
from config.local.chain.builder import custody, protocols, roles
from config.local.chain.builder.packages import ensure_artefacts
from config.local.chain.cache import (
    ChainCache,
    ChainCacheError,
    build_into,
    ensure_chain,
    running_chain,
)
from config.local.chain.deployment import Deployment
from config.local.chain.rpc import Rpc, RpcError, encode_call, hexed, selector

SENTINEL = "0x0000000000000000000000000000000000000001"
WINDOW_SECONDS = 1_800


@pytest.fixture(scope="module")
def cache() -> ChainCache:
    return ensure_chain()


@pytest.fixture(scope="module")
def rpc(cache: ChainCache) -> Iterator[Rpc]:
    with running_chain(cache) as running:
        connection = running.rpc()
        yield connection
        connection.close()


@pytest.fixture(scope="module")
def there(cache: ChainCache) -> Deployment:
    return cache.manifest


def silent(_: str) -> None:
    return None


# ------------------------------------------------------------------------------------ addresses
def test_infrastructure_stands_at_its_mainnet_addresses(rpc: Rpc) -> None:
    expected = {name: place.address for name, place in at.HISTORIC.items()}
    expected |= at.SAFE_141 | at.ZODIAC | {"Packer": at.ROLES_LINKED_PACKER}
    expected |= {symbol: address for symbol, (_, address, _) in at.TOKENS.items()}
    expected |= {f"{a}/{b} {fee}": address for (a, b, fee), address in at.V3_POOLS.items()}
    missing = [
        n for n, address in expected.items() if rpc("eth_getCode", address, "latest") == "0x"
    ]
    assert missing == []


def test_pools_are_made_of_the_published_creation_code() -> None:
    code = ensure_artefacts(silent)["UniswapV3Pool"].creation_code()
    assert keccak(code).hex() == at.V3_POOL_INIT_CODE_HASH


def test_tokens_and_feeds_answer_as_the_manifest_says(rpc: Rpc, there: Deployment) -> None:
    for symbol, token in there.tokens.items():
        assert rpc.read(token.address, "symbol()", returns=["string"]) == (symbol,)
        assert rpc.read_int(token.address, "decimals()") == token.decimals
    for symbol, feed in there.feeds.items():
        usd = protocols.GENESIS_PRICES_USD[symbol]
        assert rpc.read_int(feed, "latestAnswer()") == usd * 10**8
        assert rpc.read_int(feed, "latestTimestamp()") == there.head_timestamp
        assert rpc.read_int(feed, "decimals()") == 8


def test_manifest_survives_json(there: Deployment) -> None:
    assert Deployment.from_json(there.to_json()) == there
    assert there.pool("USDC", "WETH").fee == 500
    assert there.pool("USDC", "WBTC", 3000) in there.pools
    with pytest.raises(KeyError):
        there.pool("DAI", "WBTC")


def test_demo_accounts_are_distinct_and_named(there: Deployment) -> None:
    assert len(accounts.DEMO_ADDRESSES) == len(accounts.NAMES)
    assert set(there.accounts.values()) == accounts.DEMO_ADDRESSES


# ------------------------------------------------------------------------------------ custody
def test_safes_have_the_owners_and_thresholds_of_the_design(rpc: Rpc, there: Deployment) -> None:
    safes, who = there.safes, there.accounts
    people = [who[f"owner{number}"] for number in range(1, 5)]
    expected = {
        safes.main: ([*people, safes.board], 3),
        safes.core: ([safes.main], 1),
        safes.yield_: ([safes.main], 1),
        safes.board: ([who["board1"], who["board2"]], 2),
        safes.operator: ([who["executor"], who["operator"]], 2),
    }
    for safe, (owners, threshold) in expected.items():
        listed = rpc.read(safe, "getOwners()", returns=["address[]"])[0]
        assert [to_checksum_address(owner) for owner in listed] == owners
        assert rpc.read_int(safe, "getThreshold()") == threshold
    assert there.owners == (*people, safes.board)
    assert rpc.read_int(safes.main, "nonce()") == 1, "one batch put all roles in force"


def test_each_tier_safe_has_exactly_its_own_modifier(rpc: Rpc, there: Deployment) -> None:
    for safe, modifier in (
        (there.safes.core, there.roles.core),
        (there.safes.yield_, there.roles.yield_),
        (there.safes.main, there.roles.main),
    ):
        listing = "getModulesPaginated(address,uint256)"
        found = rpc.read(safe, listing, SENTINEL, 10, returns=["address[]", "address"])[0]
        assert [to_checksum_address(module) for module in found] == [modifier]
        assert rpc.read_address(modifier, "owner()") == there.safes.main
        assert rpc.read_address(modifier, "avatar()") == safe
        assert rpc.read_address(modifier, "target()") == safe


def test_members_hold_the_roles(rpc: Rpc, there: Deployment) -> None:
    """A modifier enables each member of a role as a module of its own."""
    members = {(member.roles, member.account) for member in there.members}
    everybody = [
        *there.accounts.values(),
        there.safes.operator,
        there.safes.main,
        there.safes.board,
    ]
    for modifier in (there.roles.core, there.roles.yield_, there.roles.main):
        for account in everybody:
            enabled = rpc.read(modifier, "isModuleEnabled(address)", account, returns=["bool"])[0]
            assert enabled is ((modifier, account) in members)
    assert (there.roles.core, there.safes.operator) in members
    assert (there.roles.yield_, there.accounts["executor"]) in members


def test_allowances_of_the_manifest_are_those_of_the_chain(rpc: Rpc, there: Deployment) -> None:
    assert len(there.allowances) == len(roles.CORE_LIMITS) + len(roles.YIELD_LIMITS)
    returns = ["uint128", "uint128", "uint64", "uint128", "uint64"]
    for item in there.allowances:
        key = bytes.fromhex(item.allowance_key[2:])
        refill, max_refill, period, balance, _ = rpc.read(
            item.roles, "allowances(bytes32)", key, returns=returns
        )
        assert (refill, max_refill, period) == (item.refill, item.max_refill, item.period)
        assert balance == item.max_refill, "nothing was used"
        assert key.rstrip(b"\0").decode() == item.name


def test_treasury_holds_what_it_should(rpc: Rpc, there: Deployment) -> None:
    for name, amounts in custody.FUNDS.items():
        for symbol, amount in amounts.items():
            token, safe = there.tokens[symbol], getattr(there.safes, name)
            assert rpc.balance_of(token.address, safe) == token.units(amount)
    shares = rpc.balance_of(there.vault.address, there.safes.yield_)
    worth = rpc.read_int(there.vault.address, "convertToAssets(uint256)", shares)
    assert abs(worth - 300_000 * 10**6) < 10**6
    assert int(rpc("eth_getBalance", there.accounts["executor"], "latest"), 16) == 10 * 10**18


# ------------------------------------------------------------------------------------ markets
def test_every_pool_answers_a_half_hour_average(rpc: Rpc, there: Deployment) -> None:
    for pool in there.pools:
        slot0 = rpc.read(
            pool.address,
            "slot0()",
            returns=["uint160", "int24", "uint16", "uint16", "uint16", "uint8", "bool"],
        )
        assert slot0[3] >= 200, "slots for half an hour of blocks"
        cumulative = rpc.read(
            pool.address,
            "observe(uint32[])",
            [WINDOW_SECONDS, 0],
            returns=["int56[]", "uint160[]"],
        )[0]
        mean_tick = (cumulative[1] - cumulative[0]) // WINDOW_SECONDS
        assert abs(mean_tick - slot0[1]) <= 2, "within 2 bp of the price now"


@pytest.mark.parametrize(
    ("sold", "bought", "fee", "units", "fair"),
    [
        ("USDC", "WETH", 500, 50_000 * 10**6, 50_000 * 10**18 // 3_000),
        ("USDC", "WBTC", 3000, 50_000 * 10**6, 50_000 * 10**8 // 60_000),
        ("DAI", "USDC", 100, 50_000 * 10**18, 50_000 * 10**6),
        ("WETH", "WBTC", 3000, 16 * 10**18, 16 * 3_000 * 10**8 // 60_000),
    ],
)
def test_trades_of_fifty_thousand_dollars_cost_little_but_the_fee(
    rpc: Rpc, there: Deployment, sold: str, bought: str, fee: int, units: int, fair: int
) -> None:
    quote = "quoteExactInputSingle((address,address,uint256,uint24,uint160))"
    pair = (there.tokens[sold].address, there.tokens[bought].address)
    returns = ["uint256", "uint160", "uint32", "uint256"]
    out = rpc.read(there.contracts.quoter_v2, quote, (*pair, units, fee, 0), returns=returns)[0]
    cost_bps = (fair - out) * 10_000 // fair
    assert fee // 100 <= cost_bps < fee // 100 + 10


def test_awkward_tokens_are_awkward(rpc: Rpc, there: Deployment) -> None:
    sender, receiver = there.accounts["stranger"], there.accounts["operator"]
    account = accounts.ACCOUNTS["stranger"]
    returned = {}
    first = rpc.nonce(sender)
    with node.rewound(rpc):
        for offset, (symbol, token) in enumerate(there.awkward_tokens.items()):
            data = encode_call("transfer(address,uint256)", receiver, 10_000)
            call = {"from": sender, "to": token.address, "data": hexed(data)}
            returned[symbol] = rpc("eth_call", call, "latest")
            to = token.address
            rpc.submit(account, there.chain_id, first + offset, to, data, gas=200_000)
        rpc.mine(there.head_timestamp + 12)
        got = {s: rpc.balance_of(t.address, receiver) for s, t in there.awkward_tokens.items()}
        assert got == {"NORET": 10_000, "FEE": 9_900, "BLACK": 10_000}
        assert returned["NORET"] == "0x", "no return value at all"
        black = there.awkward_tokens["BLACK"].address
        block = encode_call("setBlocked(address,bool)", receiver, True)
        deployer = accounts.ACCOUNTS["deployer"]
        nonce = rpc.nonce(deployer.address)
        rpc.submit(deployer, there.chain_id, nonce, black, block, gas=200_000)
        rpc.mine(there.head_timestamp + 24)
        move = encode_call("transfer(address,uint256)", receiver, 1)
        with pytest.raises(RpcError, match="blacklisted"):
            rpc("eth_call", {"from": sender, "to": black, "data": hexed(move)}, "latest")


# ------------------------------------------------------------------------------------ storage
def test_second_build_gives_the_same_head(cache: ChainCache, tmp_path: Path) -> None:
    again = build_into(tmp_path)
    assert again.head_hash == cache.head_hash
    assert again.manifest == cache.manifest


def test_history_is_readable_after_loading(rpc: Rpc, there: Deployment) -> None:
    """Logs of all blocks; state of the last few, which `finalized` may lag behind."""
    answers = "AnswerUpdated(int256,uint256,uint256)"
    query = {
        "fromBlock": "0x0",
        "toBlock": "latest",
        "address": there.feeds["WETH"],
        "topics": [hexed(keccak(text=answers))],
    }
    assert len(rpc("eth_getLogs", query)) > 60
    finalized = rpc.block("finalized")["number"]
    assert int(finalized, 16) < there.head_number
    usdc = there.tokens["USDC"].address
    assert rpc.read_int(usdc, "totalSupply()", block=finalized) > 0


def test_state_at_an_old_block_stays_readable(rpc: Rpc, there: Deployment) -> None:
    usdc, holder = there.tokens["USDC"].address, there.safes.core
    with node.rewound(rpc):
        pinned = hex(there.head_number)
        before = rpc.balance_of(usdc, holder)
        mint = encode_call("mint(address,uint256)", holder, 7)
        deployer = accounts.ACCOUNTS["deployer"]
        nonce = rpc.nonce(deployer.address)
        sent = rpc.submit(deployer, there.chain_id, nonce, usdc, mint, gas=100_000)
        for number in range(1, 41):
            rpc.mine(there.head_timestamp + 12 * number)
        assert rpc.balance_of(usdc, holder) == before + 7
        assert rpc.read_int(usdc, "balanceOf(address)", holder, block=pinned) == before
        receipt = rpc("eth_getTransactionReceipt", sent)
        assert int(receipt["status"], 16) == 1
        assert len(receipt["logs"]) == 1


def test_other_chain_than_the_built_one_is_refused(cache: ChainCache) -> None:
    other = ChainCache(cache.state_path, cache.manifest, "0x" + "00" * 32)
    with pytest.raises(ChainCacheError), running_chain(other):
        pass


def test_rewinding_leaves_no_trace_in_later_blocks(rpc: Rpc, there: Deployment) -> None:
    hashes = []
    for _ in range(2):
        with node.rewound(rpc):
            rpc.mine(there.head_timestamp + 12)
            rpc.mine(there.head_timestamp + 24)
            hashes.append(rpc.block()["hash"])
    assert hashes[0] == hashes[1]


def test_selectors_are_those_of_the_interfaces() -> None:
    assert selector("transfer(address,uint256)").hex() == "a9059cbb"
    assert selector(roles.SWAP).hex() == "414bf389"
    assert selector(roles.DEADLINE).hex() == "5ae401dc"
    assert selector("aggregate3((address,bool,bytes)[])").hex() == "82ad56cb"
    assert selector(custody.EXECUTE).hex() == "6a761202"
