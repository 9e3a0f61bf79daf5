"""T4: at the latest after its maximum age a tier is looked at, also one that never moved."""

from __future__ import annotations

from tests.integration.governance.conftest import Stage

DAY = 86_400


def test_hybrid__never_rebalanced_and_policy_too_old__fires(stage: Stage) -> None:
    stage.market.hold(91 * DAY)
    stage.market.hold(12)
    found = stage.evaluate("core")
    assert found.decision.is_fired
    assert found.decision.trigger_kind == "CALENDAR_MAX"


def test_hybrid__never_rebalanced_and_policy_young__does_not_fire(stage: Stage) -> None:
    stage.market.hold(12)
    found = stage.evaluate("core")
    assert not found.decision.is_fired
    assert found.proposal is None
