"""The role's way: executor key on the yield tier, operator Safe on the core tier, and its
limits."""

from __future__ import annotations

from decimal import Decimal

import pytest

from config.local.chain.accounts import address_of
from config.local.chain.rpc import encode_call
from execution.core.types import Mechanism
from execution.selectors.plans import decode_plan, decode_safe_transaction, plan_by_id
from execution.selectors.transactions import failed_streak, transaction_by_id
from execution.services.checking_books import check_books
from execution.services.confirming import confirmation_status
from execution.services.limits import remaining_allowances
from execution.services.opening import CannotOpenError
from execution.services.preparing import PreparedPlan
from execution.services.submission import SubmissionRefusedError, broadcast, cancel_unsent
from tests.chain.execution.world import World
from treasury.core.decisions import Trade
from treasury.core.types import Address
from treasury.models import JournalEntry
from treasury.selectors.policies import policy_in_force
from treasury.services.snapshots import take_snapshot

ROLES = Mechanism.ROLES


def by_role(world: World, tier: str, *trades: Trade) -> PreparedPlan:
    prepared = world.prepare(tier, trades, mechanism=ROLES)
    assert prepared.ok, prepared.error
    return prepared


# ------------------------------------------------------------------------------------ executor key
def test_the_executor_swaps_deposits_and_redeems_in_the_yield_tier(world: World) -> None:
    into = by_role(
        world,
        "yield",
        world.trade("uniswap_v3", "DAI", "USDC", 10_000),
        world.trade("erc4626", "USDC", "vUSDC", 5_000),
    )
    assert into.plan_id is not None
    shown = decode_plan(plan_by_id(into.plan_id))
    assert [call.call.purpose for call in shown.calls] == [
        *("approve", "swap", "approve"),
        *("approve", "deposit", "approve"),
    ]
    row = world.execute(into, None)
    assert (row.state, row.breaks.count()) == ("RECONCILED", 0)
    back = by_role(world, "yield", world.trade("erc4626", "vUSDC", "USDC", Decimal(1_000)))
    row = world.execute(back, None)
    assert (row.state, row.breaks.count()) == ("RECONCILED", 0)
    kinds = JournalEntry.objects.exclude(tx_hash="").values_list("kind", flat=True)
    assert sorted(kinds) == ["DEPOSIT", "GAS", "GAS", "SWAP", "WITHDRAWAL"]
    snapshot = take_snapshot(treasury_id=world.treasury.id, block=world.head(), rpc_url=world.url)
    assert check_books(treasury_id=world.treasury.id, snapshot_id=snapshot.id) == []


def test_nobody_signs_a_safe_transaction_for_the_executor(world: World) -> None:
    prepared = by_role(world, "yield", world.trade("uniswap_v3", "DAI", "USDC", 10))
    with pytest.raises(CannotOpenError):
        world.open(prepared)


def test_a_plan_is_executed_once(world: World) -> None:
    prepared = by_role(world, "yield", world.trade("uniswap_v3", "DAI", "USDC", 10))
    row = world.start(prepared, None)
    with pytest.raises(SubmissionRefusedError, match="already_started"):
        world.start(prepared, None)
    world.submit(row)
    world.settle(row)
    with pytest.raises(SubmissionRefusedError, match="already_started"):
        world.start(prepared, None)


def test_one_transaction_of_the_executor_is_in_flight_at_a_time(world: World) -> None:
    first = world.start(by_role(world, "yield", world.trade("uniswap_v3", "DAI", "USDC", 10)), None)
    second = world.start(
        by_role(world, "yield", world.trade("uniswap_v3", "DAI", "USDC", 20)), None
    )
    world.sign(first)
    with pytest.raises(SubmissionRefusedError, match="executor_busy") as busy:
        world.sign(second)
    assert busy.value.retryable
    cancel_unsent(transaction_id=first.id, reason="halted", block=world.head())
    world.sign(second)
    assert second.attempts.get().eoa_nonce == first.attempts.get().eoa_nonce
    broadcast(transaction_id=second.id, rpc_url=world.url)
    assert world.settle(second) == "RECONCILED"


def test_a_wrong_or_published_key_signs_nothing(world: World, settings: object) -> None:
    row = world.start(by_role(world, "yield", world.trade("uniswap_v3", "DAI", "USDC", 10)), None)
    settings.EXECUTOR_KEY = "0x" + "11" * 32  # type: ignore[attr-defined]
    with pytest.raises(SubmissionRefusedError, match="other_key"):
        world.sign(row)


