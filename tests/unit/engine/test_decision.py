from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.engine.tiers import (
    ASSETS,
    NOW,
    USD,
    A,
    B,
    C,
    inputs,
    pair,
    pairs,
    policy,
    portfolio,
    targets,
)
from treasury.core.canonical import plain
from treasury.core.decisions import (
    Decision,
    DecisionInputs,
    HaltNotice,
    Outcome,
    PriceGap,
    RemainingAllowance,
    TriggerState,
    decision_digest,
)
from treasury.core.policies import LotMethod, Scope
from treasury.core.revival import revive
from treasury.core.types import Address, Holding, LotState
from treasury.engine.decision import decide

MILLION = 10**6


def values(decision: Decision) -> dict[tuple[Address, Address], Decimal]:
    return {(trade.sell, trade.buy): trade.value_usd for trade in decision.trades}


def rules(decision: Decision) -> list[str]:
    return [record.rule for record in decision.explanation]


def dropped(decision: Decision) -> list[str]:
    return [skipped.rule for skipped in decision.skipped]


def test_decide__vector_of_de_11__trades_to_half_band() -> None:
    decision = decide(inputs())
    assert decision.outcome is Outcome.TRADES
    assert values(decision) == {(A, C): 30_000, (A, USD): 20_000, (A, B): 10_000}
    assert decision.trigger.reason == "D is under its band"
    before = [weight.before_bps for weight in decision.weights]
    after = [weight.after_bps for weight in decision.weights]
    assert before == [5000, 2800, 1500, 700]
    assert [round(weight, -1) for weight in after] == [4400, 2900, 1800, 900]


def test_decide__trades_present__every_rule_left_a_record_in_order() -> None:
    """D7: the glass box; data gates first, lots last."""
    seen = list(dict.fromkeys(rules(decide(inputs()))))
    assert seen == [
        "price_gap",
        "halt",
        "reserve",
        "cooldown",
        "threshold",
        "scope",
        "destination",
        "residual",
        "max_turnover",
        "min_trade",
        "cost_cap",
        "optimiser",
        "lots",
    ]


def test_decide__inside_bands__not_fired_with_its_numbers() -> None:
    decision = decide(inputs((400_000, 300_000, 200_000, 100_000)))
    assert decision.outcome is Outcome.NOT_FIRED
    assert decision.trades == ()
    assert decision.skipped == ()
    assert decision.trigger.value == "0 bps"
    assert rules(decision).count("threshold") == 4


def test_decide__forced_at_target__nothing_to_do() -> None:
    at_target = inputs((400_000, 300_000, 200_000, 100_000), forced_reason="asked")
    for scope in Scope:
        decision = decide(replace(at_target, policy=policy(scope=scope)))
        assert decision.outcome is Outcome.NOTHING_WORTHWHILE
        assert decision.trades == ()
        assert decision.skipped == ()


GAPS: list[tuple[str, dict[str, Any]]] = [
    ("stale", {"price_gaps": (PriceGap(A, "stale"),)}),
    ("not in the snapshot", {"portfolio": replace(portfolio((1, 1, 1, 1)), holdings=())}),
    (
        "not above 0",
        {
            "portfolio": replace(
                portfolio((1, 1, 1, 1)),
                holdings=tuple(Holding(asset, "X", 6, 1, Decimal(0)) for asset in ASSETS),
            )
        },
    ),
]


@pytest.mark.parametrize(("why", "changes"), GAPS)
@pytest.mark.parametrize("forced", [None, "asked"])
def test_decide__asset_without_price__gated(
    why: str, changes: dict[str, Any], forced: str | None
) -> None:
    """DE-38..40: no price, no trade, not even when a person asks."""
    decision = decide(inputs(**changes, forced_reason=forced))
    assert decision.outcome is Outcome.GATED
    assert why in decision.trigger.reason
    assert (decision.trigger.fired, decision.trades) == (False, ())


