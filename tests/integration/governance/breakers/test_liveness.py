"""The alarm from outside the workers: who is late, and who has not begun."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.integration.governance.breakers.acting import ACTOR, with_rules
from tests.integration.governance.conftest import Stage
from treasury.core.policy_documents import policy_document
from treasury.models import PolicyVersion, Tier
from treasury.selectors.policies import policy_in_force
from treasury.selectors.watch import late_tiers
from treasury.services.policies import publish_policy

USUAL = 900


def late(after: int) -> list[str]:
    found = late_tiers(wall=timezone.now() + timedelta(seconds=after), usual_seconds=USUAL)
    return [name.partition("/")[2] for name in found]


def test_evaluations__later_than_the_policy_allows__the_tier_is_late(stage: Stage) -> None:
    with_rules(stage, "core", max_silence_seconds=60)
    for name in ("strategic", "core", "yield"):
        stage.evaluate(name)
    assert late(30) == []
    assert late(400) == ["core"]
    assert late(USUAL + 60) == ["strategic", "core", "yield"]


def test_evaluations__a_policy_of_next_month__makes_nobody_late(stage: Stage) -> None:
    block, month = stage.head(), 30 * 86_400
    _, policy = policy_in_force(tier_id=stage.tier_id("core"), now=block.timestamp)
    strict = replace(policy, halts=replace(policy.halts, max_silence_seconds=60))
    publish_policy(
        tier_id=stage.tier_id("core"),
        document=policy_document(strict),
        effective_at=max(block.timestamp, int(timezone.now().timestamp())) + month,
        actor=ACTOR,
        block=block,
    )
    stage.evaluate("core")
    assert "core" not in late(400), "the stricter version is not in force yet"
    version = PolicyVersion.objects.filter(tier_id=stage.tier_id("core")).latest("number")
    PolicyVersion.objects.create(
        tier=Tier.objects.create(
            treasury=version.tier.treasury, name="new", objective="-", safe=version.tier.safe
        ),
        number=1,
        document=version.document,
        document_hash=version.document_hash,
        effective_at=version.effective_at,
    )
    assert "new" not in late(USUAL * 2), "its first policy has not begun"


@pytest.mark.parametrize(("allowed", "status"), [(USUAL, 200), (-1, 503)])
def test_healthz_evaluations__by_what_is_allowed__says_so_and_names_no_tier(
    stage: Stage, settings: Any, allowed: int, status: int
) -> None:
    for name in ("strategic", "core", "yield"):
        stage.evaluate(name)
    settings.EVALUATION_SECONDS_MAX = allowed
    answer = Client().get("/healthz/evaluations")
    assert (answer.status_code, answer.json()) == (
        status,
        {"evaluations": "ok" if status == 200 else "late"},
    )
