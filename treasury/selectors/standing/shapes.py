"""How a treasury and its tiers stand at a snapshot, as values."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from treasury.core.drift import AssetDrift
from treasury.core.policies import TierPolicy
from treasury.core.risk import Exposure
from treasury.core.types import Address, BlockRef


@dataclass(frozen=True, slots=True)
class BandLine:
    """One asset of a tier. `tokens` whole tokens, `drift` None where there is no target, no price
    or nothing to compare with. `price_reason` says why there is no price."""

    asset: Address
    symbol: str
    tokens: Decimal
    price_usd: Decimal | None
    price_reason: str
    value_usd: Decimal | None
    target_bps: int | None
    drift: AssetDrift | None


@dataclass(frozen=True, slots=True)
class SourceAnswer:
    """What one price source said for the block: taken, or refused with the reason. `observed_at`
    is the source's own time."""

    source: str
    is_accepted: bool
    observed_at: int
    reason: str


@dataclass(frozen=True, slots=True)
class PriceLine:
    """One asset's price at the block; `price_usd` None with the reason why there is none."""

    asset: Address
    symbol: str
    decimals: int
    price_usd: Decimal | None
    observed_at: int | None
    reason: str
    answers: tuple[SourceAnswer, ...]


@dataclass(frozen=True, slots=True)
class PolicyRef:
    public_id: str
    number: int
    effective_at: int
    digest: str


@dataclass(frozen=True, slots=True)
class DecisionRef:
    """The latest evaluation; `at` is block time, `cost_usd` the estimate of its trades (None when
    it made none)."""

    id: int
    public_id: str
    outcome: str
    is_fired: bool
    trigger_kind: str
    reason: str
    at: int
    block: int
    cost_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class Allowance:
    """One allowance of the role: the most tokens it lets through per period. `value_usd` counts
    what of them is held and not let through by an allowance before it; None without a price."""

    key: str
    symbol: str
    tokens: Decimal
    period_seconds: int
    value_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class TierStanding:
    """`row` is the tier's. `nav_usd` None when something held has no price. Policy, version and
    decision are None where there is none yet; the policy alone where it cannot be read."""

    row: Any
    nav_usd: Decimal | None
    lines: tuple[BandLine, ...]
    policy: TierPolicy | None
    version: PolicyRef | None
    decision: DecisionRef | None
    allowances: tuple[Allowance, ...]

    @property
    def is_policy_unreadable(self) -> bool:
        """Somebody changed the text of the policy in force past the service."""
        return self.version is not None and self.policy is None

    @property
    def outside(self) -> tuple[BandLine, ...]:
        return tuple(line for line in self.lines if line.drift is not None and line.drift.breached)

    @property
    def has_drift(self) -> bool:
        return any(line.drift is not None for line in self.lines)

    @property
    def worst_loss_usd(self) -> Decimal | None:
        """What whoever holds the role can spend in one period; None when a price is missing, or the
        policy cannot be read that says what it may."""
        if self.is_policy_unreadable and self.row.member_address:
            return None
        values = [item.value_usd for item in self.allowances]
        known = [value for value in values if value is not None]
        return sum(known, Decimal(0)) if len(known) == len(values) else None

    @property
    def chain_enforces_approval(self) -> bool:
        """The role's member is not the service's own key: the operator has to sign too."""
        member = self.row.member_address
        return bool(member) and member != self.row.treasury.executor_address


@dataclass(frozen=True, slots=True)
class Standing:
    """`snapshot` is None before the first one, and then everything else is empty."""

    row: Any
    snapshot: Any | None
    books_since: int | None
    tiers: tuple[TierStanding, ...]
    exposures: tuple[Exposure, ...]
    prices: tuple[PriceLine, ...]
    vaults: tuple[tuple[Address, Address], ...]
    """(share, underlying) of the vaults that something is in."""

    @property
    def block(self) -> BlockRef | None:
        if self.snapshot is None:
            return None
        at = self.snapshot
        return BlockRef(at.block_number, at.block_hash, at.block_timestamp)

    @property
    def nav_usd(self) -> Decimal | None:
        return None if self.snapshot is None else self.snapshot.nav_usd