@pytest.mark.parametrize(
    ("level", "outcome"),
    [
        ("SEMI", Outcome.TRADES),
        ("MANUAL_PRICES", Outcome.TRADES),
        ("MONITOR", Outcome.HALTED),
        ("FROZEN", Outcome.HALTED),
        ("UNHEARD_OF", Outcome.HALTED),
    ],
)
def test_decide__open_halt__stops_from_monitor_down(level: str, outcome: Outcome) -> None:
    halt = HaltNotice(scope="core", breaker="GAS", level=level, reason="test")
    decision = decide(inputs(halts=(halt,), forced_reason="asked"))
    assert decision.outcome is outcome
    assert "halt" in rules(decision)


def test_decide__gap_and_halt__the_gate_comes_first() -> None:
    halt = HaltNotice(scope="core", breaker="GAS", level="FROZEN", reason="test")
    decision = decide(inputs(halts=(halt,), price_gaps=(PriceGap(A, "stale"),)))
    assert decision.outcome is Outcome.GATED


def test_decide__within_cooldown__not_fired() -> None:
    decision = decide(inputs(trigger_state=TriggerState(latest_proposal_at=NOW - 1)))
    assert decision.outcome is Outcome.NOT_FIRED
    assert decision.trigger.kind == "COOLDOWN"


def test_decide__scope_all__to_target() -> None:
    decision = decide(inputs(policy=policy(scope=Scope.ALL)))
    assert values(decision) == {(A, C): 50_000, (A, USD): 30_000, (A, B): 20_000}


def test_decide__worst_of_one__only_that_asset_and_the_residual() -> None:
    """DE-12, DE-19: USD is the most severe; what it needs comes from the overweight A."""
    decision = decide(inputs(policy=policy(scope=Scope.WORST, worst_count=1)))
    assert values(decision) == {(A, USD): 20_000}


def test_decide__reserve__is_outside_v_and_never_sold() -> None:
    """D2: 500,000 of A would be sold but for a reserve of 400,000 of USD."""
    held = (400_000, 300_000, 200_000, 500_000)
    reserve = policy(targets=targets(reserve_units=400_000 * MILLION), scope=Scope.ALL)
    decision = decide(inputs(held, policy=reserve, forced_reason="asked"))
    assert decision.outcome is Outcome.NOTHING_WORTHWHILE
    assert [weight.before_bps for weight in decision.weights] == [4000, 3000, 2000, 1000]


def test_decide__reserve_short__counts_as_nothing() -> None:
    short = policy(targets=targets(reserve_units=10**12), scope=Scope.ALL)
    decision = decide(inputs((500_000, 280_000, 150_000, 70_000), policy=short))
    assert all(trade.sell != USD for trade in decision.trades)
    assert decision.weights[3].before_bps == 0


def test_decide__only_reserves__nothing_to_allocate() -> None:
    everything = policy(targets=targets(reserve_units=10**12))
    decision = decide(inputs((0, 0, 0, 1000), policy=everything))
    assert decision.outcome is Outcome.NOT_FIRED
    assert "nothing to allocate" in decision.trigger.reason


def test_decide__asset_outside_the_policy__left_alone() -> None:
    other = Holding(Address("0x" + "f" * 40), "AIR", 18, 10**24, Decimal(5))
    held = portfolio((400_000, 300_000, 200_000, 100_000))
    decision = decide(inputs(portfolio=replace(held, holdings=(*held.holdings, other))))
    assert decision.outcome is Outcome.NOT_FIRED
    assert "untargeted" in rules(decision)


def test_decide__trade_below_minimum__dropped_and_residual_solved_again() -> None:
    """DE-18: 10,000 into B falls below the minimum; C and USD take it over."""
    decision = decide(inputs(policy=policy(min_trade_usd=Decimal(15_000))))
    assert dropped(decision) == ["min_trade"]
    assert (decision.skipped[0].buy, decision.skipped[0].limit) == (B, "15000 USD")
    assert set(values(decision)) == {(A, C), (A, USD)}
    assert round(sum(values(decision).values()), 4) == 60_000


def test_decide__all_trades_below_minimum__nothing_worthwhile() -> None:
    decision = decide(inputs((500, 280, 150, 70)))
    assert decision.outcome is Outcome.NOTHING_WORTHWHILE
    assert set(dropped(decision)) == {"min_trade"}


def test_decide__maximum_trade__each_trade_shrinks() -> None:
    """DE-20."""
    decision = decide(inputs(policy=policy(max_trade_usd=Decimal(12_000))))
    assert values(decision) == {(A, C): 12_000, (A, USD): 12_000, (A, B): 10_000}
    assert rules(decision).count("max_trade") == 2


