"""What holds for everything that is signed."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from execution.core import planning
from execution.core.contracts import SWAP_ROUTER
from execution.core.planning import PlanError, check_plan, plan_digest
from execution.core.types import (
    BalanceChange,
    ExecutionPlan,
    LegKind,
    Market,
    Mechanism,
    Quote,
)
from tests.unit.execution.examples import (
    BLOCK,
    EXECUTOR,
    MAIN,
    TIER,
    USDC,
    WETH,
    leg,
    plan,
    with_leg,
)
from treasury.core import canonical
from treasury.core.revival import revive
from treasury.core.types import CostEstimate, GasPrice, Holding

SAFES = frozenset({MAIN, TIER})


def test_a_plan_survives_its_canonical_text() -> None:
    text = canonical.canonical_bytes(plan()).decode()
    assert revive(ExecutionPlan, json.loads(text)) == plan()
    assert plan_digest(revive(ExecutionPlan, json.loads(text))) == plan_digest(plan())


def test_the_digest_covers_the_batch_and_the_evidence() -> None:
    digests = {
        plan_digest(plan()),
        plan_digest(plan(digest="33" * 32)),
        plan_digest(plan(acting=TIER)),
        plan_digest(replace(plan(), expires_at=1)),
    }
    assert len(digests) == 4


def test_deadline_first_evidence_last() -> None:
    batch = plan().batch
    assert (batch[0].purpose, batch[-1].purpose) == ("deadline", "evidence")
    assert batch[-1].data == bytes.fromhex("11" * 32)
    with pytest.raises(PlanError):
        planning.evidence_call("11")


def test_the_main_safe_does_the_batch_itself_or_nests_it() -> None:
    assert planning.main_batch(plan()) == plan().batch
    outer = planning.main_batch(plan(acting=TIER))
    assert [call.to for call in outer][1] == TIER
    assert outer[0] == plan().batch[0]
    assert outer[-1] == plan().batch[-1]


def test_who_signs() -> None:
    role = plan(acting=TIER, mechanism=Mechanism.ROLES)
    assert planning.signing_safe(plan()) == MAIN
    assert planning.signing_safe(role) is None
    with pytest.raises(PlanError):
        planning.safe_tx_fields(role, 0)
    assert planning.signing_safe(replace(role, member_is_safe=True)) == EXECUTOR


def test_evidence_says_why_what_and_what_it_did() -> None:
    text = planning.evidence({"why": "x"}, plan().legs, (BalanceChange(MAIN, USDC, -100),))
    assert set(json.loads(text)) == {"reasons", "legs", "changes"}


def test_a_good_plan_passes() -> None:
    for good in (plan(), plan(acting=TIER), plan(acting=TIER, mechanism=Mechanism.ROLES)):
        check_plan(good, SAFES)


BAD_LEGS = {
    "foreign recipient": replace(leg(), recipient=EXECUTOR),
    "other own Safe for a trade": replace(leg(), recipient=TIER),
    "other Safe's assets": replace(leg(), safe=TIER, recipient=TIER),
    "nothing sold": replace(leg(), sell_units=0),
    "no minimum": replace(leg(), min_buy_units=0),
    "minimum above the quote": replace(leg(), min_buy_units=99),
    "wrong number": replace(leg(), index=1),
    "native currency": replace(
        leg(), calls=(leg().calls[0], replace(leg().calls[1], value=1), leg().calls[2])
    ),
    "approval left open": replace(leg(), calls=leg().calls[:2]),
    "approval too large": replace(
        leg(), calls=(planning.approve_call(USDC, SWAP_ROUTER, 101), *leg().calls[1:])
    ),
}


@pytest.mark.parametrize("name", BAD_LEGS)
def test_a_leg_that_breaks_a_rule_is_refused(name: str) -> None:
    with pytest.raises(PlanError):
        check_plan(with_leg(plan(), BAD_LEGS[name]), SAFES)


def test_a_plan_that_breaks_a_rule_is_refused() -> None:
    role = plan(acting=TIER, mechanism=Mechanism.ROLES)
    bad = (
        replace(plan(), legs=()),
        replace(plan(), batch=plan(digest="44" * 32).batch),
        replace(role, modifier=None),
        replace(role, member=None),
        replace(role, role_key=""),
        plan(mechanism=Mechanism.ROLES),
    )
    for item in bad:
        with pytest.raises(PlanError):
            check_plan(item, SAFES)


def test_a_transfer_may_go_to_another_own_safe() -> None:
    transfer = replace(
        leg(), kind=LegKind.TRANSFER, recipient=TIER, buy=USDC, expected_buy_units=40, calls=()
    )
    check_plan(with_leg(plan(), transfer), SAFES)


def test_cost_of_a_leg_from_its_quote() -> None:
    market = Market("uniswap_v3", USDC, WETH, (("fee", "500"),))
    quote = Quote(
        venue="uniswap_v3",
        market=market,
        sell=USDC,
        buy=WETH,
        sell_units=3_000 * 10**6,
        buy_units=998 * 10**15,
        fee_bps=Decimal(5),
        gas_units=100_000,
        block=BLOCK,
    )
    cost = planning.leg_cost(
        quote=quote,
        sell=Holding(USDC, "USDC", 6, 0, Decimal(1)),
        buy=Holding(WETH, "WETH", 18, 0, Decimal(3_000)),
        gas=GasPrice(9 * 10**9, 10**9, Decimal(3_000)),
        before=CostEstimate(tax_usd=Decimal(7)),
    )
    assert (cost.gas_usd, cost.fee_usd) == (Decimal(3), Decimal("1.5"))
    assert cost.impact_usd == Decimal("4.5")
    assert cost.tax_usd == 7
    better = replace(quote, buy_units=2 * 10**18)
    cheap = planning.leg_cost(
        quote=better,
        sell=Holding(USDC, "USDC", 6, 0, Decimal(1)),
        buy=Holding(WETH, "WETH", 18, 0, Decimal(3_000)),
        gas=GasPrice(0, 0, Decimal(0)),
        before=CostEstimate(),
    )
    assert cheap.impact_usd == 0


def test_leg_cost__market_better_than_fair_value__own_size_still_counts() -> None:
    """10 bps of own impact on 3,000 USD after the fee, though the quote gives more than is fair."""
    better = Quote(
        venue="uniswap_v3",
        market=Market("uniswap_v3", USDC, WETH, (("fee", "500"),)),
        sell=USDC,
        buy=WETH,
        sell_units=3_000 * 10**6,
        buy_units=2 * 10**18,
        fee_bps=Decimal(5),
        gas_units=100_000,
        block=BLOCK,
        impact_bps=Decimal(10),
    )
    for quote, impact in (
        (better, Decimal("2.9985")),
        (replace(better, buy_units=998 * 10**15), Decimal("4.5")),
    ):
        cost = planning.leg_cost(
            quote=quote,
            sell=Holding(USDC, "USDC", 6, 0, Decimal(1)),
            buy=Holding(WETH, "WETH", 18, 0, Decimal(3_000)),
            gas=GasPrice(0, 0, Decimal(0)),
            before=CostEstimate(),
        )
        assert cost.impact_usd == impact
