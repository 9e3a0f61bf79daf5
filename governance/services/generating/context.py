"""What one evaluation needs beside policy and portfolio, all of it read at the snapshot's block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from execution.selectors.transactions import turnover_usd
from execution.services.limits import remaining_allowances
from execution.services.quoting import trading_pairs
from governance.selectors.halts import open_halts
from governance.selectors.proposals import latest_full_reset_at, latest_times
from governance.services.generating.observing import observe
from treasury.core.decisions import DecisionContext, RemainingAllowance, TriggerState
from treasury.core.policies import Mode, TierPolicy, TriggerKind
from treasury.core.types import BlockRef
from treasury.selectors.decisions import latest_evaluation_at
from treasury.selectors.triggering.observing import latest_memory

TIP_WEI = 10**8
"""What we add to the base fee: 0.1 gwei gets a transaction into one of the next blocks."""


@dataclass(frozen=True, slots=True)
class TierFacts:
    """The tier and the policy in force at the block, since `policy_since` (block time)."""

    tier_id: int
    treasury_id: int
    role_key: str
    policy: TierPolicy
    policy_since: int
    block: BlockRef


@dataclass(frozen=True, slots=True)
class Gathered:
    context: DecisionContext
    limits_match: bool
    limit_differences: tuple[str, ...]


def gather(facts: TierFacts, *, rpc_url: str, forced_reason: str | None) -> Gathered:
    """Reads of the chain (allowances of the role) come before any database transaction."""
    policy, now = facts.policy, facts.block.timestamp
    remaining: tuple[RemainingAllowance, ...] = ()
    differences: tuple[str, ...] = ()
    if policy.mode is not Mode.MANUAL and facts.role_key:
        report = remaining_allowances(
            tier_id=facts.tier_id, limits=policy.unit_limits, block=facts.block, rpc_url=rpc_url
        )
        remaining, differences = report.remaining, report.differences
    elif policy.mode is not Mode.MANUAL:
        differences = ("the tier has no role on its Safe",)
    proposed_at, rebalanced_at = latest_times(tier_id=facts.tier_id)
    context = DecisionContext(
        trigger_state=TriggerState(
            latest_evaluation_at=latest_evaluation_at(tier_id=facts.tier_id, before=now),
            latest_proposal_at=proposed_at,
            latest_rebalance_at=_age_counts_from(facts, rebalanced_at),
            **_further_state(facts),
        ),
        turnover_in_window_usd=turnover_usd(
            tier_id=facts.tier_id, since=policy.turnover_since(now)
        ),
        pairs=trading_pairs(tier_id=facts.tier_id, venues=policy.venues),
        tip_wei=TIP_WEI,
        allowances=remaining,
        halts=open_halts(treasury_id=facts.treasury_id, tier_id=facts.tier_id),
        forced_reason=forced_reason,
        observed=observe(
            tier_id=facts.tier_id,
            treasury_id=facts.treasury_id,
            policy=policy,
            block=facts.block,
            proposed_at=proposed_at,
        ),
    )
    return Gathered(context, not differences, differences)


def _further_state(facts: TierFacts) -> dict[str, Any]:
    """What only some rules want; a policy without them stores and asks nothing."""
    rule, tier_id = facts.policy.trigger, facts.tier_id
    found: dict[str, Any] = {}
    if rule.calendar.cron or rule.calendar.full_reset_days:
        found["policy_since"] = facts.policy_since
    if rule.calendar.full_reset_days:
        found["latest_full_reset_at"] = latest_full_reset_at(tier_id=tier_id)
    if rule.damping.remembers or rule.calendar.cron:
        found["memory"] = latest_memory(tier_id=tier_id, before=facts.block.timestamp)
    return found


def _age_counts_from(facts: TierFacts, rebalanced_at: int | None) -> int | None:
    """T4: "at least quarterly even if no band is broken" also holds before the first rebalance;
    then the policy's own age counts."""
    if rebalanced_at is None and facts.policy.trigger.kind is TriggerKind.HYBRID:
        return facts.policy_since
    return rebalanced_at