def test_decide__turnover_window__all_trades_shrink_alike() -> None:
    """DE-20: 30,000 of 60,000 are left."""
    limited = policy(max_turnover_usd=Decimal(100_000))
    decision = decide(inputs(policy=limited, turnover_in_window_usd=Decimal(70_000)))
    total = sum(values(decision).values())
    assert total <= 30_000
    assert [round(value) for value in values(decision).values()] == [10_000, 15_000, 5000]


def test_decide__turnover_used_up__nothing_and_the_limit_is_to_blame() -> None:
    decision = decide(inputs(turnover_in_window_usd=Decimal(10_000_000)))
    assert decision.outcome is Outcome.NOTHING_WORTHWHILE
    assert set(dropped(decision)) == {"max_turnover"}


def test_decide__allowance__caps_the_sum_of_its_sells() -> None:
    """D5: the smaller of two allowances counts."""
    left = tuple(
        RemainingAllowance(key, A, units * MILLION) for key, units in (("x", 45_000), ("y", 90_000))
    )
    decision = decide(inputs(allowances=left))
    assert sum(trade.sell_units for trade in decision.trades if trade.sell == A) == 45_000 * MILLION
    assert rules(decision).count("allowance") == 1


def test_decide__allowance_used_up__asset_not_sold() -> None:
    decision = decide(inputs(allowances=(RemainingAllowance("x", A, 0),)))
    assert all(trade.sell != A for trade in decision.trades)
    assert "allowance" in dropped(decision)


def test_decide__allowance_of_another_asset__no_effect() -> None:
    decision = decide(inputs(allowances=(RemainingAllowance("x", B, 0),)))
    assert values(decision) == values(decide(inputs()))


def test_decide__too_dear__dropped_with_cost_and_cap() -> None:
    """DE-22: 200,000 gas at 20 gwei and 25,000 USD cost 100 USD; 10,000 is the only small trade."""
    dear = policy(cost_cap_bps=60)
    gas = replace(
        inputs().gas, base_fee_wei=20 * 10**9, tip_wei=0, native_price_usd=Decimal(25_000)
    )
    decision = decide(inputs(policy=dear, gas=gas, pairs=pairs(depth_usd=None)))
    assert (A, B) not in values(decision)
    skipped = next(item for item in decision.skipped if item.rule == "cost_cap")
    assert (skipped.buy, skipped.value, skipped.limit) == (B, "105 bps", "60 bps")


def test_decide__shallow_pair__shrinks_to_the_largest_affordable() -> None:
    """DE-22, impact: 100 bps cap - 5 bps fee of a depth of 1,000,000 leave about 9,500."""
    options = pairs(depth_usd=Decimal(1_000_000), gas_units=0)
    decision = decide(inputs(pairs=options))
    assert decision.outcome is Outcome.TRADES
    for trade in decision.trades:
        assert Decimal(9_400) < trade.value_usd <= Decimal(9_500)


def test_decide__too_shallow_direct_pair__goes_over_settlement() -> None:
    shallow = pair(A, C, depth_usd=Decimal(1000))
    decision = decide(inputs(pairs=(shallow, *pairs(through=USD))))
    assert set(values(decision)) == {(A, USD), (USD, C), (USD, B)}


def test_decide__two_legs__second_sells_what_the_first_brings() -> None:
    decision = decide(inputs(pairs=pairs(through=USD)))
    trades = {(trade.sell, trade.buy): trade for trade in decision.trades}
    assert list(trades) == [(A, USD), (USD, C), (USD, B)]
    passed_on = trades[USD, C].sell_units + trades[USD, B].sell_units
    # 60,000 of A for USD, of which 20,000 stay there.
    assert passed_on < 40_000 * MILLION
    assert passed_on > 39_900 * MILLION


def test_decide__two_legs_without_own_settlement__second_counts_on_the_worst_price() -> None:
    """D2: nothing of USD is there, so the second leg may only sell what slippage cannot take."""
    no_usd = policy(targets=targets((4000, 4000, 2000, 0)), max_slippage_bps=300)
    decision = decide(
        inputs((600_000, 200_000, 200_000, 0), policy=no_usd, pairs=pairs(through=USD))
    )
    first, second = decision.trades
    assert (first.buy, second.sell, second.buy) == (USD, USD, B)
    assert second.sell_units == first.expected_buy_units * 9700 // 10_000


