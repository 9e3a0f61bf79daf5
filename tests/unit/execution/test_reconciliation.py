"""Intent against logs, fills and balances; and what counts as executed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.core.abi import address_topic, topic
from execution.core.contracts import (
    EXECUTION_FAILURE,
    EXECUTION_SUCCESS,
    MODULE_SUCCESS,
    TRANSFER_EVENT,
)
from execution.core.reconciliation import (
    MismatchKind,
    compare_balances,
    compare_changes,
    compare_fills,
    compare_nested,
    transfer_changes,
    verdict,
)
from execution.core.types import BalanceChange, FillFact, Log, Mechanism, Receipt
from tests.unit.execution.examples import (
    BLOCK,
    EXECUTOR,
    MAIN,
    MODIFIER,
    TIER,
    USDC,
    WETH,
    leg,
    plan,
)
from treasury.core.types import Address

HASH = "0x" + "ab" * 32
OTHER = "0x" + "cd" * 32
SAFES = frozenset({MAIN, TIER})


def transfer(sender: Address, to: Address, amount: int, token: Address = USDC, at: int = 0) -> Log:
    topics = (topic(TRANSFER_EVENT), address_topic(sender), address_topic(to))
    return Log(at, token, topics, amount.to_bytes(32, "big"))


def said(safe: Address, event: str, tx_hash: str = HASH) -> Log:
    return Log(0, safe, (topic(event), tx_hash), bytes(32))


def by_module(safe: Address, modifier: Address) -> Log:
    return Log(0, safe, (topic(MODULE_SUCCESS), address_topic(modifier)), b"")


def receipt(*logs: Log, status: int = 1) -> Receipt:
    return Receipt(OTHER, BLOCK, status, 21_000, 1, EXECUTOR, logs)


# ------------------------------------------------------------------------------------ balances
@given(st.lists(st.tuples(st.sampled_from([MAIN, TIER, EXECUTOR]), st.integers(0, 10**30))))
def test_transfers_among_our_safes_cancel_out(moves: list[tuple[Address, int]]) -> None:
    logs = [transfer(MAIN, to, amount) for to, amount in moves]
    changes = {c.safe: c.units for c in transfer_changes(logs, SAFES)}
    outside = sum(amount for to, amount in moves if to == EXECUTOR)
    assert sum(changes.values()) == -outside


def test_what_the_legs_say_is_no_mismatch() -> None:
    changes = (BalanceChange(MAIN, USDC, -100), BalanceChange(MAIN, WETH, 45))
    assert compare_changes((leg(),), changes) == ()


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({(MAIN, USDC): -101, (MAIN, WETH): 45}, MismatchKind.SOLD),
        ({(MAIN, USDC): -99, (MAIN, WETH): 45}, MismatchKind.SOLD),
        ({(MAIN, USDC): -100, (MAIN, WETH): 39}, MismatchKind.BOUGHT),
        ({(MAIN, USDC): -100}, MismatchKind.BOUGHT),
        ({(MAIN, USDC): -100, (MAIN, WETH): 45, (TIER, USDC): -1}, MismatchKind.UNEXPECTED),
        ({(MAIN, USDC): -100, (MAIN, WETH): 45, (MAIN, EXECUTOR): 1}, MismatchKind.UNEXPECTED),
    ],
)
def test_anything_else_is_one(
    changes: dict[tuple[Address, Address], int], kind: MismatchKind
) -> None:
    told = tuple(BalanceChange(safe, asset, n) for (safe, asset), n in changes.items())
    (mismatch,) = compare_changes((leg(),), told)
    assert mismatch.kind is kind


def test_a_chain_of_two_legs_nets_out() -> None:
    second = replace(leg(), index=1, sell=WETH, buy=USDC, sell_units=40, min_buy_units=90)
    exact = (BalanceChange(MAIN, USDC, -10),)
    assert compare_changes((leg(), second), exact) == ()
    (mismatch,) = compare_changes((leg(), second), (BalanceChange(MAIN, USDC, -11),))
    assert mismatch.kind is MismatchKind.SOLD


def test_fills_against_legs() -> None:
    assert compare_fills((leg(),), {0: FillFact(0, 100, 40, 3)}) == ()
    (missing,) = compare_fills((leg(),), {})
    assert missing.kind is MismatchKind.FILL_MISSING
    both = compare_fills((leg(),), {0: FillFact(0, 99, 39, 3)})
    assert [item.kind for item in both] == [MismatchKind.SOLD, MismatchKind.BOUGHT]


def test_a_token_whose_balance_and_events_differ_is_seen() -> None:
    told = (BalanceChange(MAIN, USDC, -100),)
    assert compare_balances(told, told) == ()
    (fee,) = compare_balances(told, (BalanceChange(MAIN, USDC, -103),))
    assert (fee.kind, fee.expected_units, fee.actual_units) == (MismatchKind.BALANCE, -100, -103)


# ------------------------------------------------------------------------------------ verdict
def test_status_one_is_not_success() -> None:
    assert not verdict(plan(), receipt(), safe_tx_hash=HASH).executed
    other = receipt(said(MAIN, EXECUTION_SUCCESS, OTHER))
    assert not verdict(plan(), other, safe_tx_hash=HASH).executed
    foreign = receipt(said(TIER, EXECUTION_SUCCESS))
    assert not verdict(plan(), foreign, safe_tx_hash=HASH).executed
    failure = verdict(plan(), receipt(said(MAIN, EXECUTION_FAILURE)), safe_tx_hash=HASH)
    assert not failure.executed
    assert "nonce is burnt" in failure.reason
    good = receipt(said(MAIN, EXECUTION_SUCCESS))
    assert verdict(plan(), good, safe_tx_hash=HASH).executed
    assert not verdict(plan(), replace(good, status=0), safe_tx_hash=HASH).executed


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_role_leaves_exactly_one_success_in_the_tier_safe(count: int) -> None:
    role = plan(acting=TIER, mechanism=Mechanism.ROLES)
    logs = [by_module(TIER, MODIFIER)] * count
    noise = (by_module(MAIN, MODIFIER), by_module(TIER, EXECUTOR))
    found = verdict(role, receipt(*logs, *noise), safe_tx_hash=None)
    assert found.executed is (count == 1)


def test_the_operator_safe_needs_both_events() -> None:
    role = replace(plan(acting=TIER, mechanism=Mechanism.ROLES), member_is_safe=True)
    success, module = said(EXECUTOR, EXECUTION_SUCCESS), by_module(TIER, MODIFIER)
    assert verdict(role, receipt(success, module), safe_tx_hash=HASH).executed
    assert not verdict(role, receipt(success), safe_tx_hash=HASH).executed
    assert not verdict(role, receipt(module), safe_tx_hash=HASH).executed


def test_a_wrong_prediction_of_the_tier_safes_hash_is_a_mismatch() -> None:
    nested = plan(acting=TIER)
    assert compare_nested(nested, receipt(said(TIER, EXECUTION_SUCCESS)), HASH) == ()
    (wrong,) = compare_nested(nested, receipt(said(TIER, EXECUTION_SUCCESS, OTHER)), HASH)
    assert wrong.kind is MismatchKind.NESTED_HASH
