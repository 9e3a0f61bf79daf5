"""Why a proposal is as it is: every rule with its inputs and outcome (D7)."""

from __future__ import annotations

from typing import Any

from governance.models import Proposal
from treasury.core.canonical import plain
from treasury.selectors.decisions import revive_decision


def explanation(proposal: Proposal) -> dict[str, Any]:
    """Revived from what was stored; the digest binds it to the replay of the same inputs."""
    row = proposal.decision
    inputs, decision = revive_decision(row)
    return {
        "object": "explanation",
        "proposal": proposal.public_id,
        "decision": row.public_id,
        "digest": row.digest,
        "policy_hash": proposal.policy_hash,
        "as_of": {
            "block_number": inputs.portfolio.block.number,
            "block_hash": inputs.portfolio.block.hash,
            "timestamp": inputs.portfolio.block.timestamp,
        },
        "trigger": plain(decision.trigger),
        "trigger_state": plain(inputs.trigger_state),
        "weights": plain(decision.weights),
        "trades": plain(decision.trades),
        "skipped": plain(decision.skipped),
        "rules": plain(decision.explanation),
        "route": {"route": proposal.route, "reason": proposal.route_reason},
        "halts": plain(inputs.halts),
        "allowances": plain(inputs.allowances),
        "replay": f"replay_decision {row.public_id}",
    }
