"""Where a treasury may trade, what trades would cost: assumptions before there are quotes, then
the best way over every market."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Final

from django.db import transaction

from execution.adapters import ethereum
from execution.adapters.venues.base import NoQuoteError, Ways, Wish
from execution.adapters.venues.registry import ROUTERS, VENUES
from execution.core.pools.parts import divide_trade, merge_trades
from execution.core.pools.splitting import Terms
from execution.core.types import Market, Quote, QuoteRequest
from execution.models import Quote as QuoteRow
from execution.models import TradingPair
from execution.selectors.markets import allowed_markets, market_of, pair_rows
from execution.selectors.plans import decision_inputs
from treasury.adapters.rpc import Rpc
from treasury.core.decisions import DecisionInputs, Trade
from treasury.core.types import Actor, Address, BlockRef, PairCost
from treasury.selectors.decisions import decision_by_id
from treasury.selectors.portfolio import asset_by_address, tier_by_id
from treasury.services.record import record_audit

KEPT_TO: Final = ("kept_to", "single markets that the role on the chain knows")
"""Why a quote does not go elsewhere, or on through a second pool."""


class UnknownVenueError(ValueError):
    """No venue of that name is registered."""


class UnableToQuoteError(RuntimeError):
    """No allowed market takes this trade at this block; each market's reason is in the text."""


def allow_market(
    *,
    treasury_id: int,
    venue: str,
    base: Address,
    quote: Address,
    parameters: dict[str, str],
    fee_bps: Decimal,
    depth_usd: Decimal | None,
    gas_units: int,
    actor: Actor,
    block: BlockRef | None,
    is_in_roles: bool = True,
) -> TradingPair:
    """Put one market on the allow-list, in both directions; `is_in_roles` False keeps it to what
    owners sign. Doing it again changes that and the estimates only."""
    if venue not in VENUES:
        raise UnknownVenueError(f"{venue} is not one of: {', '.join(sorted(VENUES))}")
    with transaction.atomic():
        row, _ = TradingPair.objects.update_or_create(
            treasury_id=treasury_id,
            venue=venue,
            base_id=asset_by_address(treasury_id=treasury_id, address=base).id,
            quote_id=asset_by_address(treasury_id=treasury_id, address=quote).id,
            parameters=parameters,
            defaults={
                "fee_bps": fee_bps,
                "depth_usd": depth_usd,
                "gas_units": gas_units,
                "is_in_roles": is_in_roles,
                "is_active": True,
            },
        )
        record_audit(
            actor=actor,
            action="market.allowed",
            object_type="trading_pair",
            object_id=str(row.id),
            block=block,
            after={
                "venue": venue,
                "base": base,
                "quote": quote,
                "parameters": parameters,
                "is_in_roles": is_in_roles,
            },
        )
    return row


def trading_pairs(*, tier_id: int, venues: tuple[str, ...]) -> tuple[PairCost, ...]:
    """Cost assumptions for both directions of every allowed market, the cheapest one where a venue
    has several for a pair. A tier with a role counts on the markets that roles know."""
    tier = tier_by_id(tier_id)
    best: dict[tuple[Address, Address, str], PairCost] = {}
    rows = pair_rows(treasury_id=tier.treasury_id, venues=venues, only_in_roles=bool(tier.role_key))
    for row in rows:
        market = market_of(row)
        for sell, buy in ((market.base, market.quote), (market.quote, market.base)):
            pair = PairCost(sell, buy, row.venue, row.fee_bps, row.depth_usd, row.gas_units)
            key = (sell, buy, row.venue)
            if key not in best or pair.fee_bps < best[key].fee_bps:
                best[key] = pair
    return tuple(best[key] for key in sorted(best))


@dataclass(frozen=True, slots=True)
class Quoted:
    """What trades would bring: `trades` and `quotes` are one to one, trades of one pair put
    together and split ones in parts (without lots where they changed). `others` are the answers
    that were not taken."""

    trades: tuple[Trade, ...]
    quotes: tuple[Quote, ...]
    others: tuple[Quote, ...]


def quote_trades(
    *,
    decision_id: int,
    trades: Sequence[Trade],
    safe: Address,
    block: BlockRef,
    rpc_url: str,
    by_role: bool,
) -> Quoted:
    """The best ways for the trades, net of gas, over every market of the policy's venues, within
    its hops and parts. Writes nothing (see `store_quotes`). A role's conditions know single
    markets only, so what goes `by_role` keeps to these. Raises UnableToQuoteError."""
    decision = decision_by_id(decision_id)
    inputs = decision_inputs(decision)
    whole = merge_trades(trades)
    wishes = [_wish(trade, inputs, safe, by_role=by_role) for trade in whole]
    with ethereum.connect(rpc_url) as rpc:
        markets = allowed_markets(
            treasury_id=decision.tier.treasury_id,
            venues=inputs.policy.venues,
            only_in_roles=by_role,
        )
        ways = _ask(rpc, wishes, markets, block)
    parts = [
        part
        for trade, way in zip(whole, ways, strict=True)
        for part in divide_trade(trade, [quote.sell_units for quote in way.chosen])
    ]
    chosen = [quote for way in ways for quote in way.chosen]
    if by_role:
        chosen = [replace(quote, detail=(*quote.detail, KEPT_TO)) for quote in chosen]
    return Quoted(tuple(parts), tuple(chosen), tuple(q for way in ways for q in way.others))


