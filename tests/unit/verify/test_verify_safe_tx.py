"""The offline verifier agrees with the service on hashes, passes what the service makes, and reads
nothing that could be read in two ways."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from eth_utils.crypto import keccak

from execution.core.abi import to_address
from execution.core.contracts import ZERO
from execution.core.safe_tx import domain_separator, message_hash, safe_tx_hash
from execution.core.types import Operation, SafeTxFields
from tests.unit.verify.exports import (
    KINDS,
    MAIN,
    POLICY,
    POLICY_FILE,
    REASONS,
    SCRIPTS,
    TIER,
    USDC,
    VERIFIER,
    forged,
    real_export,
)
from tests.unit.verify.forgeries import (
    FIELDS,
    MULTISEND,
    Document,
    lasting,
    set_at,
)

Verify = Callable[..., tuple[int, str]]


# ------------------------------------------------------------------------------------ hashes
def test_the_vendored_keccak_is_keccak() -> None:
    chance = random.Random(1)  # noqa: S311
    for size in (*range(0, 280, 9), 135, 136, 137, 271, 272, 273):
        data = chance.randbytes(size)
        assert VERIFIER.keccak(data) == keccak(data)


def test_a_damaged_keccak_refuses(verify: Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(VERIFIER, "RC", (2, *VERIFIER.RC[1:]))
    assert verify(forged())[0] == 2


def test_the_hash_is_the_service_s_hash_on_1000_random_field_sets() -> None:
    chance = random.Random(2)  # noqa: S311
    for _ in range(1_000):
        fields = SafeTxFields(
            chain_id=chance.randrange(1, 2**53),
            safe=to_address(chance.randbytes(20)),
            to=to_address(chance.randbytes(20)),
            value=chance.getrandbits(256),
            data=chance.randbytes(chance.randrange(130)),
            operation=chance.choice(list(Operation)),
            nonce=chance.getrandbits(chance.choice((3, 64))),
        )
        refund = {"gas_token": ZERO, "refund_receiver": ZERO}
        same = VERIFIER.Fields(
            fields.chain_id,
            fields.safe,
            fields.to,
            fields.value,
            fields.data,
            int(fields.operation),
            safe_tx_gas=0,
            base_gas=0,
            gas_price=0,
            nonce=fields.nonce,
            **refund,
        )
        assert VERIFIER.hashes(same) == (
            "0x" + domain_separator(fields.chain_id, fields.safe).hex(),
            "0x" + message_hash(fields).hex(),
            safe_tx_hash(fields),
        )


# ------------------------------------------------------------------------------------ controls
@pytest.mark.parametrize("kind", KINDS)
def test_what_the_service_exports_is_green(
    kind: str, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = real_export(kind, monkeypatch)
    code, shown = verify(document)
    assert code == 0, shown
    signed = document["safe_transaction"]
    at = [
        shown.index(text)
        for text in (
            "Domain hash     0x" + signed["domain_hash"][2:].upper(),
            "Message hash    0x" + signed["message_hash"][2:].upper(),
            "safeTxHash      " + signed["safe_tx_hash"],
        )
    ]
    assert at == sorted(at)
    for text in ("100,000 USDC for at least 25 WETH", "approve   0 USDC", "1.5 USDC into vault",
                 "1 vUSDC of vault", "transfer  25 USDC", document["evidence"]["digest"],
                 "minutes left"):  # fmt: skip
        assert text in shown
    if kind == "nested":
        assert f"predicted nonce 3, {document['nested'][0]['safe_tx_hash']}" in shown


@pytest.mark.parametrize("kind", KINDS)
def test_a_forgery_without_changes_is_the_real_export_but_for_words(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(document: Document) -> Document:
        def bare(calls: list[Document]) -> list[Document]:
            return [{"to": c["to"], "data": c["data"], "inner": bare(c["inner"])} for c in calls]

        return document | {"calls": bare(document["calls"]), "plan_digest": ""}

    assert read(forged(kind)) == read(real_export(kind, monkeypatch))


def test_it_runs_alone_with_nothing_but_the_standard_library(tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-S", str(SCRIPTS / "verify_safe_tx.py"), "--policy"]
    for document, code, word in (
        (forged("nested"), 0, "GREEN"),
        (forged("nested") | {"object": "proposal"}, 2, "REFUSED"),
    ):
        done = subprocess.run(  # noqa: S603
            [*command, str(POLICY_FILE)],
            input=json.dumps(document),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (code, "")
        assert word in done.stdout


# ------------------------------------------------------------------------------------ reading
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"nonce": "7"', '"nonce": "7", "nonce": "8"'),
        ('"nonce": "7"', '"nonce": 7.0'),
        ('"nonce": "7"', '"nonce": -7'),
        ('"nonce": "7"', '"nonce": true'),
        ('"nonce": "7"', '"nonce": "07"'),
        ('"nonce": "7"', '"nonce": "7", "extra": "1"'),
        ('"operation": 1', '"operation": 257'),
        ('"value": "0"', f'"value": "{2**256}"'),
        (MAIN, MAIN[:-1]),
        ("0x9641d764fc13c8B6", "0x9641D764fc13c8B6"),  # checksum
        ("{", "["),
    ],
)
def test_odd_json_is_refused(old: str, new: str, verify: Verify) -> None:
    text = json.dumps(forged())
    assert old in text
    assert verify(text.replace(old, new, 1))[0] == 2


@pytest.mark.parametrize("document", ["", "null", "[]", "7", '"x"', "[[]]", "{}", "[" * 5_000])
def test_what_is_no_export_is_refused(document: str, verify: Verify) -> None:
    assert verify(document)[0] == 2


def test_what_the_server_wrote_cannot_command_the_terminal(verify: Verify) -> None:
    document = forged(reasons=REASONS | {"trigger": "\x1b[2J\u202eGREEN\n"})
    code, shown = verify(document)
    assert code == 0
    assert "\x1b" not in shown
    assert "?[2J?GREEN? in treasury/core" in shown


def test_green_is_not_given_for_half_a_look(verify: Verify) -> None:
    closed = forged()
    closed["safe_transaction"]["status"] = "REPLACED"
    failed = set_at("simulation.ok", False)
    for document in (closed, failed, lasting(int(time.time()) + 200)):
        code, shown = verify(document)
        assert (code, "WARNING" in shown) == (1, True), shown
    assert verify(forged(), policy=POLICY | {"policy_hashes": []})[0] == 1


POLICIES: dict[str, Document] = {
    "a key missing": {key: value for key, value in POLICY.items() if key != "tier_safes"},
    "a key too many": POLICY | {"tier_safe": TIER},
    "old Safe": POLICY | {"safe_version": "1.1.1"},
    "no floor": POLICY | {"markets": [POLICY["markets"][0] | {"min_price": "0"}]},
    "no limit": POLICY | {"tokens": {USDC: {"symbol": "USDC", "decimals": 6}}},
    "odd limit": POLICY
    | {"tokens": {USDC: {"symbol": "USDC", "decimals": 6, "max_amount": "1.0000001"}}},
    "checksum": POLICY | {"deadline_router": POLICY["deadline_router"].replace("cDF", "cdF")},
}


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_that_is_not_whole_refuses_everything(name: str, verify: Verify) -> None:
    assert verify(forged(), policy=POLICIES[name])[0] == 2


# ------------------------------------------------------------------------------------ typed
def typed(document: Document, *more: str, without: str = "") -> list[str]:
    signed = document["safe_transaction"]
    given = {"chain_id": signed["chain_id"], "safe": signed["safe"], **signed["fields"]}
    flags = [
        text
        for name, value in given.items()
        if name != without
        for text in ("--" + name.replace("_", "-"), str(value))
    ]
    return ["--policy", str(POLICY_FILE), *flags, *more]


def test_ten_typed_fields_are_judged_alike(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document, text = forged("nested"), tmp_path / "evidence.json"
    text.write_text(document["evidence"]["text"])
    assert VERIFIER.main(typed(document)) == 1
    assert "no evidence text given" in capsys.readouterr().out
    assert VERIFIER.main(typed(document, "--evidence", str(text))) == 0
    assert document["safe_transaction"]["safe_tx_hash"] in capsys.readouterr().out
    assert VERIFIER.main(typed(forged(to=MULTISEND))) == 2


def test_files_and_typed_fields_together_are_refused() -> None:
    assert VERIFIER.main(typed(forged(), "a.json")) == 2


@pytest.mark.parametrize("name", ["chain_id", "safe", *FIELDS])
def test_a_typed_field_that_is_missing_is_an_error(name: str) -> None:
    assert VERIFIER.main(typed(forged(), without=name)) == 2
