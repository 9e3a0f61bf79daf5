"""DE-4, DE-17: a group is tested on its sum, its members only against each other."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.engine.tiers import ASSETS, USD, A, B, C, inputs, policy, targets
from treasury.core.decisions import Decision, DecisionInputs, HaltNotice, Outcome
from treasury.core.policies import Band, BandKind, Group, Scope, Target
from treasury.engine.decision import decide
from treasury.engine.valuation import tier_view

NARROW = Band(BandKind.ABSOLUTE, 500, 0)
LOOSE = Band(BandKind.ABSOLUTE, 3000, 0)
PAIR = Group("pair", (A, B), NARROW)


def grouped(group: Group = PAIR, *, inner: Band = LOOSE, **changes: Any) -> Any:
    """A and B want 40 and 30 %, C 20 %, USD 10 %, each 5 points but for the members."""
    wanted = tuple(
        replace(target, band=inner if target.asset in group.assets else NARROW)
        for target in targets()
    )
    return policy(targets=wanted, groups=(group,), **changes)


def told(decision: Decision, rule: str) -> dict[str, str]:
    found = next(item for item in decision.explanation if item.rule == rule)
    return {**dict(found.inputs), "outcome": found.outcome}


def pairs_of(decision: Decision) -> set[tuple[str, str]]:
    return {(trade.sell, trade.buy) for trade in decision.trades}


def test_decide__members_drift_apart__nothing_to_do() -> None:
    """+10 points of A and -10 of B are 0 points of both."""
    decision = decide(inputs((500_000, 200_000, 200_000, 100_000), policy=grouped()))
    assert decision.outcome is Outcome.NOT_FIRED
    forced = decide(
        inputs((500_000, 200_000, 200_000, 100_000), policy=grouped(), forced_reason="asked")
    )
    assert forced.trades == ()
    assert told(forced, "group")["cancelled"] == "100000 USD"


def test_decide__same_drift_without_a_group__trades() -> None:
    alone = replace(grouped(), groups=(), targets=targets(band=NARROW))
    decision = decide(inputs((500_000, 200_000, 200_000, 100_000), policy=alone))
    assert pairs_of(decision) == {(A, B)}


def test_decide__member_outside_its_own_band__traded_inside_the_group() -> None:
    decision = decide(inputs((500_000, 200_000, 200_000, 100_000), policy=grouped(inner=NARROW)))
    assert pairs_of(decision) == {(A, B)}
    assert decision.trades[0].value_usd == 75_000
    assert told(decision, "group")["cancelled"] == "25000 USD"


def test_decide__group_over_its_band__sells_the_member_that_has_most() -> None:
    """80 % against 70: to 72.5 %, all of it from A, which has 60 against 40."""
    decision = decide(inputs((600_000, 200_000, 130_000, 70_000), policy=grouped()))
    assert decision.trigger.reason == "pair is over its band"
    assert {trade.sell for trade in decision.trades} == {A}
    assert round(sum(trade.value_usd for trade in decision.trades)) == 75_000


def test_decide__group_under_its_band__buys_the_member_that_lacks_most() -> None:
    decision = decide(inputs((400_000, 200_000, 300_000, 100_000), policy=grouped()))
    assert {trade.buy for trade in decision.trades} <= {B, USD}
    assert (C, B) in pairs_of(decision)


def test_decide__depeg_halt_open__each_asset_stands_alone() -> None:
    """DE-17: a depegged member is no equivalent."""
    halt = HaltNotice(scope="core", breaker="DEPEG", level="SEMI", reason="B at .9")
    narrow = grouped(Group("pair", (A, B), LOOSE), inner=NARROW)
    alone = decide(inputs((500_000, 200_000, 200_000, 100_000), policy=narrow, halts=(halt,)))
    assert alone.trigger.reason == "A is over its band"
    assert "group" not in {item.rule for item in alone.explanation}


@st.composite
def situations(draw: st.DrawFn) -> DecisionInputs:
    values = draw(st.lists(st.integers(0, 10**6), min_size=4, max_size=4).filter(any))
    members = draw(st.sampled_from([(A, B), (A, C), (A, B, C), (B, USD), ASSETS]))
    bands = st.builds(Band, st.just(BandKind.ABSOLUTE), st.integers(50, 3000), st.just(0))
    wanted = tuple(Target(item.asset, item.weight_bps, draw(bands)) for item in targets())
    return inputs(
        values,
        policy=policy(
            targets=wanted,
            groups=(Group("g", members, draw(bands)),),
            scope=draw(st.sampled_from(Scope)),
            worst_count=draw(st.integers(1, 3)),
            destination_bps=draw(st.sampled_from([0, 5000, 10_000])),
            min_trade_usd=Decimal(draw(st.sampled_from([0, 500, 20_000]))),
            max_trade_usd=Decimal(draw(st.sampled_from([10**6, 50_000]))),
        ),
        forced_reason=draw(st.sampled_from(["asked", None])),
    )


@given(situation=situations())
@settings(max_examples=80)
def test_decide__any_groups__no_new_breach_of_a_group_or_member(situation: DecisionInputs) -> None:
    decision = decide(situation)
    units = {holding.asset: holding.units for holding in situation.portfolio.holdings}
    before = sum(units.values())
    moved_units = {asset: -held for asset, held in units.items()}
    for trade in decision.trades:
        units[trade.sell] -= trade.sell_units
        units[trade.buy] += trade.expected_buy_units
    moved_units = {asset: units[asset] + less for asset, less in moved_units.items()}
    held = situation.portfolio
    moved = replace(
        held, holdings=tuple(replace(item, units=units[item.asset]) for item in held.holdings)
    )
    lost = Decimal(before - sum(units.values()) + 10) / before
    first, then = (tier_view(portfolio=each, policy=situation.policy) for each in (held, moved))
    was = {drift.asset: drift for drift in first.tested}
    closer = {
        one.asset
        for one, other in zip(first.positions, then.positions, strict=True)
        if abs(other.drift.absolute) <= abs(one.drift.absolute)
    }
    for drift in then.tested:
        stays = drift.asset in units and moved_units[drift.asset] * drift.absolute <= 0
        if not (was[drift.asset].breached or stays or drift.asset in closer):
            assert abs(drift.absolute) <= drift.half_width + 2 * lost


@given(situation=situations())
@settings(max_examples=40)
def test_decide__any_groups__inside_no_more_than_its_drift(
    situation: DecisionInputs,
) -> None:
    """A group never makes more turnover inside itself than its members alone would."""
    members = situation.policy.groups[0].assets
    inside = sum(
        trade.value_usd
        for trade in decide(situation).trades
        if trade.sell in members and trade.buy in members
    )
    view = tier_view(portfolio=situation.portfolio, policy=situation.policy)
    over = (
        sum(max(Decimal(0), view.position(asset).drift.absolute) for asset in members)
        * view.total_usd
    )
    group = view.tested[[str(drift.asset) for drift in view.tested].index("group:g")]
    assert inside <= over + abs(group.absolute) * view.total_usd + 1
