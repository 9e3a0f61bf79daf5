"""Which policy holds when."""

from __future__ import annotations

import json

from treasury.core.policies import TierPolicy
from treasury.core.policy_documents import parse_policy
from treasury.core.revival import READING_ERRORS
from treasury.models import PolicyVersion


class NoPolicyInForceError(LookupError):
    """The tier has no policy whose time has come: it is watched, and nothing is proposed."""

    problem_code = "no_policy"
    problem_status = 409
    problem_detail = "The tier has no policy in force: it is watched, and nothing is proposed."


def policy_in_force(*, tier_id: int, now: int) -> tuple[PolicyVersion, TierPolicy]:
    """The version with the highest number whose `effective_at` has come at `now` (block time)."""
    version = (
        PolicyVersion.objects.filter(tier_id=tier_id, effective_at__lte=now)
        .order_by("-number")
        .first()
    )
    if version is None:
        raise NoPolicyInForceError(f"tier {tier_id} has no policy in force at {now}")
    return version, revive_policy(version)


def revive_policy(version: PolicyVersion) -> TierPolicy:
    return parse_policy(json.loads(version.document))


def readable_policy(document: str) -> TierPolicy | None:
    """For pages and alarms, which tell of many tiers: None when somebody changed the stored text
    past the service so that it is no policy. Whoever decides by it uses `revive_policy`, which
    fails."""
    try:
        return parse_policy(json.loads(document))
    except READING_ERRORS:
        return None
