"""The service's judge against every forgery of the offline verifier's tests, and its own rules."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from execution.adapters.venues import registry
from execution.core.conformity import (
    Judgement,
    RoleOfSafe,
    Rulebook,
    Worth,
    gas_violations,
    judge,
    judge_role_call,
)
from execution.core.contracts import ZERO
from execution.core.decoding import BatchDecoder
from execution.core.types import Market, Operation, Rule, SafeTxFields
from tests.unit.verify.exports import (
    EVIL,
    KINDS,
    MAIN,
    MODIFIER,
    OPERATOR,
    POLICY,
    ROLE,
    TIER,
    UNTIL,
    USDC,
    VAULT,
    WETH,
    forged,
)
from tests.unit.verify.forgeries import FORGED, swap
from tests.unit.verify.test_paths import swap as path_swap

MARKETS = (
    Market("uniswap_v3", USDC, WETH, (("fee", "500"),)),
    Market("erc4626", VAULT, USDC, (("vault", VAULT),)),
)
BOOK = Rulebook(
    chain_id=POLICY["chain_id"],
    main_safe=MAIN,
    own_safes=frozenset({MAIN, TIER}),
    assets=frozenset({USDC, WETH, VAULT}),
    roles={MODIFIER: RoleOfSafe(TIER, ROLE["role_key"], OPERATOR)},
    read_deal=partial(registry.read_deal, markets=MARKETS),
    worth={USDC: Worth(6, Decimal(1)), WETH: Worth(18, Decimal(4_000))},
    max_loss_bps=200,
    latest_deadline=UNTIL + 3_600,
)
DECODER = BatchDecoder(registry.functions(), main_safe=MAIN, tier_safes=frozenset({TIER}))
SIGNERS_OWN = {"ATK-12 limit", "ATK-16 late", "ATK-36 another policy", "reasons of another chain"}
"""Limits of the signer's file, the signer's clock, and what the evidence text says: no bytes."""
RULES: dict[str, set[Rule]] = {
    "ATK-11": {Rule.OPERATION},
    "ATK-12": {Rule.RECIPIENT, Rule.ASSET},
    "ATK-13": {Rule.OPERATION},
    "ATK-14": {Rule.RECIPIENT},
    "ATK-15": {Rule.MINIMUM, Rule.TARGET},
    "ATK-16": {Rule.DEADLINE, Rule.MINIMUM},
    "ATK-17": {Rule.ALLOWANCE, Rule.SPENDER},
    "ATK-18": {Rule.SPENDER},
    "ATK-20": {Rule.BYTES},
    **{f"ATK-{number}": {Rule.ADMINISTRATION} for number in range(21, 26)},
    "ATK-26": {Rule.OPERATION},
}


def fields_of(document: dict[str, Any]) -> SafeTxFields:
    signed = document["safe_transaction"]
    given = signed["fields"]
    return SafeTxFields(
        chain_id=signed["chain_id"],
        safe=signed["safe"],
        to=given["to"],
        value=int(given["value"]),
        data=bytes.fromhex(given["data"][2:]),
        operation=Operation(given["operation"]),
        nonce=int(given["nonce"]),
    )


def judged(document: dict[str, Any]) -> Judgement:
    return judge(fields_of(document), DECODER, BOOK)


@pytest.mark.parametrize("kind", KINDS)
def test_judge__sound_batch__no_violation(kind: str) -> None:
    """The controls too: deadline leg, evidence leg, `execTransaction` into a known tier Safe."""
    found = judged(forged(kind))
    assert found.violations == ()
    assert found.batch is not None
    assert found.batch.expires_at == UNTIL


@pytest.mark.parametrize("name", sorted(set(FORGED) - SIGNERS_OWN))
def test_judge__forgery__refused_by_its_rule(name: str) -> None:
    make, _ = FORGED[name]
    found = judged(make())
    assert found.violations, name
    expected = RULES.get(name.split()[0])
    if expected is not None:
        assert expected & {violation.rule for violation in found.violations}, found.violations


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("safe_tx_gas", 1),
        ("base_gas", 1),
        ("gas_price", 1),
        ("gas_token", EVIL),
        ("refund_receiver", EVIL),
    ],
)
def test_gas_violations__one_field_set__named(name: str, value: Any) -> None:
    clean: dict[str, Any] = {
        "safe_tx_gas": 0,
        "base_gas": 0,
        "gas_price": 0,
        "gas_token": ZERO,
        "refund_receiver": ZERO,
    }
    assert gas_violations(**clean) == ()
    (found,) = gas_violations(**clean | {name: value})
    assert found.rule is Rule.GAS


@pytest.mark.parametrize(
    ("least", "is_good"), [(25 * 10**16 * 98 // 100, True), (25 * 10**16 * 98 // 100 - 1, False)]
)
def test_judge__minimum_at_the_bound__counts_as_inside(least: int, is_good: bool) -> None:
    found = judged(forged(middle=swap(least=least)))
    assert (Rule.MINIMUM in {violation.rule for violation in found.violations}) is not is_good


def test_judge__other_chain_same_bytes__refused() -> None:
    found = judge(replace(fields_of(forged()), chain_id=10), DECODER, BOOK)
    assert [violation.rule for violation in found.violations] == [Rule.CHAIN]


@pytest.mark.parametrize(
    ("to", "member", "rules"),
    [
        (MODIFIER, OPERATOR, []),
        (MODIFIER, EVIL, [Rule.SAFE]),
        (EVIL, OPERATOR, [Rule.TARGET]),
    ],
)
def test_judge_role_call__who_and_where__checked(to: Any, member: Any, rules: list[Rule]) -> None:
    data = fields_of(forged("role")).data
    found = judge_role_call(to, data, member, DECODER, BOOK)
    assert [violation.rule for violation in found.violations][: len(rules)] == rules
    assert bool(found.violations) is bool(rules)


# ------------------------------------------------------------------------------------ paths
THROUGH = replace(
    BOOK,
    max_hops=2,
    read_deal=partial(
        registry.read_deal,
        markets=(*MARKETS, Market("uniswap_v3", VAULT, WETH, (("fee", "3000"),))),
    ),
)


def test_judge__path_through_allowed_markets__no_violation() -> None:
    found = judge(fields_of(forged(middle=path_swap())), DECODER, THROUGH)
    assert found.violations == ()


@pytest.mark.parametrize(
    ("changes", "book", "rules"),
    [
        ({}, replace(THROUGH, max_hops=1), {Rule.TARGET}),
        ({}, replace(BOOK, max_hops=2), {Rule.TARGET, Rule.SPENDER}),
        ({}, replace(THROUGH, assets=frozenset({USDC, VAULT})), {Rule.ASSET}),
        ({"recipient": EVIL}, THROUGH, {Rule.RECIPIENT}),
        ({"deadline": UNTIL + 1}, THROUGH, {Rule.DEADLINE}),
        ({"least": 0}, THROUGH, {Rule.MINIMUM}),
        ({"sold": 10**9 - 1}, THROUGH, {Rule.ALLOWANCE, Rule.SPENDER}),
        ({"path": b"\1" * 66}, THROUGH, {Rule.BYTES, Rule.SPENDER}),
    ],
    ids=["hops", "market", "asset", "recipient", "deadline", "minimum", "units", "path"],
)
def test_judge__path_with_one_thing_wrong__refused_by_its_rule(
    changes: dict[str, Any], book: Rulebook, rules: set[Rule]
) -> None:
    found = judge(fields_of(forged(middle=path_swap(**changes))), DECODER, book)
    assert {violation.rule for violation in found.violations} == rules


def test_judge__path_by_a_role__refused_whatever_the_policy_allows() -> None:
    batch = path_swap(recipient=TIER)
    found = judge(fields_of(forged("role", middle=batch)), DECODER, THROUGH)
    assert [violation.rule for violation in found.violations] == [Rule.TARGET]
    assert judge(fields_of(forged("nested", middle=batch)), DECODER, THROUGH).violations == ()
