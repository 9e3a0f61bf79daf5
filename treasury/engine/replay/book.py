"""What the replayed tier holds, and how a decision is filled (DE-13).

A decision says which value moves from which asset to which. The fill is booked per asset, against
cash that lasts no longer than the fill: a sale sells delta/(1 - c), so that delta is left after the
cost, and a purchase spends delta, cost included. This is what an independent back-test (bt) does,
whatever asset the policy settles in. Units are whole and rounded toward less trade; what rounding
leaves stays as cash and is part of the equity. Gas is taken out of the proceeds. Not done: venues,
depth and impact (BT-12), lots (BT-16).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from treasury.core.amounts import exact, to_decimal, to_units
from treasury.core.backtests.results import AssetTrade, BacktestSettings
from treasury.core.decisions import Trade
from treasury.core.policies import Target
from treasury.core.types import Address

Prices = Mapping[Address, Decimal]


class ReserveError(ValueError):
    """The first value does not pay for the policy's reserves."""


@dataclass(slots=True)
class Book:
    """Base units by asset, and cash in USD that no trade has used."""

    targets: tuple[Target, ...]
    decimals: Mapping[Address, int]
    cost: Decimal
    units: dict[Address, int]
    cash_usd: Decimal

    @classmethod
    def opened(
        cls,
        *,
        targets: tuple[Target, ...],
        decimals: Mapping[Address, int],
        settings: BacktestSettings,
    ) -> Book:
        """All in cash, at the first row."""
        return cls(
            targets=targets,
            decimals=decimals,
            cost=settings.cost,
            units={target.asset: 0 for target in targets},
            cash_usd=settings.initial_usd,
        )

    def amounts(self) -> tuple[Decimal, ...]:
        """Whole tokens in the order of the targets."""
        return tuple(
            self._tokens(target.asset, self.units[target.asset]) for target in self.targets
        )

    def free_amounts(self) -> tuple[Decimal, ...]:
        """Whole tokens above the reserves, in the order of the targets."""
        return tuple(
            self._tokens(target.asset, self._free(target.asset)) for target in self.targets
        )

    @exact
    def buy_targets(self, prices: Prices) -> tuple[AssetTrade, ...]:
        """The first purchase: reserves, then all that is left at the target weights."""
        kept = {
            target.asset: self._tokens(target.asset, target.reserve_units)
            * prices[target.asset]
            * (1 + self.cost)
            for target in self.targets
        }
        left = self.cash_usd - sum(kept.values(), Decimal(0))
        if left <= 0:
            raise ReserveError("the initial value does not pay for the reserves")
        weights = {target.asset: Decimal(target.weight_bps) / 10_000 for target in self.targets}
        spends = {asset: kept[asset] + weights[asset] * left for asset in kept}
        return self._buy(spends, prices)

    @exact
    def fill(
        self, trades: Iterable[Trade], prices: Prices, gas_usd: Decimal
    ) -> tuple[AssetTrade, ...]:
        """All trades of one decision at once. Sales are limited to what lies above the reserve; if
        they bring less than was moved, all purchases shrink by one factor."""
        sold: dict[Address, int] = {}
        wanted: dict[Address, Decimal] = {}
        for trade in trades:
            sold[trade.sell] = sold.get(trade.sell, 0) + trade.sell_units
            value = self._tokens(trade.sell, trade.sell_units) * prices[trade.sell]
            wanted[trade.buy] = wanted.get(trade.buy, Decimal(0)) + value
        done = [
            self._sell(target.asset, sold[target.asset], prices)
            for target in self.targets
            if target.asset in sold
        ]
        self.cash_usd -= gas_usd
        moved = sum(wanted.values(), Decimal(0))
        share = max(Decimal(0), min(Decimal(1), self.cash_usd / moved))
        spends = {asset: value * share for asset, value in wanted.items()}
        return (*done, *self._buy(spends, prices))

    def _sell(self, asset: Address, units: int, prices: Prices) -> AssetTrade:
        grossed = int(Decimal(units) / (1 - self.cost))
        grossed = min(grossed, max(units, self._free(asset)))
        amount = self._tokens(asset, grossed)
        value = amount * prices[asset]
        fee = value * self.cost
        self.units[asset] -= grossed
        self.cash_usd += value - fee
        return AssetTrade(asset, "SELL", amount, value, fee)

    def _buy(self, spends: Mapping[Address, Decimal], prices: Prices) -> tuple[AssetTrade, ...]:
        done = []
        for asset in (target.asset for target in self.targets if target.asset in spends):
            units = to_units(
                amount=spends[asset] / (1 + self.cost) / prices[asset],
                decimals=self.decimals[asset],
                rounding=ROUND_DOWN,
            )
            if units == 0:
                continue
            amount = self._tokens(asset, units)
            value = amount * prices[asset]
            fee = value * self.cost
            self.units[asset] += units
            self.cash_usd -= value + fee
            done.append(AssetTrade(asset, "BUY", amount, value, fee))
        return tuple(done)

    def _free(self, asset: Address) -> int:
        reserve = next(item.reserve_units for item in self.targets if item.asset == asset)
        return max(0, self.units[asset] - reserve)

    def _tokens(self, asset: Address, units: int) -> Decimal:
        return to_decimal(units=units, decimals=self.decimals[asset])
