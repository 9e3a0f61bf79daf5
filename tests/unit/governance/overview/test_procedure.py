"""A policy in words: each number of it stands in the procedure, and each mode leads somewhere
else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from governance.core.procedure import Shape, Step, procedure, span
from tests.unit.core.policy_examples import USDC, example_document
from treasury.core.policies import Mode, Scope, TierPolicy, TriggerKind
from treasury.core.policy_documents import parse_policy
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
