"""The parts of a treasury that execution needs together, read once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from treasury.core.types import Address
from treasury.selectors import portfolio

if TYPE_CHECKING:
    from treasury.models import Asset, SafeAccount, Tier


@dataclass(frozen=True, slots=True)
class TreasuryView:
    """`own_safes` hold assets (main and tier Safes); the operator Safe signs only."""

    id: int
    chain_id: int
    executor: Address
    main_safe: Address
    tier_safes: frozenset[Address]
    operator_safes: frozenset[Address]
    safes: dict[Address, SafeAccount]
    assets: dict[Address, Asset]

    @property
    def own_safes(self) -> frozenset[Address]:
        return self.tier_safes | {self.main_safe}

    def positions(self) -> tuple[tuple[Address, Address], ...]:
        """Every (Safe, asset) whose balance is ours to explain."""
        return tuple(
            (safe, asset) for safe in sorted(self.own_safes) for asset in sorted(self.assets)
        )


def treasury_view(tier: Tier) -> TreasuryView:
    treasury = tier.treasury
    safes = {Address(safe.address): safe for safe in treasury.safes.order_by("id")}
    by_kind: dict[str, set[Address]] = {"MAIN": set(), "TIER": set(), "OPERATOR": set()}
    for address, safe in safes.items():
        by_kind[safe.kind].add(address)
    (main_safe,) = by_kind["MAIN"]
    return TreasuryView(
        id=treasury.id,
        chain_id=treasury.chain_id,
        executor=Address(treasury.executor_address),
        main_safe=main_safe,
        tier_safes=frozenset(by_kind["TIER"]),
        operator_safes=frozenset(by_kind["OPERATOR"]),
        safes=safes,
        assets={Address(row.address): row for row in portfolio.assets(treasury.id)},
    )
