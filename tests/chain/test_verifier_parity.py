"""The offline verifier hashes as the contracts do: 4 Safe versions x 1,000 random transactions.

The contracts are the published ones, put on the local chain as they are and set up by their own
`setup`; what they say comes from `getTransactionHash` by `eth_call`, in batches. 1.1.1 is hashed
right, and refused.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from safe_eth.eth import contracts

from config.local.chain.accounts import CHAIN_ID
from execution.core.abi import encode_call, to_address
from execution.core.contracts import ZERO
from tests.conftest import Chain
from tests.unit.verify.exports import POLICY, VERIFIER, forged
from treasury.adapters.rpc import Request, Rpc
from treasury.core.types import Address

VERSIONS = {
    "1.1.1": "GnosisSafe_V1_1_1",
    "1.3.0": "GnosisSafe_V1_3_0",
    "1.4.1": "Safe_V1_4_1",
    "1.5.0": "Safe_V1_5_0",
}
EACH, BATCH = 1_000, 250
ABIS = Path(str(contracts.__file__)).parent / "abis"
SETUP = "setup(address[],uint256,address,bytes,address,address,uint256,address)"
GET_HASH = (
    "getTransactionHash(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,"
    "uint256)"
)
OWNER = to_address("0x" + "0a" * 20)
EDGES = (0, 1, 2**53 + 1, 2**255, 2**256 - 1)
LENGTHS = (0, 1, 4, 31, 32, 33, 68, 135, 136, 137, 300)


def safe_of(version: str, rpc: Rpc) -> Address:
    """That version's own code, set up; its constructor, which would forbid that, did not run."""
    code = json.loads((ABIS / f"{VERSIONS[version]}.json").read_text())["deployedBytecode"]
    safe = to_address("0x" + version.replace(".", "").rjust(40, "5"))
    rpc.call("anvil_setCode", safe, code)
    setup = encode_call(SETUP, [OWNER], 1, ZERO, b"", ZERO, ZERO, 0, ZERO)
    rpc.call("anvil_setBalance", OWNER, hex(10**18))
    rpc.call("anvil_impersonateAccount", OWNER)
    sent = rpc.call("eth_sendTransaction", {"from": OWNER, "to": safe, "data": "0x" + setup.hex()})
    rpc.call("evm_mine")
    assert int(rpc.call("eth_getTransactionReceipt", sent)["status"], 16) == 1
    return safe


def transactions(safe: Address, seed: str) -> Iterator[dict[str, Any]]:
    """The ten fields as a document has them; about half of the numbers are edges."""
    chance = random.Random(seed)  # noqa: S311  reproducible on purpose

    def number() -> int:
        return chance.choice((*EDGES, *(chance.getrandbits(n) for n in (8, 64, 128, 200, 256))))

    def place() -> str:
        return to_address(chance.choice((bytes(20), chance.randbytes(20))))

    for _ in range(EACH):
        numbers = {
            name: str(number())
            for name in ("value", "safe_tx_gas", "base_gas", "gas_price", "nonce")
        }
        places = {name: place() for name in ("to", "gas_token", "refund_receiver")}
        data = "0x" + chance.randbytes(chance.choice(LENGTHS)).hex()
        yield numbers | places | {"data": data, "operation": chance.choice((0, 1))}


def asked(rpc: Rpc, safe: Address, rows: Sequence[dict[str, Any]]) -> list[str]:
    """The contract's own hashes."""
    requests = [
        Request("eth_call", ({"to": safe, "data": "0x" + _call(row).hex()}, "latest"))
        for row in rows
    ]
    found: list[str] = []
    for start in range(0, len(requests), BATCH):
        found += rpc.batch(requests[start : start + BATCH])
    return found


def _call(row: dict[str, Any]) -> bytes:
    return encode_call(
        GET_HASH,
        row["to"],
        int(row["value"]),
        bytes.fromhex(row["data"][2:]),
        row["operation"],
        int(row["safe_tx_gas"]),
        int(row["base_gas"]),
        int(row["gas_price"]),
        row["gas_token"],
        row["refund_receiver"],
        int(row["nonce"]),
    )


def test_verifier__four_versions__hashes_as_the_contracts(
    chain: Chain, capsys: pytest.CaptureFixture[str]
) -> None:
    equal = 0
    with Rpc(chain.url) as rpc:
        for version in VERSIONS:
            safe = safe_of(version, rpc)
            rows = list(transactions(safe, f"parity {version}"))
            for row, theirs in zip(rows, asked(rpc, safe, rows), strict=True):
                fields = VERIFIER.read_fields(CHAIN_ID, safe, row)
                ours = VERIFIER.hashes(fields, version == "1.1.1")[2]
                assert ours == theirs, (version, row)
                equal += 1
    with capsys.disabled():
        print(f"\nverifier = contract: {equal} of {len(VERSIONS)} versions x {EACH}")  # noqa: T201
    assert equal == len(VERSIONS) * EACH == 4_000


def test_verifier__safe_1_1_1__hash_shown_and_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps(POLICY | {"safe_version": "1.1.1"}))
    document = tmp_path / "export.json"
    document.write_text(json.dumps(forged()))
    assert VERIFIER.main(["--policy", str(policy), str(document)]) == VERIFIER.REFUSE
    shown = capsys.readouterr().out
    assert "Safe below 1.3.0" in shown
    signed = forged()["safe_transaction"]
    fields = VERIFIER.read_fields(signed["chain_id"], signed["safe"], signed["fields"])
    assert VERIFIER.hashes(fields, is_old=True)[2] in shown
