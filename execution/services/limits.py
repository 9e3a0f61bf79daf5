"""What the role may still spend, and whether the chain holds exactly the limits of the policy."""

from __future__ import annotations

from dataclasses import dataclass

from execution.adapters import ethereum, roles
from treasury.core.decisions import RemainingAllowance
from treasury.core.policies import UnitLimit
from treasury.core.types import Address, BlockRef
from treasury.selectors.portfolio import tier_by_id


@dataclass(frozen=True, slots=True)
class LimitsReport:
    """Any difference stops automation: policy and chain must say exactly the same."""

    remaining: tuple[RemainingAllowance, ...]
    differences: tuple[str, ...]


def remaining_allowances(
    *, tier_id: int, limits: tuple[UnitLimit, ...], block: BlockRef, rpc_url: str
) -> LimitsReport:
    tier = tier_by_id(tier_id)
    modifier = Address(tier.safe.modifier_address)
    if not modifier or not tier.member_address or not tier.role_key:
        missing = ("the tier has limits but no role",) if limits else ()
        return LimitsReport((), missing)
    member = Address(tier.member_address)
    with ethereum.connect(rpc_url) as rpc:
        keys = [limit.allowance_key for limit in limits]
        found = roles.allowances(rpc, modifier, keys, block)
        holds_role = roles.is_member(rpc, modifier, member, tier.role_key, block)
    differences = [] if holds_role else [f"{member} does not hold the role on the chain"]
    remaining = []
    for limit, on_chain in zip(limits, found, strict=True):
        differences += _differences(limit, on_chain)
        remaining.append(
            RemainingAllowance(limit.allowance_key, limit.asset, on_chain.remaining_units)
        )
    return LimitsReport(tuple(remaining), tuple(differences))


def _differences(limit: UnitLimit, found: roles.Allowance) -> list[str]:
    pairs = (
        ("refill", limit.refill_units, found.refill_units),
        ("maximum", limit.max_refill_units, found.max_refill_units),
        ("period", limit.period_seconds, found.period_seconds),
    )
    return [
        f"allowance {limit.allowance_key}: {name} is {there} on the chain, {ours} in the policy"
        for name, ours, there in pairs
        if ours != there
    ]
