"""What the role may still spend, and whether the chain holds exactly the limits of the policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from execution.adapters import ethereum, roles
from execution.adapters.ethereum import CallFailedError
from execution.core.abi import UndecodableCallError
from treasury.adapters.rpc import RpcError, RpcUnavailableError
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


# ------------------------------------------------------------------------------------ to look at
class AllowancesUnknownError(RuntimeError):
    """The chain does not say now what the roles may still do."""


@dataclass(frozen=True, slots=True)
class AllowanceState:
    """One limit of a policy beside what the modifier holds. `agrees`: refill, ceiling and period
    are the policy's; a difference stops automation."""

    modifier: Address
    limit: UnitLimit
    remaining_units: int
    agrees: bool

    @property
    def left_percent(self) -> int:
        """Of the ceiling, rounded down."""
        ceiling = self.limit.max_refill_units
        return min(self.remaining_units * 100 // ceiling, 100) if ceiling else 0


def read_allowances(
    *, wanted: Sequence[tuple[Address, UnitLimit]], block: BlockRef, rpc_url: str
) -> tuple[AllowanceState, ...]:
    """(modifier, limit) in the order asked for, one request per modifier."""
    found: dict[tuple[Address, str], roles.Allowance] = {}
    try:
        with ethereum.connect(rpc_url) as rpc:
            for modifier in sorted({modifier for modifier, _ in wanted}):
                keys = [limit.allowance_key for m, limit in wanted if m == modifier]
                for allowance in roles.allowances(rpc, modifier, keys, block):
                    found[modifier, allowance.key] = allowance
    except (CallFailedError, RpcError, RpcUnavailableError, UndecodableCallError) as error:
        raise AllowancesUnknownError(str(error)) from error
    return tuple(
        _state(modifier, limit, found[modifier, limit.allowance_key]) for modifier, limit in wanted
    )


def _state(modifier: Address, limit: UnitLimit, found: roles.Allowance) -> AllowanceState:
    on_chain = (found.refill_units, found.max_refill_units, found.period_seconds)
    ours = (limit.refill_units, limit.max_refill_units, limit.period_seconds)
    return AllowanceState(modifier, limit, found.remaining_units, on_chain == ours)
