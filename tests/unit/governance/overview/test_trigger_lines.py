"""Why not now, in words: every rule of the triggers, with its numbers and without a gap."""

from __future__ import annotations

from dataclasses import replace

import pytest

from governance.core.wording.standing import (
    TITLES_AND_WORDS,
    Mark,
    Said,
    TriggerLine,
    trigger_lines,
)
from tests.unit.engine.tiers import A
from tests.unit.engine.triggers.sights import RULE, look
from tests.unit.engine.triggers.test_registry import FIRING, ON, QUIET
from treasury.core.triggering.observed import Move
from treasury.core.triggering.rules import CalendarRule, DampingRule
from treasury.engine.explanation import Rule
from treasury.engine.triggers import Evaluated, Sight


def lines(found: Evaluated) -> tuple[TriggerLine, ...]:
    return trigger_lines(
        Said(item.rule, item.subject, dict(item.inputs), item.outcome) for item in found.records
    )


def seen(sight: Sight, key: str) -> tuple[TriggerLine, ...]:
    names = ("state", "observed", "holdings", "pairs", "gas")
    parts = {name: getattr(sight, name) for name in names}
    return lines(look("0.9" if key == "THRESHOLD" else "0.5", **parts, rule=ON[key]))


@pytest.mark.parametrize("key", sorted(ON))
@pytest.mark.parametrize("sight", [FIRING, QUIET], ids=["firing", "quiet"])
def test_trigger_lines__every_trigger__has_words_with_numbers(key: str, sight: Sight) -> None:
    found = seen(sight, key)
    assert len(found) > 1
    for line in found:
        assert line.title
        assert line.text
        assert "{" not in line.text
        assert "bps" not in line.text
        assert sight is QUIET or any(letter.isdigit() for letter in line.text)
    fired = [line for line in found if line.mark is Mark.FIRED]
    assert bool(fired) is (sight is FIRING or key == "THRESHOLD")


def test_trigger_lines__damping__says_what_it_waits_for() -> None:
    damping = DampingRule(6_000, 2, 3, 600, 7_200, 86_400, 4)
    rule = replace(RULE, damping=damping, cooldown_seconds=3_600)
    observed = replace(FIRING.observed, moves=(Move(A, True, FIRING.now - 60),))
    found = lines(look("0.9", rule=rule, observed=observed))
    said = "\n".join(f"{line.title}: {line.text} ({line.mark})" for line in found)
    assert "Cool-down: latest proposal: never; 1 hour must pass (quiet)" in said
    assert "Proposals a day: 0 in 24 hours, 4 allowed (quiet)" in said
    assert "armed: broken beyond 5 %, mended within 3 %; needs 2 of 3 observations" in said
    assert "sell: same trade 1 minute ago, 2 hours must pass (waiting)" in said


def test_trigger_lines__cron__names_its_time() -> None:
    rule = replace(ON["CALENDAR"], calendar=CalendarRule(cron="0 9 * * 1", time_zone="UTC"))
    found = lines(look(rule=rule))
    assert any(
        "cron 0 9 * * 1 (UTC): latest time 2023-11-13 09:00 UTC, fired" in x.text for x in found
    )


def test_titles__every_rule__is_one_the_engine_knows() -> None:
    assert set(TITLES_AND_WORDS) <= {rule.value for rule in Rule}