def store_quotes(*, decision_id: int, quoted: Quoted) -> None:
    """Every answer, the losing ones too (X2)."""
    treasury_id = decision_by_id(decision_id).tier.treasury_id
    told = [(quote, True) for quote in quoted.quotes] + [(quote, False) for quote in quoted.others]
    with transaction.atomic():
        QuoteRow.objects.bulk_create(
            _row(decision_id, treasury_id, quote, is_chosen=is_chosen) for quote, is_chosen in told
        )


def best_units(
    rpc: Rpc,
    request: QuoteRequest,
    treasury_id: int,
    venues: Sequence[str],
    block: BlockRef,
    *,
    most_hops: int,
    by_role: bool,
) -> int:
    """What the best single way would give now. Raises UnableToQuoteError."""
    wish = Wish(request, most_hops, Terms(1, 1, Fraction(0)))
    markets = allowed_markets(treasury_id=treasury_id, venues=venues, only_in_roles=by_role)
    (way,) = _ask(rpc, [wish], markets, block)
    return way.chosen[0].buy_units


# ------------------------------------------------------------------------------------ asking
def _wish(trade: Trade, inputs: DecisionInputs, safe: Address, *, by_role: bool) -> Wish:
    policy = inputs.policy
    sold, bought = (_unit_usd(inputs, asset) for asset in (trade.sell, trade.buy))
    return Wish(
        request=QuoteRequest(trade.sell, trade.buy, trade.sell_units, safe),
        most_hops=1 if by_role else policy.routing.max_hops,
        terms=Terms(
            most_parts=policy.routing.max_parts,
            least_units=ceil(Fraction(policy.min_trade_usd) / sold) if sold else 1,
            buy_units_per_gas=Fraction(inputs.gas.cost_usd(1)) / bought if bought else Fraction(0),
        ),
    )


def _unit_usd(inputs: DecisionInputs, asset: Address) -> Fraction:
    """What one base unit is worth; 0 when the decision had no price."""
    for holding in inputs.portfolio.holdings:
        if holding.asset == asset:
            return Fraction(holding.price_usd) / Fraction(10**holding.decimals)
    return Fraction(0)


def _ask(
    rpc: Rpc, wishes: Sequence[Wish], markets: Sequence[Market], block: BlockRef
) -> tuple[Ways, ...]:
    """The best way of each wish over all markets; `chosen` is never empty. Raises
    UnableToQuoteError."""
    routed = [
        ROUTERS[venue].find(rpc, wishes, markets, block)
        for venue in sorted({market.venue for market in markets} & set(ROUTERS))
    ]
    return tuple(
        _best(wish, [*(ways[place] for ways in routed), _one_by_one(rpc, wish, markets, block)])
        for place, wish in enumerate(wishes)
    )


def _one_by_one(rpc: Rpc, wish: Wish, markets: Sequence[Market], block: BlockRef) -> Ways:
    """The answers of venues that quote market by market, none of them chosen yet."""
    request, quotes, reasons = wish.request, [], []
    for market in markets:
        pair = {market.base, market.quote}
        if market.venue in ROUTERS or pair != {request.sell, request.buy}:
            continue
        try:
            quotes.append(VENUES[market.venue].quote(rpc, request, market, block))
        except NoQuoteError as refused:
            reasons.append(f"{market.venue}: {refused}")
    return Ways((), tuple(quotes), tuple(reasons))


def _best(wish: Wish, found: Sequence[Ways]) -> Ways:
    """Most out net of gas; among equals the cheaper one in gas."""
    whole = [(quote,) for ways in found for quote in ways.others]
    candidates = [ways.chosen for ways in found if ways.chosen] + whole
    if not candidates:
        why = "; ".join(reason for ways in found for reason in ways.reasons)
        why = why or "no market on the allow-list trades this"
        raise UnableToQuoteError(f"{wish.request.sell} for {wish.request.buy}: {why}"[:600])

    def rank(parts: tuple[Quote, ...]) -> tuple[Fraction, int]:
        gas = sum(part.gas_units for part in parts)
        brought = sum(part.buy_units for part in parts)
        return brought - gas * wish.terms.buy_units_per_gas, -gas

    chosen = max(candidates, key=rank)
    others = (quote for parts in candidates if parts is not chosen for quote in parts)
    reasons = tuple(reason for ways in found for reason in ways.reasons)
    return Ways(chosen, tuple(others), reasons)


def _row(decision_id: int, treasury_id: int, quote: Quote, *, is_chosen: bool) -> QuoteRow:
    way = (
        ("tokens", ", ".join(quote.tokens)),
        (
            "fees",
            ", ".join(dict(m.parameters).get("fee", "") for m in (quote.market, *quote.onward)),
        ),
    )
    return QuoteRow(
        decision_id=decision_id,
        venue=quote.venue,
        sell_id=asset_by_address(treasury_id=treasury_id, address=quote.sell).id,
        buy_id=asset_by_address(treasury_id=treasury_id, address=quote.buy).id,
        sell_units=quote.sell_units,
        buy_units=quote.buy_units,
        fee_bps=quote.fee_bps,
        gas_units=quote.gas_units,
        block_number=quote.block.number,
        block_hash=quote.block.hash,
        detail=dict((*quote.market.parameters, *quote.detail, *way)),
        is_chosen=is_chosen,
    )
