"""What triggers change in a decision: full reset, armed bands, held directions, memory, replay."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.engine.tiers import NOW, USD, A, B, inputs, policy, portfolio
from treasury.core.canonical import canonical_bytes
from treasury.core.decisions import (
    Decision,
    DecisionInputs,
    HaltNotice,
    Outcome,
    PriceGap,
    TriggerState,
    decision_digest,
)
from treasury.core.policies import Scope, TriggerKind, TriggerRule
from treasury.core.revival import revive
from treasury.core.triggering.observed import (
    Move,
    Observed,
    Peg,
    Signal,
    TriggerMemory,
    Upgrade,
)
from treasury.core.triggering.rules import CalendarRule, DampingRule, EventRules
from treasury.engine.decision import decide

DAY = 86_400
THRESHOLD = TriggerRule(TriggerKind.THRESHOLD, 0, 0, 0)
MEMORY = TriggerMemory(signals=(Signal(A, "o", NOW - 60, "oo"),), served_slot=NOW - DAY)
NEAR = (450_000, 270_000, 190_000, 90_000)
"""Every asset inside its band of 20 %: A at .45 with .32..48, so h = .5 keeps it armed."""


def decided(values: tuple[int, ...] = NEAR, **changes: Any) -> Decision:
    rule = changes.pop("rule", THRESHOLD)
    limits = changes.pop("limits", {})
    return decide(inputs(values, policy=policy(trigger=rule, **limits), **changes))


def test_full_reset__all_inside_their_bands__goes_to_target_whatever_the_scope() -> None:
    """T4: ignores top N and destination."""
    rule = replace(THRESHOLD, calendar=CalendarRule(full_reset_days=365))
    limits = {"scope": Scope.WORST, "worst_count": 1, "destination_bps": 5000}
    state = TriggerState(policy_since=NOW - 365 * DAY)
    found = decided(rule=rule, limits=limits, trigger_state=state)
    assert (found.outcome, found.trigger.kind) == (Outcome.TRADES, "FULL_RESET")
    for weight in found.weights:
        assert abs(weight.after_bps - weight.target_bps) < 10
    young = replace(state, policy_since=NOW - 364 * DAY)
    kept = decided(rule=rule, limits=limits, trigger_state=young)
    assert (kept.outcome, kept.trades) == (Outcome.NOT_FIRED, ())


def test_hysteresis__armed_and_back_inside__is_still_brought_to_its_destination() -> None:
    """DE-7."""
    rule = replace(THRESHOLD, damping=DampingRule(hysteresis_bps=5000))
    limits = {"destination_bps": 0}
    found = decided(rule=rule, limits=limits, trigger_state=TriggerState(memory=MEMORY))
    assert found.outcome is Outcome.TRADES
    assert abs(found.weights[0].after_bps - 4000) < 1  # what is left is the fee
    assert "not back inside far enough" in found.trigger.reason
    fresh = decided(rule=rule, limits=limits)
    assert (fresh.outcome, fresh.trades) == (Outcome.NOT_FIRED, ())


def test_asset_cooldown__another_asset_fires__held_one_is_not_sold() -> None:
    """DE-9: not only what fires, also what is traded."""
    values = (600_000, 100_000, 200_000, 100_000)
    rule = replace(THRESHOLD, damping=DampingRule(asset_cooldown_seconds=DAY))
    moves = (Move(A, True, NOW - 60), Move(USD, True, NOW - 60))
    limits = {"scope": Scope.ALL}
    free = decided(values, rule=rule, limits=limits)
    held = decided(values, rule=rule, limits=limits, observed=Observed(moves=moves))
    assert A in {trade.sell for trade in free.trades}
    assert held.trigger.fired
    assert held.trades
    assert A not in {trade.sell for trade in held.trades}
    assert ("held", A) in {(item.rule, item.subject) for item in held.explanation}
    forced = decided(
        values, rule=rule, limits=limits, observed=Observed(moves=moves), forced_reason="now"
    )
    assert A in {trade.sell for trade in forced.trades}


def test_memory__gated_or_halted__is_passed_on_untouched() -> None:
    """DE-8: observations with stale prices do not count."""
    rule = replace(THRESHOLD, damping=DampingRule(confirm_of=2))
    state = TriggerState(memory=MEMORY)
    gated = decided(rule=rule, trigger_state=state, price_gaps=(PriceGap(A, "stale"),))
    halt = HaltNotice("core", "GAS", "MONITOR", "dear")
    halted = decided(rule=rule, trigger_state=state, halts=(halt,))
    assert (gated.outcome, halted.outcome) == (Outcome.GATED, Outcome.HALTED)
    assert gated.memory == halted.memory == MEMORY
    seen = decided(rule=rule, trigger_state=state)
    assert seen.memory.signals != MEMORY.signals
    assert seen.memory.served_slot == MEMORY.served_slot


def test_cron__nothing_worthwhile__uses_the_time_up() -> None:
    """T1: fires once at each of its times; a proposal or a look that found nothing answers it."""
    rule = replace(THRESHOLD, kind=TriggerKind.CALENDAR, calendar=CalendarRule(cron="0 0 * * *"))
    found = decided((400_000, 300_000, 200_000, 100_000), rule=rule)
    midnight = NOW - NOW % DAY
    assert found.outcome is Outcome.NOTHING_WORTHWHILE
    assert found.memory.served_slot == midnight
    again = decided(rule=rule, trigger_state=TriggerState(memory=found.memory))
    assert (again.outcome, again.trigger.kind) == (Outcome.NOT_FIRED, "CALENDAR")
    due = decided((600_000, 200_000, 100_000, 100_000), rule=rule)
    assert due.outcome is Outcome.TRADES
    assert due.memory.served_slot is None
    answered = TriggerState(latest_proposal_at=midnight)
    assert not decided(rule=rule, trigger_state=answered).trigger.fired
    assert decided(
        rule=rule, trigger_state=TriggerState(latest_proposal_at=midnight - 1)
    ).trigger.fired


RULES = st.builds(
    TriggerRule,
    kind=st.sampled_from(TriggerKind),
    interval_seconds=st.just(DAY),
    max_age_seconds=st.just(90 * DAY),
    cooldown_seconds=st.sampled_from([0, 3600, DAY]),
    calendar=st.builds(
        CalendarRule,
        cron=st.sampled_from(["", "0 9 * * 1"]),
        time_zone=st.sampled_from(["UTC", "America/New_York"]),
        full_reset_days=st.sampled_from([0, 30]),
    ),
    damping=st.builds(
        DampingRule,
        hysteresis_bps=st.sampled_from([10_000, 6_000]),
        confirm_count=st.just(1),
        confirm_of=st.integers(1, 3),
        asset_cooldown_seconds=st.sampled_from([0, DAY]),
        flip_window_seconds=st.sampled_from([0, DAY]),
        max_proposals_per_day=st.integers(0, 2),
    ),
    events=st.builds(
        EventRules,
        depeg_bps=st.sampled_from([0, 50]),
        upgrade_lead_seconds=st.sampled_from([0, DAY]),
    ),
)
AGES = st.none() | st.integers(0, 120 * DAY)


@st.composite
def cases(draw: Any) -> DecisionInputs:
    ages = [draw(AGES) for _ in range(4)]
    times = [None if age is None else NOW - age for age in ages]
    values = tuple(draw(st.lists(st.integers(0, 700_000), min_size=4, max_size=4)))
    return inputs(
        policy=policy(trigger=draw(RULES)),
        portfolio=portfolio(values, ("1", "1", "1", draw(st.sampled_from(["1", "0.9"])))),
        trigger_state=TriggerState(
            latest_proposal_at=times[0],
            latest_rebalance_at=times[1],
            latest_full_reset_at=times[2],
            policy_since=times[3],
            memory=draw(st.sampled_from([TriggerMemory(), MEMORY])),
        ),
        observed=Observed(
            pegs=(Peg(USD, Decimal(1)),),
            moves=draw(st.sampled_from([(), (Move(A, True, NOW - 60), Move(B, False, NOW - 60))])),
            upgrades=(Upgrade("Fork", NOW + 60),),
            proposals_in_day=draw(st.integers(0, 2)),
        ),
    )


@given(case=cases())
@settings(max_examples=60, deadline=None)
def test_decision__any_triggers__restraints_hold_and_replay_is_the_same(
    case: DecisionInputs,
) -> None:
    found = decide(case)
    rule, state = case.policy.trigger, case.trigger_state
    if found.trigger.fired:
        since = None if state.latest_proposal_at is None else NOW - state.latest_proposal_at
        assert since is None or since >= rule.cooldown_seconds
        limit = rule.damping.max_proposals_per_day
        assert limit == 0 or case.observed.proposals_in_day < limit
    is_held = case.observed.moves and rule.damping.asset_cooldown_seconds
    if is_held and found.trigger.kind != "FULL_RESET":
        assert A not in {trade.sell for trade in found.trades}
        assert B not in {trade.buy for trade in found.trades}
    stored = canonical_bytes(case).decode()
    revived = revive(DecisionInputs, json.loads(stored))
    assert revived == case
    again = decide(revived)
    assert again == found
    assert revive(Decision, json.loads(canonical_bytes(found).decode())) == found
    assert decision_digest(inputs=revived, decision=again) == decision_digest(
        inputs=case, decision=found
    )
