"""Two hundred tokens in each of five Safes, on the local chain.

The code of one token is copied to two hundred addresses, and balances are written straight into
storage: minting them would take a thousand transactions.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from config.local.chain.deployment import Deployment
from config.local.chain.rpc import Rpc
from treasury.adapters.chain import Pair
from treasury.core.types import Actor, ActorKind, Address
from treasury.models import SafeKind, Treasury
from treasury.services.portfolio import add_asset, add_safe, create_treasury
from treasury.services.prices import add_source

TOKENS = 200
BALANCES_SLOT = 0  # of OpenZeppelin's ERC20
FEEDS = ("USDC", "DAI")  # every token is priced by both
HEARTBEAT_SECONDS = 7 * 86_400
BENCH = Actor(ActorKind.SYSTEM, "benchmark")


@dataclass(frozen=True, slots=True)
class Holdings:
    """What each Safe has of each token, in the order in which it is read."""

    pairs: tuple[Pair, ...]
    units: tuple[int, ...]


def safes_of(deployment: Deployment) -> dict[str, Address]:
    at = deployment.safes
    named = {
        "main": at.main,
        "core": at.core,
        "yield": at.yield_,
        "board": at.board,
        "operator": at.operator,
    }
    return {name: Address(address) for name, address in named.items()}


def deploy_tokens(url: str, deployment: Deployment) -> Holdings:
    tokens = [Address(to_checksum_address(f"0x{0xB000 + i:040x}")) for i in range(TOKENS)]
    pairs = tuple(
        Pair(holder, token) for holder in safes_of(deployment).values() for token in tokens
    )
    units = tuple((number + 1) * 10**6 for number in range(len(pairs)))
    rpc = Rpc(url)
    code = rpc("eth_getCode", deployment.tokens["USDC"].address, "latest")
    rpc.reads("anvil_setCode", [(token, code) for token in tokens])
    rpc.reads(
        "anvil_setStorageAt",
        [
            (pair.asset, _balance_slot(pair.holder), f"0x{balance:064x}")
            for pair, balance in zip(pairs, units, strict=True)
        ],
    )
    rpc("evm_mine")
    rpc.close()
    return Holdings(pairs, units)


def record_treasury(url: str, deployment: Deployment, holdings: Holdings) -> Treasury:
    """The same in our rows, through the services; every token with two feeds."""
    treasury = create_treasury(
        name="Wide",
        chain_id=deployment.chain_id,
        executor_address=Address(deployment.accounts["executor"]),
        actor=BENCH,
    )
    for name, address in safes_of(deployment).items():
        add_safe(
            treasury_id=treasury.pk, name=name, address=address, kind=SafeKind.TIER, actor=BENCH
        )
    for number, pair in enumerate(holdings.pairs[:TOKENS]):
        asset = add_asset(
            treasury_id=treasury.pk,
            address=pair.asset,
            decimals=deployment.tokens["USDC"].decimals,
            symbol=f"T{number}",
            rpc_url=url,
            actor=BENCH,
        )
        for feed in FEEDS:
            add_source(
                asset_id=asset.pk,
                name=feed,
                kind="chainlink",
                parameters={
                    "feed": deployment.feeds[feed],
                    "decimals": 8,
                    "description": f"{feed} / USD",
                },
                upstream=f"{feed} feed",
                heartbeat_seconds=HEARTBEAT_SECONDS,
                actor=BENCH,
            )
    with connection.cursor() as cursor:  # autovacuum has had no time to
        cursor.execute("ANALYZE")
    return treasury


def _balance_slot(holder: Address) -> str:
    key = bytes.fromhex(holder[2:]).rjust(32, b"\0") + BALANCES_SLOT.to_bytes(32, "big")
    return "0x" + keccak(key).hex()
