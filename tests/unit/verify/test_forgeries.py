"""Every tampered export is refused, also one whose every statement agrees with the others, and by
the rule that it breaks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from execution.core import planning
from execution.core.abi import encode_call
from execution.core.contracts import TRANSFER
from execution.core.types import Operation, SafeTxFields
from tests.unit.verify.exports import (
    EVIL,
    KINDS,
    MAIN,
    MODIFIER,
    POLICY,
    TIER,
    UNTIL,
    USDC,
    VERIFIER,
    acting,
    forged,
    middle_of,
    packed,
    signed_part,
)
from tests.unit.verify.forgeries import (
    FIELDS,
    FORGED,
    rehash,
    set_at,
    swap,
)

Verify = Callable[..., tuple[int, str]]


# ------------------------------------------------------------------------------------ ten fields
CHANGED = {
    "to": EVIL, "value": "1", "data": "0x", "operation": 0, "safe_tx_gas": "1", "base_gas": "1",
    "gas_price": "1", "gas_token": USDC, "refund_receiver": EVIL, "nonce": "8",
}  # fmt: skip


@pytest.mark.parametrize("name", FIELDS)
def test_atk_1_to_10_a_changed_field_is_not_what_was_hashed(name: str, verify: Verify) -> None:
    document = forged()
    document["safe_transaction"]["fields"][name] = CHANGED[name]
    code, shown = verify(document)
    assert code == 2
    assert "states another safe_tx_hash" in shown


@pytest.mark.parametrize("name", [name for name in FIELDS if name != "nonce"])
def test_atk_1_to_9_a_changed_field_is_refused_also_with_its_own_hash(
    name: str, verify: Verify
) -> None:
    document = forged()
    rehash(document, **{name: CHANGED[name]})
    code, shown = verify(document)
    assert code == 2
    assert "states another safe_tx_hash" not in shown


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("value", [None, "", "gone"])
def test_a_missing_field_is_an_error_never_zero(
    name: str, value: str | None, verify: Verify
) -> None:
    document = forged()
    if value == "gone":
        del document["safe_transaction"]["fields"][name]
    else:
        document["safe_transaction"]["fields"][name] = value
    code, shown = verify(document)
    assert code == 2
    assert "missing" in shown


PATHS = (
    "object", "expires_at", "plan_digest_matches", "simulation", "simulation.ok", "calls", "nested",
    "legs", "evidence", "evidence.text", "evidence.digest", "evidence.covers", "safe_transaction",
    "safe_transaction.safe", "safe_transaction.chain_id", "safe_transaction.domain_hash",
    "safe_transaction.message_hash", "safe_transaction.safe_tx_hash", "safe_transaction.status",
    "safe_transaction.hash_matches", "nested.0.safe_tx_hash", "nested.0.fields",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_an_export_without_a_part_is_refused(path: str, verify: Verify) -> None:
    document = forged("nested")
    *way, last = path.split(".")
    holder: Any = document
    for step in way:
        holder = holder[int(step)] if step.isdecimal() else holder[step]
    del holder[last]
    assert verify(document)[0] == 2


@pytest.mark.parametrize("name", FORGED)
def test_a_forgery_is_refused_by_its_own_rule(name: str, verify: Verify) -> None:
    make, words = FORGED[name]
    code, shown = verify(make())
    assert code == 2, shown
    assert any(words in line for line in shown.splitlines() if "REFUSE" in line), shown
    assert "states another safe_tx_hash" not in shown


@pytest.mark.parametrize("kind", KINDS)
def test_a_swap_of_the_acting_safe_alone_is_green(kind: str, verify: Verify) -> None:
    code, shown = verify(forged(kind, middle=swap(acting(kind))))
    assert code == 0, shown


OTHER_HASH = "0x" + "ab" * 32
TEXT = forged("nested")["evidence"]["text"]
STATED = {
    "safe_transaction.domain_hash": OTHER_HASH,
    "safe_transaction.message_hash": OTHER_HASH,
    "safe_transaction.safe_tx_hash": OTHER_HASH,
    "safe_transaction.hash_matches": False,
    "safe_transaction.chain_id": 10,
    "safe_transaction.safe": EVIL,
    "plan_digest_matches": False,
    "expires_at": UNTIL + 1,
    "evidence.digest": "ab" * 32,
    "evidence.text": TEXT.replace("HYBRID", "DRIFT"),
    "evidence.covers": {"reasons": "others"},
    "evidence.covers.reasons.policy.hash": "ab" * 32,
    "legs.0.min_buy_units": 10**18,
    "calls": [],
    "calls.0.to": MAIN,
    "calls.0.inner.0.to": EVIL,
    "calls.0.inner.7.data": "0x" + encode_call(TRANSFER, EVIL, 1).hex(),
    "nested": [],
    "nested.0.safe": MAIN,
    "nested.0.safe_tx_hash": OTHER_HASH,
    "nested.0.fields.nonce": "9",
    "nested.0.fields.gas_price": "1",
}


@pytest.mark.parametrize("path", STATED)
def test_a_false_statement_of_the_server_is_refused(path: str, verify: Verify) -> None:
    """Among them ATK-36: a replaced policy hash is not what was signed for."""
    code, shown = verify(set_at(path, STATED[path]))
    assert code == 2, shown


def test_atk_12_a_call_that_the_evidence_does_not_know_is_refused(verify: Verify) -> None:
    old = forged()["evidence"]["digest"]
    document = forged(middle=middle_of("main")[:3], last=planning.evidence_call(old))
    kept = {name: forged()[name] for name in ("evidence", "legs")}
    code, shown = verify(document | kept)
    assert code == 2
    assert [line for line in shown.splitlines() if "REFUSE " in line] == [
        "REFUSE evidence: its legs are not the calls of the batch"
    ]


def test_nested_frames_agree_with_the_outer_one(verify: Verify) -> None:
    inner = packed(
        [planning.deadline_call(UNTIL - 1), *swap(TIER), planning.evidence_call("1" * 64)]
    )
    document = forged("nested", nested={"data": inner})
    code, shown = verify(document)
    assert code == 2
    assert "nested: another deadline or evidence than outside" in shown


def test_another_nested_transaction_with_its_own_hash_is_refused(verify: Verify) -> None:
    document = forged("nested")
    row = document["nested"][0]
    document["nested"] = [signed_part(SafeTxFields(1, TIER, EVIL, 0, b"", Operation.CALL, 3))]
    assert row["fields"].keys() == document["nested"][0]["fields"].keys()
    code, shown = verify(document)
    assert code == 2
    assert "the server states other fields than the batch" in shown


def test_another_member_of_the_modifier_is_refused(verify: Verify) -> None:
    row = {**POLICY["modifiers"][MODIFIER], "member": EVIL}
    code, shown = verify(forged("role"), policy=POLICY | {"modifiers": {MODIFIER: row}})
    assert code == 2
    assert "no modifier of this Safe" in shown


def test_atk_20_only_the_canonical_encoding_is_read() -> None:
    good = packed(swap())
    (inner,) = VERIFIER.decode("multiSend(bytes)", good)
    assert [found.data for found in VERIFIER.split(inner)] == [known.data for known in swap()]
    moved = good[:4] + (64).to_bytes(32, "big") + bytes(32) + good[36:]
    padded = good[:-1] + b"\1"
    longer = good[:36] + (len(inner) + 32).to_bytes(32, "big") + good[68:]
    assert good[-1] == 0
    for bad in (moved, padded, longer, good[:-32], good[:30], good + bytes(32), b"\0" + good[1:]):
        with pytest.raises(VERIFIER.RefusedError):
            VERIFIER.decode("multiSend(bytes)", bad)
    for bad in (inner[:-1], inner[:-70], inner + b"\0", inner + bytes(84)):
        with pytest.raises(VERIFIER.RefusedError):
            VERIFIER.split(bad)


def test_a_text_that_is_not_canonical_is_refused(verify: Verify) -> None:
    document = forged()
    document["evidence"]["text"] = " " + document["evidence"]["text"]
    assert "not in canonical form" in verify(document)[1]


def test_several_transactions_at_one_nonce_are_refused(verify: Verify) -> None:
    one, other = forged(), forged(middle=swap())
    later = forged(middle=swap(), nonce=8)
    assert verify(one, later)[0] == 0
    assert verify([one, later])[0] == 0
    for given in ((one, other), ([one, other],), (one, later, one)):
        code, shown = verify(*given)
        assert code == 2
        assert "several transactions at nonce 7" in shown
