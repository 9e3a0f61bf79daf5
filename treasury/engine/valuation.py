"""What holdings are worth and which share of the total each has, exactly.

USD values are not rounded here (`amounts.quantize_usd` where they are stored). A tier's weights
count only what may be traded: reserves are taken out first (D2, decision order step 4), so that a
reserve neither breaks a band nor is spent to mend one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from treasury.core.amounts import exact, value_usd
from treasury.core.decisions import Trade
from treasury.core.drift import AssetDrift, asset_drift
from treasury.core.policies import Target, TierPolicy
from treasury.core.types import Address, Holding, Portfolio
from treasury.engine.sizing.groups import tested_drifts


@dataclass(frozen=True, slots=True)
class Position:
    """One target asset of a tier: what is held, what of it may be traded, and its drift."""

    holding: Holding
    target: Target
    available_units: int
    value_usd: Decimal
    drift: AssetDrift

    @property
    def asset(self) -> Address:
        return self.holding.asset


@dataclass(frozen=True, slots=True)
class TierView:
    """A tier as the engine sees it: positions in the policy's order, V without reserves (exact),
    and assets that the policy does not name, which are left alone."""

    positions: tuple[Position, ...]
    total_usd: Decimal
    untargeted: tuple[Holding, ...]
    tested: tuple[AssetDrift, ...]
    """What is held against a band: the positions' drifts, groups in the place of their members and
    members as seen from inside (`sizing.groups`)."""

    def position(self, asset: Address) -> Position:
        for position in self.positions:
            if position.asset == asset:
                return position
        raise KeyError(asset)


@exact
def weights(values_usd: Mapping[Address, Decimal]) -> dict[Address, Decimal]:
    """Each value's share of their sum, as fractions; all 0 when the sum is 0."""
    total = sum(values_usd.values(), Decimal(0))
    if total == 0:
        return {asset: Decimal(0) for asset in values_usd}
    return {asset: value / total for asset, value in values_usd.items()}


def available_units(*, units: int, reserve_units: int) -> int:
    """Units above the reserve, never below 0: a reserve that is short is not bought back by
    force."""
    return max(0, units - reserve_units)


@exact
def tier_view(*, portfolio: Portfolio, policy: TierPolicy) -> TierView:
    """Positions of all target assets; each must be in the portfolio (KeyError otherwise)."""
    held = [(portfolio.holding(target.asset), target) for target in policy.targets]
    units = {
        target.asset: available_units(units=holding.units, reserve_units=target.reserve_units)
        for holding, target in held
    }
    values = {
        holding.asset: value_usd(
            units=units[holding.asset], decimals=holding.decimals, price_usd=holding.price_usd
        )
        for holding, _ in held
    }
    shares = weights(values)
    positions = tuple(
        Position(
            holding=holding,
            target=target,
            available_units=units[holding.asset],
            value_usd=values[holding.asset],
            drift=asset_drift(target=target, weight=shares[holding.asset], symbol=holding.symbol),
        )
        for holding, target in held
    )
    return TierView(
        positions=positions,
        total_usd=sum(values.values(), Decimal(0)),
        untargeted=tuple(holding for holding in portfolio.holdings if holding.asset not in units),
        tested=tested_drifts(
            drifts=tuple(position.drift for position in positions), groups=policy.groups
        ),
    )


@exact
def breach_opened_by(
    *, portfolio: Portfolio, policy: TierPolicy, trades: Iterable[Trade]
) -> Address | None:
    """An asset (or group) that these trades would leave outside its band and farther from its
    target than it is now; None when there is none. A list that lost a trade to a later gate no
    longer balances, and what is left of it must not do harm. A member of a group that stays, or
    comes closer to its own target, does none, whatever the rest of the group did."""
    moved: dict[Address, int] = {}
    for trade in trades:
        moved[trade.sell] = moved.get(trade.sell, 0) - trade.sell_units
        moved[trade.buy] = moved.get(trade.buy, 0) + trade.expected_buy_units
    after = replace(
        portfolio,
        holdings=tuple(
            replace(holding, units=holding.units + moved.get(holding.asset, 0))
            for holding in portfolio.holdings
        ),
    )
    was, now = (tier_view(portfolio=held, policy=policy) for held in (portfolio, after))
    before = {drift.asset: drift for drift in was.tested}
    closer = {
        one.asset
        for one, other in zip(was.positions, now.positions, strict=True)
        if abs(other.drift.absolute) <= abs(one.drift.absolute)
    }
    members = {asset for group in policy.groups for asset in group.assets}
    for drift in now.tested:
        farther = abs(drift.absolute) > abs(before[drift.asset].absolute)
        is_pushed = drift.asset not in members or moved.get(drift.asset, 0) * drift.absolute > 0
        if drift.breached and farther and is_pushed and drift.asset not in closer:
            return drift.asset
    return None
