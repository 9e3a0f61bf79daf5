"""Without this server: what the package holds is enough for a stranger with a node."""

from __future__ import annotations

from typing import Any

from config.local.chain.accounts import ACCOUNTS
from config.local.chain.rpc import Rpc
from execution.models import Transaction
from governance.models import Proposal
from tests.integration.governance.conftest import Stage
from tests.integration.governance.signatures.signing import ask_for_rejection, collecting, give


def package_of(stage: Stage, proposal: Proposal) -> dict[str, Any]:
    answer = stage.client("arne").get(f"/api/v1/proposals/{proposal.public_id}/package")
    assert answer.status_code == 200, answer.json()
    assert "attachment" in answer.headers["Content-Disposition"]
    found: dict[str, Any] = answer.json()
    return found


def send(stage: Stage, name: str, to: str, calldata: str) -> str:
    """The raw bytes, by somebody who has nothing to do with the service."""
    rpc = Rpc(stage.url)
    try:
        account = ACCOUNTS[name]  # type: ignore[index]
        rpc("anvil_setBalance", account.address, hex(10**18))
        data = bytes.fromhex(calldata[2:])
        sent = rpc.submit(account, 31337, rpc.nonce(account.address), to, data, gas=3_000_000)
        rpc.mine(rpc.timestamp() + 12)
        return str(rpc("eth_getTransactionReceipt", sent)["status"])
    finally:
        rpc.close()


def test_package__threshold_reached__a_strangers_key_executes_it(stage: Stage) -> None:
    proposal = collecting(stage)
    give(stage, proposal, "owner1", "board1")
    early = package_of(stage, proposal)["safe_transaction"]
    assert (early["calldata"], early["packed_signatures"]) == (None, None)
    assert early["missing"] == "the threshold is not reached"
    give(stage, proposal, "board2", "owner4")
    ready = package_of(stage, proposal)["safe_transaction"]
    assert ready["hash_matches"] is True
    assert {row["kind"] for row in ready["signatures"]} == {"EOA", "CONTRACT"}
    assert ready["command"].startswith(f"cast send {ready['safe']} 0x6a761202")
    assert send(stage, "stranger", ready["safe"], ready["calldata"]) == "0x1"
    assert not Transaction.objects.exists()


def test_package__of_a_rejection__kills_the_original(stage: Stage) -> None:
    proposal = collecting(stage)
    ask_for_rejection(stage, proposal)
    give(stage, proposal, "owner1", "owner2", "owner3")
    give(stage, proposal, "owner1", "owner2", "owner3", of_rejection=True)
    found = package_of(stage, proposal)
    rejection, original = found["rejection"], found["safe_transaction"]
    assert send(stage, "stranger", rejection["safe"], rejection["calldata"]) == "0x1"
    assert send(stage, "stranger", original["safe"], original["calldata"]) == "0x0"


def test_package__operator_safe__says_whose_signature_is_not_in_it(stage: Stage) -> None:
    stage.move("WETH", 1_100)
    proposal = stage.propose("core")
    stage.sweep()
    proposal.refresh_from_db()
    give(stage, proposal, "operator")
    found = package_of(stage, proposal)
    assert found["safe_transaction"]["calldata"] is None
    assert "executor's signature" in found["safe_transaction"]["missing"]
    guardian = found["guardian"]
    assert guardian["removes"] == stage.seeded.deployment.safes.operator
    assert send(stage, "owner4", guardian["to"], guardian["calldata"]) == "0x1"