def test_decide__last_units_of_a_closed_position__still_within_the_maximum() -> None:
    """21 units of 3,000 for two buyers who want 31,500 each, which is also the maximum trade."""
    held = portfolio((0, 100_000, 100_000, 0))
    odd = Holding(A, "A", 0, 21, Decimal(3000))
    closing = policy(targets=targets((0, 5000, 5000, 0)), max_trade_usd=Decimal(31_500))
    tier = replace(held, holdings=(odd, *held.holdings[1:]))
    decision = decide(inputs(portfolio=tier, policy=closing))
    assert values(decision) == {(A, B): 30_000, (A, C): 30_000}


def test_decide__venue_not_allowed__not_used() -> None:
    decision = decide(inputs(policy=policy(venues=("other",))))
    assert decision.outcome is Outcome.NOTHING_WORTHWHILE
    assert set(dropped(decision)) == {"route"}
    assert rules(decision).count("venue") == 12


def test_decide__asset_without_route__others_fill_in() -> None:
    """C cannot be bought: its share goes where a band has room."""
    options = tuple(option for option in pairs() if option.buy != C)
    decision = decide(inputs(pairs=options))
    assert dropped(decision) == ["route"]
    assert {buy for _, buy in values(decision)} == {B, USD}
    assert sum(values(decision).values()) == 60_000


def test_decide__lots__previewed_per_sell_and_never_shared() -> None:
    """DE-31, DE-33: three sells of A take three stretches of the same lots, dearest first."""
    lots = (
        LotState("cheap", A, 50_000 * MILLION, Decimal(10), NOW - 800 * 86_400, 1),
        LotState("dear", A, 25_000 * MILLION, Decimal(90_000), NOW - 86_400, 2),
    )
    decision = decide(inputs(policy=policy(lot_method=LotMethod.HIFO), lots=lots))
    first, second, third = decision.trades
    assert [(item.lot_ref, item.units // MILLION) for item in first.lots] == [("dear", 20_000)]
    assert [(item.lot_ref, item.units // MILLION) for item in second.lots] == [
        ("dear", 5000),
        ("cheap", 25_000),
    ]
    assert [item.long_term for item in second.lots] == [False, True]
    assert sum(item.proceeds_usd for item in third.lots) == third.value_usd


def test_decide__no_lots__trade_stands_and_says_incomplete() -> None:
    """AC-6."""
    decision = decide(inputs(lots=()))
    assert decision.outcome is Outcome.TRADES
    assert {item.outcome for item in decision.explanation if item.rule == "lots"} == {
        "cost basis incomplete"
    }


def test_decide__unwanted_asset__sold_to_the_last_unit() -> None:
    odd = replace(portfolio((0, 300_000, 200_000, 100_000)).holdings[0], units=123_456_789_017)
    held = portfolio((1, 300_000, 200_000, 100_000), ("7", "1.3", "0.9", "1.01"))
    held = replace(held, holdings=(odd, *held.holdings[1:]))
    unwanted = policy(targets=targets((0, 4000, 4000, 2000)))
    decision = decide(inputs(portfolio=held, policy=unwanted))
    assert sum(trade.sell_units for trade in decision.trades if trade.sell == A) == odd.units


def test_decision_digest__replayed_from_storage__same_decision() -> None:
    """D7."""
    original = inputs(allowances=(RemainingAllowance("x", A, 10**30),))
    stored = plain(original)
    replayed = revive(DecisionInputs, stored)
    first, second = decide(original), decide(replayed)
    assert first == second
    assert decision_digest(inputs=original, decision=first) == decision_digest(
        inputs=replayed, decision=second
    )
    assert revive(Decision, plain(first)) == first


def test_decision_digest__another_price__differs() -> None:
    one, other = inputs(), inputs(treasury_nav_usd=Decimal(1))
    assert decision_digest(inputs=one, decision=decide(one)) != decision_digest(
        inputs=other, decision=decide(other)
    )
