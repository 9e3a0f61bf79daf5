"""What a tier's triggers look at, from all three packages, as of the snapshot's block."""

from __future__ import annotations

from dataclasses import replace

from execution.selectors.moves import latest_moves
from governance.models import NoticeKind
from governance.selectors.proposals import proposals_since
from governance.selectors.registers.notices import announced
from treasury.core.policies import TierPolicy
from treasury.core.triggering.observed import Observed, Upgrade
from treasury.core.types import BlockRef
from treasury.selectors.triggering.observing import observed_by_treasury

DAY_SECONDS = 86_400


def observe(
    *,
    tier_id: int,
    treasury_id: int,
    policy: TierPolicy,
    block: BlockRef,
    proposed_at: int | None,
) -> Observed:
    """No query for a rule that the policy leaves off."""
    rule, now = policy.trigger, block.timestamp
    damping, lead = rule.damping, rule.events.upgrade_lead_seconds
    found = observed_by_treasury(
        tier_id=tier_id,
        rule=rule,
        now=now,
        block_number=block.number,
        answered_at=proposed_at,
    )
    return replace(
        found,
        moves=latest_moves(tier_id=tier_id, until=now)
        if damping.asset_cooldown_seconds or damping.flip_window_seconds
        else (),
        upgrades=_upgrades(treasury_id, policy, now, lead) if lead else (),
        proposals_in_day=proposals_since(tier_id=tier_id, since=now - DAY_SECONDS)
        if damping.max_proposals_per_day
        else 0,
    )


def _upgrades(treasury_id: int, policy: TierPolicy, now: int, lead: int) -> tuple[Upgrade, ...]:
    """Upgrades still to come that concern an asset of the policy, or the whole treasury."""
    assets = [target.asset for target in policy.targets]
    return tuple(
        Upgrade(item.notice.title, item.notice.starts_at)
        for item in announced(treasury_id=treasury_id, start=now, end=now + lead)
        if item.notice.kind == NoticeKind.UPGRADE
        and item.notice.starts_at > now
        and item.concerns(assets)
    )
