"""From wanted changes to flows between two assets: greedy pairs, else two legs over settlement.

Values are exact USD. A flow never exceeds its pair's largest size (maximum trade, DE-20; largest
affordable, DE-22) nor the room that an asset's allowance leaves. What finds no partner stays
untraded: less trade, never more. Not done: netting across tiers (DE-16), splitting one pair
over several venues, slicing (DE-28).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from treasury.core.amounts import exact
from treasury.core.types import Address, GasPrice, PairCost
from treasury.engine.costs import estimate_cost, largest_affordable_usd, received_usd

Pair = tuple[Address, Address]

DUST_USD = Decimal("1E-30")
"""Below this a value is what rounding left over."""


@dataclass(frozen=True, slots=True)
class Market:
    """What may be traded where: options by (sell, buy), and what limits one trade."""

    options: Mapping[Pair, tuple[PairCost, ...]]
    settlement: Address
    gas: GasPrice
    cost_cap_bps: int
    max_trade_usd: Decimal

    def trades(self, sell: Address, buy: Address) -> bool:
        return bool(self.options.get((sell, buy)))


@dataclass(frozen=True, slots=True)
class Flow:
    """Sell `value_usd` of one asset for another on `pair`."""

    pair: PairCost
    value_usd: Decimal

    @property
    def sell(self) -> Address:
        return self.pair.sell

    @property
    def buy(self) -> Address:
        return self.pair.buy


@dataclass(frozen=True, slots=True)
class Stuck:
    """Wanted on both sides, but no route leads from one to the other. `asset` is the side without
    a route to the settlement asset; `moved_usd` of its wish was matched."""

    sell: Address
    buy: Address
    value_usd: Decimal
    asset: Address
    moved_usd: Decimal


@dataclass(frozen=True, slots=True)
class Matching:
    """`capped`: pairs whose flow was cut at their largest size (value wanted there, size)."""

    flows: tuple[Flow, ...]
    stuck: tuple[Stuck, ...]
    capped: tuple[tuple[Pair, Decimal, Decimal], ...]


@exact
def match_flows(
    *,
    sells: Mapping[Address, Decimal],
    buys: Mapping[Address, Decimal],
    market: Market,
    room: Mapping[Address, Decimal],
) -> Matching:
    """Flows for wanted sells and buys (USD > 0 by asset). `room`: how much of an asset may be sold
    at all, own sells and passing through together; an asset that is not named has no such
    limit."""
    book = _Book(market=market, sells=dict(sells), buys=dict(buys), room=dict(room))
    book.match_direct()
    book.match_over_settlement()
    return Matching(
        flows=book.flows(),
        stuck=book.stuck(sells, buys),
        capped=tuple(sorted((pair, *sizes) for pair, sizes in book.capped.items())),
    )


@exact
def best_option(*, market: Market, pair: Pair, value_usd: Decimal) -> tuple[PairCost, Decimal]:
    """The venue that carries most of the value, then the cheapest, then by name; and that size."""
    ranked = []
    for option in market.options[pair]:
        affordable = largest_affordable_usd(
            pair=option, gas=market.gas, cost_cap_bps=market.cost_cap_bps
        )
        size = min(value_usd, market.max_trade_usd)
        if affordable is not None:
            size = min(size, affordable)
        cost = estimate_cost(pair=option, value_usd=size, gas=market.gas)
        ranked.append(((-size, cost.total_usd, option.venue, option.gas_units), option, size))
    _, option, size = min(ranked, key=lambda item: item[0])
    return option, size


@dataclass(slots=True)
class _Book:
    """The matching under way: what is still wanted, and what each pair carries so far."""

    market: Market
    sells: dict[Address, Decimal]
    buys: dict[Address, Decimal]
    room: dict[Address, Decimal]
    direct: dict[Pair, Decimal]
    passing: dict[Pair, Decimal]
    capped: dict[Pair, tuple[Decimal, Decimal]]

    def __init__(
        self,
        *,
        market: Market,
        sells: dict[Address, Decimal],
        buys: dict[Address, Decimal],
        room: dict[Address, Decimal],
    ) -> None:
        self.market, self.sells, self.buys, self.room = market, sells, buys, room
        self.direct, self.passing, self.capped = {}, {}, {}

    def match_direct(self) -> None:
        """Largest sell against largest buy among the pairs that trade; each pair once."""
        while candidates := self._open_pairs(
            pair for pair in self._wanted_pairs() if self.market.trades(*pair)
        ):
            sell, buy = candidates[0]
            wanted = min(self.sells[sell], self.buys[buy])
            size = min(self._size((sell, buy), wanted), self._room(sell))
            self.direct[sell, buy] = size
            self._spend(sell, buy, size)

    def match_over_settlement(self) -> None:
        """Where no pair trades directly: sell for the settlement asset, buy with it. A pair that
        was cut at its largest size is not carried on this way: that size is a limit, not a
        detour."""
        through = self.market.settlement
        tried: set[Pair] = set()
        while candidates := [
            pair
            for pair in self._open_pairs(self._wanted_pairs())
            if pair not in tried and self._routable(pair)
        ]:
            sell, buy = candidates[0]
            tried.add((sell, buy))
            wanted = min(self.sells[sell], self.buys[buy])
            size = min(
                self._more((sell, through), wanted),
                self._more((through, buy), wanted),
                self._room(sell),
                self._room(through),
            )
            if size > DUST_USD:
                self.passing[sell, buy] = size
                self._spend(sell, buy, size)
                self.room[through] = self._room(through) - size

    def flows(self) -> tuple[Flow, ...]:
        """One flow per pair, into settlement first: what comes in there pays for what goes out.
        The second legs pass on what the first are expected to bring."""
        through = self.market.settlement
        totals = dict(self.direct)
        for (sell, _), size in self.passing.items():
            totals[sell, through] = totals.get((sell, through), Decimal(0)) + size
        first = {pair: self._flow(pair, size) for pair, size in totals.items() if size > DUST_USD}
        totals = {pair: size for pair, size in self.direct.items() if pair[0] == through}
        for (sell, buy), size in self.passing.items():
            leg = first[sell, through]
            cost = estimate_cost(pair=leg.pair, value_usd=leg.value_usd, gas=self.market.gas)
            kept = received_usd(value_usd=leg.value_usd, cost=cost) / leg.value_usd
            totals[through, buy] = totals.get((through, buy), Decimal(0)) + size * kept
        second = {pair: self._flow(pair, size) for pair, size in totals.items() if size > DUST_USD}
        return tuple(
            sorted(
                {**first, **second}.values(),
                key=lambda flow: (
                    flow.buy != through,
                    flow.sell == through,
                    -flow.value_usd,
                    flow.sell,
                    flow.buy,
                ),
            )
        )

    def stuck(
        self, sells: Mapping[Address, Decimal], buys: Mapping[Address, Decimal]
    ) -> tuple[Stuck, ...]:
        """What still wants to trade and has no route; the culprit is the side that lacks one."""
        through = self.market.settlement
        found = []
        for sell, buy in self._open_pairs(self._wanted_pairs()):
            if self._routable((sell, buy)):
                continue
            sell_lacks = buy == through or (
                sell != through and not self.market.trades(sell, through)
            )
            asset = sell if sell_lacks else buy
            wished, left = (sells, self.sells) if sell_lacks else (buys, self.buys)
            found.append(
                Stuck(
                    sell=sell,
                    buy=buy,
                    value_usd=min(self.sells[sell], self.buys[buy]),
                    asset=asset,
                    moved_usd=wished[asset] - left[asset],
                )
            )
        return tuple(found)

    def _wanted_pairs(self) -> Iterable[Pair]:
        return (
            (sell, buy)
            for sell, offered in self.sells.items()
            if offered > DUST_USD
            for buy, asked in self.buys.items()
            if asked > DUST_USD
        )

    def _open_pairs(self, pairs: Iterable[Pair]) -> list[Pair]:
        """Not yet matched directly, largest sell first, then largest buy, then by address."""
        return sorted(
            (pair for pair in pairs if pair not in self.direct),
            key=lambda pair: (-self.sells[pair[0]], -self.buys[pair[1]], pair),
        )

    def _routable(self, pair: Pair) -> bool:
        """Asked for open pairs only, and an open pair does not trade directly."""
        sell, buy = pair
        through = self.market.settlement
        return (
            through not in pair
            and self.market.trades(sell, through)
            and self.market.trades(through, buy)
        )

    def _size(self, pair: Pair, wanted: Decimal) -> Decimal:
        _, size = best_option(market=self.market, pair=pair, value_usd=wanted)
        if size < wanted:
            self.capped[pair] = (wanted, size)
        return size

    def _more(self, pair: Pair, wanted: Decimal) -> Decimal:
        """How much more a pair carries beside what it already does."""
        carried = self.direct.get(pair, Decimal(0)) + sum(
            (
                size
                for (sell, buy), size in self.passing.items()
                if pair in ((sell, self.market.settlement), (self.market.settlement, buy))
            ),
            Decimal(0),
        )
        return max(Decimal(0), self._size(pair, carried + wanted) - carried)

    def _room(self, asset: Address) -> Decimal:
        return max(Decimal(0), self.room.get(asset, Decimal("Infinity")))

    def _spend(self, sell: Address, buy: Address, size: Decimal) -> None:
        self.sells[sell] -= size
        self.buys[buy] -= size
        if sell in self.room:
            self.room[sell] -= size

    def _flow(self, pair: Pair, size: Decimal) -> Flow:
        option, largest = best_option(market=self.market, pair=pair, value_usd=size)
        return Flow(pair=option, value_usd=min(size, largest))
