"""The intent key: the same evaluation can never become two proposals (reliability reference,
2.2)."""

from __future__ import annotations

from treasury.core.canonical import digest


def intent_key(*, tier: str, policy_hash: str, trigger: str, block_hash: str) -> str:
    """SHA-256 hex over canonical bytes. `tier` is "treasury name/tier name", `trigger` the kind
    of the trigger that fired; generated ids and wall time stay out of it."""
    return digest(
        {
            "block_hash": block_hash.lower(),
            "policy_hash": policy_hash,
            "tier": tier,
            "trigger": trigger,
        }
    )
