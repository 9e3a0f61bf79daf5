"""A policy in words: each number of it stands in the procedure, and each mode leads somewhere
else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from governance.core.procedure import Shape, Step, procedure
from governance.core.wording.numbers import span
from tests.unit.core.policy_examples import USDC, example_document
from treasury.core.policies import (
    Band,
    BandKind,
    Group,
    LotMethod,
    LotRules,
    Mode,
    RoutingRules,
    Scope,
    TierPolicy,
    TriggerKind,
)
from treasury.core.policy_documents import parse_policy
from treasury.core.triggering.rules import (
    CalendarRule,
    DampingRule,
    EventRules,
    WatchedContract,
    YieldRule,
)
from treasury.core.types import Address


def policy() -> TierPolicy:
    return parse_policy(example_document())


def text(steps: tuple[Step, ...]) -> str:
    parts = [
        [step.title, step.text, *(f"{b.answer} {b.outcome}" for b in step.branches)]
        for step in steps
    ]
    return "\n".join(line for part in parts for line in part)


def test_procedure__numbers_of_the_policy__all_stand_in_it() -> None:
    said = text(procedure(policy(), symbols={Address(USDC): "USDC"}))
    for number in (
        "2 sources",
        "1 of them on the chain",
        "10 % of their median",
        "200 gwei",
        "3 failed",
        "90 days old",
        "1 hour of the latest proposal",
        "the 3 assets farthest outside",
        "50 % of the band's half-width",
        "over USDC",
        "below 500 USD",
        "100,000 USD a trade",
        "250,000.50 USD within 7 days",
        "0.5 % of its value",
        "within 0.3 %",
        "100 gwei",
        "HIFO",
    ):
        assert number in said, number


def test_procedure__ends_once__and_every_question_has_two_answers() -> None:
    for mode in Mode:
        steps = procedure(replace(policy(), mode=mode), symbols={})
        assert [step.shape for step in steps].count(Shape.END) == 1
        assert steps[-1].shape is Shape.END
        for step in steps:
            assert len(step.branches) == (2 if step.shape is Shape.QUESTION else 0), step.title


@pytest.mark.parametrize(
    ("mode", "operator_safe", "words"),
    [
        (Mode.MANUAL, False, "owners of the main Safe, always"),
        (Mode.SEMI, True, "One operator decides."),
        (Mode.AUTOMATIC, False, "Nobody is asked"),
        (Mode.AUTOMATIC, True, "the role belongs to the operator Safe"),
    ],
)
def test_procedure__mode__says_who_decides(mode: Mode, operator_safe: bool, words: str) -> None:
    steps = procedure(replace(policy(), mode=mode, operator_safe=operator_safe), symbols={})
    assert words in text(steps)


@pytest.mark.parametrize("kind", list(TriggerKind))
@pytest.mark.parametrize("scope", list(Scope))
def test_procedure__any_trigger_and_scope__has_words(kind: TriggerKind, scope: Scope) -> None:
    rule = replace(policy().trigger, kind=kind, interval_seconds=86_400)
    said = text(procedure(replace(policy(), trigger=rule, scope=scope), symbols={}))
    assert "Act when" in said
    assert "None" not in said


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (60, "1 minute"),
        (5_400, "90 minutes"),
        (86_400, "1 day"),
        (61, "61 seconds"),
    ],
)
def test_span__whole_units_where_they_fit(seconds: int, words: str) -> None:
    assert span(seconds) == words


def test_procedure__destination__target_edge_or_between() -> None:
    for bps, words in ((0, "to the target"), (10_000, "to the edge of the band")):
        assert words in text(procedure(replace(policy(), destination_bps=bps), symbols={}))


EVENTS = EventRules(
    price_move_bps=700,
    price_move_seconds=3_600,
    volatility_bps=8_000,
    volatility_seconds=604_800,
    depeg_bps=100,
    gas_below_wei=5 * 10**9,
    flow_bps=1_000,
    flow_seconds=86_400,
    upgrade_lead_seconds=172_800,
    logs=(WatchedContract(Address(USDC), "0x" + "11" * 32),),
)


def test_procedure__every_trigger_and_restraint__stands_in_it_with_its_numbers() -> None:
    rule = replace(
        policy().trigger,
        kind=TriggerKind.CALENDAR,
        calendar=CalendarRule("0 9 * * 1", "Europe/Zurich", 365),
        damping=DampingRule(5_500, 3, 5, 600, 7_200, 43_200, 4),
        events=EVENTS,
        yields=YieldRule(150, 604_800, 2, 4, 90),
    )
    said = text(procedure(replace(policy(), trigger=rule), symbols={}))
    for words in (
        "cron 0 9 * * 1, Europe/Zurich",
        "full reset is 365 days old",
        "more than 7 % within 1 hour",
        "over 7 days is above 80 % a year",
        "more than 1 % off its peg",
        "10 % of the tier's value came in or went out within 1 day",
        USDC,
        "less than 2 days away",
        "falls to 5 gwei",
        "yields 1.5 % a year more",
        "over 7 days, in 2 of 4 observations, and the gain over 90 days",
        "at most 4 times in any 24 hours",
        "back within 55 % of it",
        "after 3 of 5 observations",
        "after 10 minutes without a break",
        "again for 2 hours",
        "For 12 hours after a trade",
    ):
        assert words in said, words


def test_procedure__groups__stand_in_it_with_their_band() -> None:
    first, second, _ = (target.asset for target in policy().targets)
    group = Group("pair", (first, second), Band(BandKind.NARROWER, 500, 2000))
    changed = replace(policy(), groups=(group,))
    text = " ".join(step.text for step in procedure(changed, symbols={first: "ETH"}))
    assert (
        f"ETH and {second} count as one (pair): their sum has a band of 5 % of the tier or 20 % of "
        "the target, the narrower"
    ) in text


def test_procedure__ways_through_several_markets__said_only_where_allowed() -> None:
    before = text(procedure(policy(), symbols={}))
    wider = replace(policy(), routing=RoutingRules(max_hops=2, max_parts=3))
    said = text(procedure(wider, symbols={}))
    for words in ("up to 2 markets one after the other (not by a role)", "up to 3 ways"):
        assert words in said
        assert words not in before


@pytest.mark.parametrize("method", list(LotMethod))
def test_procedure__each_lot_method__in_words(method: LotMethod) -> None:
    rules = LotRules(3_700, 2_050, ("lot-7", "lot-3"))
    said = text(procedure(replace(policy(), lot_method=method, lots=rules), symbols={}))
    assert {
        LotMethod.FIFO: "(FIFO, the oldest first)",
        LotMethod.LIFO: "(LIFO, the newest first)",
        LotMethod.HIFO: "(HIFO, the highest unit cost first)",
        LotMethod.LOFO: "(LOFO, the lowest unit cost first)",
        LotMethod.AVERAGE: "(average, a share of every lot at the mean cost)",
        LotMethod.SPECIFIC: "(specific, these alone: lot-7, lot-3)",
        LotMethod.MIN_TAX: "37 % of the gain, 20.5 % when held more than 365 days",
    }[method] in said
