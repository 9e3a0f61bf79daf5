"""What the role may still spend, and whether the chain holds exactly the limits of the policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from execution.adapters import ethereum, roles
from execution.adapters.ethereum import CallFailedError
from execution.core.abi import UndecodableCallError
from execution.core.limits.allowances import Allowance, LimitsReport, compare
from treasury.adapters.rpc import RpcError, RpcUnavailableError
from treasury.core.policies import UnitLimit
from treasury.core.types import Address, BlockRef
from treasury.selectors.portfolio import tier_by_id


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
    missing_role = "" if holds_role else f"{member} does not hold the role on the chain"
    return compare(limits, found, role_missing=missing_role)


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
    found: dict[tuple[Address, str], Allowance] = {}
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


def _state(modifier: Address, limit: UnitLimit, found: Allowance) -> AllowanceState:
    on_chain = (found.refill_units, found.max_refill_units, found.period_seconds)
    ours = (limit.refill_units, limit.max_refill_units, limit.period_seconds)
    return AllowanceState(modifier, limit, found.remaining_units, on_chain == ours)
