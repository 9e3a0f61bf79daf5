"""A contract that speaks when told to, and a tier that listens: dollars' Approval events."""

from __future__ import annotations

from typing import Any

from config.local.chain.accounts import ACCOUNTS
from tests.integration.treasury.world import World, publish_core_policy

APPROVAL = "0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925"
APPROVE = "0x095ea7b3"
TRIGGER: dict[str, Any] = {
    "kind": "THRESHOLD",
    "interval_seconds": 0,
    "max_age_seconds": 0,
    "cooldown_seconds": 0,
}


def listen(world: World, **changes: Any) -> None:
    """The core tier's policy watches the dollar's approvals; its bands are wide."""
    logs = [{"contract": world.address("USDC"), "topic": APPROVAL}]
    targets = [
        {
            "asset": world.address(symbol),
            "weight_bps": weight,
            "band": {"kind": "ABSOLUTE", "absolute_bps": 10_000, "relative_bps": 0},
            "reserve_units": 0,
        }
        for symbol, weight in (("WETH", 2_000), ("USDC", 5_000), ("WBTC", 3_000))
    ]
    publish_core_policy(
        world, trigger=TRIGGER | {"events": {"logs": logs}} | changes, targets=targets
    )


def approvals(world: World, *amounts: int) -> list[str]:
    """Signed transactions of the executor, to be sent in this order."""
    account = ACCOUNTS["executor"]
    nonce = int(world.chain.rpc("eth_getTransactionCount", account.address, "latest"), 16)
    found = []
    for index, amount in enumerate(amounts):
        data = APPROVE + account.address[2:].lower().rjust(64, "0") + f"{amount:064x}"
        signed = account.sign_transaction(
            {
                "type": 2,
                "chainId": world.treasury.chain_id,
                "nonce": nonce + index,
                "to": bytes.fromhex(world.address("USDC")[2:]),
                "data": bytes.fromhex(data[2:]),
                "value": 0,
                "gas": 100_000,
                "maxPriorityFeePerGas": 10**8,
                "maxFeePerGas": 10**11,
            }
        )
        found.append("0x" + bytes(signed.raw_transaction).hex())
    return found


def speak(world: World, *amounts: int) -> list[str]:
    """One approval each, all of them in the next block; the transactions' hashes."""
    return send(world, *approvals(world, *amounts))


def send(world: World, *signed: str) -> list[str]:
    """Into exactly one block: a node that mines by itself would take its time."""
    rpc = world.chain.rpc
    mines_itself = rpc("anvil_getAutomine")
    rpc("evm_setAutomine", False)
    hashes = [str(rpc("eth_sendRawTransaction", raw)) for raw in signed]
    mine(world)
    rpc("evm_setAutomine", mines_itself)
    return hashes


def mine(world: World, blocks: int = 1) -> None:
    for _ in range(blocks):
        world.chain.rpc("evm_mine")
