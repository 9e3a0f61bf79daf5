"""T1-T6 through the service: what governance hands to the triggers, and what the page says."""

from __future__ import annotations

import json
from typing import Any

from tests.integration.governance.conftest import Stage
from treasury.core.policies import TriggerRule
from treasury.core.types import Actor, ActorKind
from treasury.models import PolicyVersion
from treasury.selectors.decisions import replay_decision, revive_decision
from treasury.services.policies import publish_policy

ACTOR = Actor(ActorKind.PERSON, "tester")
DAY = 86_400


def publish(stage: Stage, tier: str, **trigger: Any) -> None:
    """The tier's policy with other parts of its trigger."""
    newest = PolicyVersion.objects.filter(tier_id=stage.tier_id(tier)).order_by("-number")[0]
    document = json.loads(newest.document)
    document["trigger"] |= trigger
    head = stage.head()
    publish_policy(
        tier_id=stage.tier_id(tier),
        document=document,
        effective_at=head.timestamp,
        actor=ACTOR,
        block=head,
    )


def rules(stage: Stage, name: str = "core", **more: Any) -> tuple[Any, dict[str, list[Any]]]:
    row = stage.evaluate(name, **more).decision
    _, decision = revive_decision(row)
    found: dict[str, list[Any]] = {}
    for item in decision.explanation:
        found.setdefault(item.rule, []).append(item)
    assert not replay_decision(row).differences
    return row, found


def test_confirmation__kept_between_evaluations__fires_at_the_second(stage: Stage) -> None:
    """DE-8: the memory travels by the stored decision."""
    publish(stage, "core", damping={"confirm_count": 2, "confirm_of": 3, "hysteresis_bps": 9_000})
    stage.move("WETH", 1_500)
    first, found = rules(stage)
    assert not first.is_fired
    assert "not yet confirmed" in first.trigger_reason
    assert {item.outcome for item in found["signal"]} >= {"armed"}
    stage.market.hold(12)
    second, _ = rules(stage)
    assert (second.is_fired, second.trigger_kind) == (True, "THRESHOLD")


def test_daily_limit__one_a_day__second_trigger_waits(stage: Stage) -> None:
    publish(stage, "core", cooldown_seconds=0, damping={"max_proposals_per_day": 1})
    stage.move("WETH", 1_500)
    stage.propose("core")
    stage.market.hold(12)
    row, found = rules(stage)
    assert (row.is_fired, row.trigger_kind) == (False, "DAILY_LIMIT")
    assert found["daily_limit"][0].outcome == "reached"


def test_events__price_move_and_volatility__see_the_tiers_own_observations(stage: Stage) -> None:
    events = {
        "price_move_bps": 500,
        "price_move_seconds": DAY,
        "volatility_bps": 1,
        "volatility_seconds": DAY,
    }
    publish(stage, "core", kind="CALENDAR", interval_seconds=1_000 * DAY, events=events)
    before, _ = rules(stage)
    assert before.trigger_kind == "CALENDAR"  # never proposed: due at once
    stage.move("WETH", 1_500)
    _, found = rules(stage)
    assert "fired" in {item.outcome for item in found["price_move"]}
    assert {item.outcome for item in found["volatility"]} == {"too few"}


def test_tier_page__latest_evaluation__says_why_not_now(stage: Stage) -> None:
    publish(
        stage,
        "core",
        calendar={"full_reset_days": 365},
        events={"flow_bps": 500, "flow_seconds": DAY},
    )
    stage.market.hold(12)
    stage.evaluate("core")
    tier = stage.seeded.tiers["core"]
    page = stage.client("fiona").get(f"/tiers/{tier.public_id}").content.decode()
    assert "Why not now" in page
    for words in ("Cool-down", "Full reset", "one every 365 days", "In- and outflow", "Band"):
        assert words in page


def test_tier_page__fired_and_nothing_to_trade__does_not_say_that_it_acted(stage: Stage) -> None:
    publish(stage, "core", kind="CALENDAR", interval_seconds=1_000 * DAY)
    row, _ = rules(stage)
    assert (row.is_fired, row.outcome) == (True, "NOTHING_WORTHWHILE")
    tier = stage.seeded.tiers["core"]
    page = stage.client("fiona").get(f"/tiers/{tier.public_id}").content.decode()
    assert "Why not now" in page
    assert "Why it acted" not in page
    assert "there is no trade worth making" in page


def test_trigger_rule__every_part__is_off_in_the_seeded_policies(stage: Stage) -> None:
    """What came later changes nothing of what was there."""
    row, found = rules(stage)
    inputs, _ = revive_decision(row)
    assert isinstance(inputs.policy.trigger, TriggerRule)
    assert '"observed"' not in row.inputs
    assert '"memory"' not in row.result
    assert set(found) <= {
        "price_gap",
        "halt",
        "untargeted",
        "reserve",
        "cooldown",
        "threshold",
        "max_age",
    }