# ------------------------------------------------------------------------------------ operator Safe
def test_the_operator_safe_needs_operator_and_executor(world: World) -> None:
    prepared = by_role(world, "core", world.trade("uniswap_v3", "USDC", "WETH", 40_000))
    stx = world.open(prepared)
    assert stx.safe.kind == "OPERATOR"
    assert decode_safe_transaction(stx).evidence_digest == stx.plan.evidence_digest
    row = world.start(prepared, stx)
    with pytest.raises(SubmissionRefusedError, match="not_confirmed"):
        world.sign(row)
    status = confirmation_status(safe_transaction_id=stx.id, block=world.head(), rpc_url=world.url)
    assert not status.is_complete
    assert status.missing == (Address(address_of("operator")),)
    world.confirm(stx, "operator")
    status = confirmation_status(safe_transaction_id=stx.id, block=world.head(), rpc_url=world.url)
    assert (status.is_complete, status.missing) == (True, ())
    world.submit(row)
    assert world.settle(row) == "RECONCILED"
    row = transaction_by_id(row.id)
    assert not row.breaks.exists()
    stx.refresh_from_db()
    assert stx.status == "EXECUTED"


# ------------------------------------------------------------------------------------ limits
def limits(world: World, tier: str) -> tuple[dict[str, int], tuple[str, ...]]:
    head = world.head()
    _, policy = policy_in_force(tier_id=world.tiers[tier].id, now=head.timestamp)
    report = remaining_allowances(
        tier_id=world.tiers[tier].id,
        limits=policy.unit_limits,
        block=head,
        rpc_url=world.url,
    )
    names = {item.allowance_key: item.name for item in world.deployment.allowances}
    left = {names[item.allowance_key]: item.remaining_units for item in report.remaining}
    return left, report.differences


def test_allowances_are_spent_refilled_and_compared_with_the_policy(world: World) -> None:
    full, differences = limits(world, "yield")
    assert differences == ()
    assert full["YIELD_DAI_IN"] == 200_000 * 10**18
    world.execute(by_role(world, "yield", world.trade("uniswap_v3", "DAI", "USDC", 10_000)), None)
    left, _ = limits(world, "yield")
    assert left["YIELD_DAI_IN"] == 190_000 * 10**18
    assert left["YIELD_DAI_APPROVE"] == 190_000 * 10**18
    world.chain.rpc("evm_increaseTime", 2 * 86_400)
    world.mine()
    assert limits(world, "yield")[0] == full
    modifier, main = world.deployment.roles.yield_, world.deployment.safes.main
    key = next(item for item in world.deployment.allowances if item.name == "YIELD_DAI_IN")
    grow = encode_call(
        "setAllowance(bytes32,uint128,uint128,uint128,uint64,uint64)",
        bytes.fromhex(key.allowance_key[2:]),
        *(7, 7, 7, 86_400, 0),
    )
    world.act_as(main, modifier, grow)
    _, differences = limits(world, "yield")
    assert len(differences) == 2
    assert "refill is 7 on the chain" in differences[0]


def test_a_lost_membership_is_a_difference(world: World) -> None:
    modifier, main = world.deployment.roles.yield_, world.deployment.safes.main
    role = bytes.fromhex(world.deployment.members[1].role_key[2:])
    revoke = encode_call(
        "assignRoles(address,bytes32[],bool[])", address_of("executor"), [role], [False]
    )
    world.act_as(main, modifier, revoke)
    _, differences = limits(world, "yield")
    assert differences == (f"{address_of('executor')} does not hold the role on the chain",)
    refused = world.prepare(
        "yield", [world.trade("uniswap_v3", "DAI", "USDC", 10)], mechanism=ROLES
    )
    assert not refused.ok
    assert "NoMembership" in refused.error


def test_more_than_the_allowance_is_no_plan(world: World) -> None:
    refused = world.prepare(
        "core", [world.trade("uniswap_v3", "USDC", "WETH", 300_001)], mechanism=ROLES
    )
    assert not refused.ok
    assert "ConditionViolation" in refused.error


def test_there_is_no_failure_yet(world: World) -> None:
    assert failed_streak(tier_id=world.tiers["yield"].id) == 0
