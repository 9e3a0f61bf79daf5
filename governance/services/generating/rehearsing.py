"""What an evaluation would say, recorded nowhere."""

from __future__ import annotations

from governance.services.generating.context import TierFacts, gather
from treasury.core.decisions import Decision
from treasury.selectors.policies import policy_in_force
from treasury.selectors.portfolio import tier_by_id
from treasury.selectors.snapshots import block_of, latest
from treasury.services.decisions import rehearse_decision


class NoSnapshotError(LookupError):
    """Nothing of the treasury has been read yet."""

    problem_code = "no_snapshot"
    problem_status = 409
    retryable = True

    def __str__(self) -> str:
        return "The treasury has no snapshot yet; ask again after the first one."


def rehearse_tier(*, tier_id: int, rpc_url: str, forced_reason: str | None) -> Decision:
    """At the latest snapshot. Not done: breakers are not tripped, venues are not asked, nothing is
    simulated. Raises NoSnapshotError, NoPolicyInForceError."""
    tier = tier_by_id(tier_id)
    snapshot = latest(tier.treasury_id)
    if snapshot is None:
        raise NoSnapshotError
    block = block_of(snapshot)
    version, policy = policy_in_force(tier_id=tier_id, now=block.timestamp)
    facts = TierFacts(tier_id, tier.treasury_id, tier.role_key, policy, version.effective_at, block)
    gathered = gather(facts, rpc_url=rpc_url, forced_reason=forced_reason)
    return rehearse_decision(tier_id=tier_id, snapshot_id=snapshot.pk, context=gathered.context)
