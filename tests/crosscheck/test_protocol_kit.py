"""Our Safe transaction hashes and packed signatures, judged by Safe's own kit and by the contract.

One Node.js process and one anvil with the stored chain for the whole file. Three sides compute each
hash on their own: `execution.core.safe_tx`, the kit, and `getTransactionHash` of the main Safe.
The bytes that `execution.adapters.safe` packs are compared with those that the kit makes from the
keys alone, and both the kit and the contract judge ours.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import combinations
from typing import Any, Final

import pytest

from config.local.chain.accounts import CHAIN_ID, AccountName, address_of, private_key
from config.local.chain.builder import addresses as at
from config.local.chain.cache import ensure_chain, running_chain
from config.local.chain.rpc import encode_call, hexed, unhexed
from execution.adapters.safe import KINDS
from execution.core.contracts import MULTISEND_CALL_ONLY, TRANSFER
from execution.core.multisend import encode_multisend
from execution.core.safe_tx import safe_tx_hash
from execution.core.types import Call, Operation, SafeTxFields
from tests.crosscheck.bench import Bench
from tests.crosscheck.kit import KitAnswer, ask_kit
from tests.crosscheck.signing import (
    EXACT_IN_JAVASCRIPT,
    Case,
    Signer,
    fields_for_kit,
    person,
    random_transactions,
    signed_case,
)
from treasury.core.types import Address

SEED: Final = 2026
COUNT: Final = 100
PEOPLE: Final[tuple[AccountName, ...]] = ("owner1", "owner2", "owner3", "owner4")
KIT_CONTRACTS: Final = {
    "safeSingletonAddress": "SafeL2",
    "safeProxyFactoryAddress": "SafeProxyFactory",
    "fallbackHandlerAddress": "CompatibilityFallbackHandler",
    "multiSendAddress": "MultiSend",
    "multiSendCallOnlyAddress": "MultiSendCallOnly",
    "signMessageLibAddress": "SignMessageLib",
    "createCallAddress": "CreateCall",
    "simulateTxAccessorAddress": "SimulateTxAccessor",
}


def say(line: str) -> None:
    sys.stdout.write(f"\n{line}")


@dataclass(frozen=True)
class Evidence:
    """The questions and the answers of the three sides."""

    bench: Bench
    transactions: list[SafeTxFields]
    by_contract: list[str]
    cases: list[Case]
    kit: KitAnswer


@pytest.fixture(scope="module")
def evidence() -> Iterator[Evidence]:
    cache = ensure_chain()
    with running_chain(cache) as node:
        rpc = node.rpc()
        bench = Bench(rpc, cache.manifest)
        transactions = random_transactions(bench.main, COUNT, SEED)
        cases = signed_cases(bench)
        request: dict[str, Any] = {
            "url": node.url,
            "chainId": str(CHAIN_ID),
            "safe": bench.main,
            "contracts": {name: at.SAFE_141[contract] for name, contract in KIT_CONTRACTS.items()},
            "judgeKey": hexed(private_key("stranger")),
            "transactions": [fields_for_kit(fields) for fields in transactions],
            "cases": [case.for_kit() for case in cases],
        }
        yield Evidence(bench, transactions, bench.hashes(transactions), cases, ask_kit(request))
        rpc.close()


# ------------------------------------------------------------------------------------ signed cases
def signed_cases(bench: Bench) -> list[Case]:
    """Every way to choose three of the five owners, and each form of a signature."""
    board = Signer(Address(bench.there.safes.board), "CONTRACT", ("board1", "board2"))
    low = Signer(bench.add_low_owner("operator"), "CONTRACT", ("operator",))
    owners = (*(person(name) for name in PEOPLE), board)
    groups: list[tuple[Signer, ...]] = [
        *combinations(owners, 3),
        (person("owner1", high_s=True), person("owner2"), person("owner3", high_s=True)),
        (person("owner4", "ETH_SIGN"), person("owner1", "APPROVED_HASH"), person("owner2")),
        (board, person("owner1", "APPROVED_HASH"), person("owner3", "ETH_SIGN")),
        (board, person("owner3"), low),
        (board, low, person("owner2", "ETH_SIGN")),
    ]
    cases = []
    for number, group in enumerate(groups, 1):
        fields_ = transaction_that_succeeds(bench, number)
        if any(signer.kind == "APPROVED_HASH" for signer in group):
            approve = encode_call("approveHash(bytes32)", unhexed(safe_tx_hash(fields_)))
            bench.send("owner1", bench.main, approve)
        cases.append(signed_case(bench.rpc, fields_, group))
    return cases


def transaction_that_succeeds(bench: Bench, units: int) -> SafeTxFields:
    """By turns a token transfer, ether, and a batch; the amount keeps their hashes apart."""
    stranger, usdc = Address(address_of("stranger")), Address(bench.there.tokens["USDC"].address)
    transfer = encode_call(TRANSFER, stranger, units)
    batch = (Call(usdc, 0, transfer, ""), Call(stranger, units, b"", ""))
    to, value, data, operation = (
        (usdc, 0, transfer, Operation.CALL),
        (stranger, units, b"", Operation.CALL),
        (MULTISEND_CALL_ONLY, 0, encode_multisend(batch), Operation.DELEGATECALL),
    )[units % 3]
    return SafeTxFields(
        chain_id=CHAIN_ID,
        safe=bench.main,
        to=to,
        value=value,
        data=data,
        operation=operation,
        nonce=bench.rpc.read_int(bench.main, "nonce()"),
    )


# ------------------------------------------------------------------------------------ hashes
def unequal(ours: Sequence[str], kit: Sequence[str], contract: Sequence[str]) -> list[int]:
    """Where the three sides do not all say the same."""
    rows = enumerate(zip(ours, kit, contract, strict=True))
    return [number for number, row in rows if len(set(row)) > 1]


def test_hashes_are_equal_on_all_three_sides(evidence: Evidence) -> None:
    transactions = evidence.transactions
    ours = [safe_tx_hash(fields_) for fields_ in transactions]
    wrong = unequal(ours, evidence.kit["hashes"], evidence.by_contract)
    say(f"{COUNT - len(wrong)} of {COUNT} hashes equal (ours, kit, contract)")
    assert wrong == []
    assert len(set(ours)) == len(ours) == COUNT
    assert {fields_.operation for fields_ in transactions} == set(Operation)
    assert {0, 32, 4_096} <= {len(fields_.data) for fields_ in transactions}
    for numbers in ([f.nonce for f in transactions], [f.value for f in transactions]):
        assert min(numbers) == 0
        assert max(numbers) == 2**256 - 1
        assert sum(number > EXACT_IN_JAVASCRIPT for number in numbers) > COUNT // 4


def test_one_changed_field_is_noticed(evidence: Evidence) -> None:
    """The comparison itself: change one field of one transaction, and exactly that one differs."""
    ours = [safe_tx_hash(fields_) for fields_ in evidence.transactions]
    noticed = Counter[str]()
    for number, right in enumerate(evidence.transactions):
        for name, changed in one_field_changed(right, evidence.bench).items():
            column = [*ours[:number], safe_tx_hash(changed), *ours[number + 1 :]]
            found = unequal(column, evidence.kit["hashes"], evidence.by_contract)
            noticed[name] += found == [number]
    say(f"changed fields noticed, of {COUNT} each: {dict(noticed)}")
    assert noticed == {field.name: COUNT for field in fields(SafeTxFields)}


def one_field_changed(right: SafeTxFields, bench: Bench) -> dict[str, SafeTxFields]:
    return {
        "chain_id": replace(right, chain_id=right.chain_id + 1),
        "safe": replace(right, safe=Address(bench.there.safes.core)),
        "to": replace(right, to=bench.main),
        "value": replace(right, value=right.value ^ 1),
        "data": replace(right, data=right.data + b"\0"),
        "operation": replace(right, operation=Operation(1 - right.operation)),
        "nonce": replace(right, nonce=right.nonce ^ 1),
    }


# ------------------------------------------------------------------------------------ signatures
def test_packed_signatures_are_the_kits_and_are_accepted(evidence: Evidence) -> None:
    bench, findings = evidence.bench, Counter[str]()
    for case, answer in zip(evidence.cases, evidence.kit["cases"], strict=True):
        verdicts = {
            "same hash as the kit": answer["safeTxHash"] == safe_tx_hash(case.fields),
            "same bytes as the kit": unhexed(answer["encodedSignatures"]) == case.packed,
            "valid to the kit": answer["accepted"],
            "valid to the contract": bench.refusal(case.fields, case.packed) is None,
            "executed by the contract": bench.executes(case.fields, case.packed),
        }
        findings.update(what for what, ok in verdicts.items() if ok)
        no = [what for what, ok in verdicts.items() if not ok]
        say(f"  {len(case.packed)} bytes, {case.name}: {f'NOT {no}' if no else 'equal and valid'}")
    total = len(evidence.cases)
    for what in verdicts:
        say(f"{findings[what]} of {total} packed signatures: {what}")
    assert evidence.kit["version"] == "1.4.1"  # of the main Safe, as the kit sees it
    assert findings == dict.fromkeys(verdicts, total)


def test_the_board_and_every_form_of_signature_take_part(evidence: Evidence) -> None:
    kinds = Counter(signer.kind for case in evidence.cases for signer in case.signers)
    board = Address(evidence.bench.there.safes.board)
    with_board = [c for c in evidence.cases if any(s.owner == board for s in c.signers)]
    say(f"forms of signatures: {dict(kinds)}; {len(with_board)} cases with the board Safe")
    assert set(kinds) == set(KINDS.values())
    assert len(with_board) >= 9
    # One contract before and one behind a person: the second offset depends on the first.
    assert any(c.packed[64] == c.packed[194] == 0 and c.packed[129] != 0 for c in evidence.cases)


def test_wrong_bytes_are_refused_by_kit_and_contract(evidence: Evidence) -> None:
    """Else their consent would say nothing."""
    by_kit, by_contract, total = 0, 0, 0
    for case, answer in zip(evidence.cases, evidence.kit["cases"], strict=True):
        reasons = [evidence.bench.refusal(case.fields, packed) for packed in case.wrong.values()]
        total += len(case.wrong)
        by_kit += answer["wrongAccepted"].count(False)
        by_contract += sum("GS0" in (reason or "") for reason in reasons)
    say(f"{by_kit} and {by_contract} of {total} wrong signatures refused (kit, contract)")
    assert by_kit == by_contract == total > 0
