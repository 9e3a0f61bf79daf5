"""Where a treasury may trade, what trades would cost: assumptions before there are quotes, then
the best quote of every market."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.db import transaction

from execution.adapters import ethereum
from execution.adapters.venues.base import NoQuoteError
from execution.adapters.venues.registry import VENUES
from execution.core.types import Quote, QuoteRequest
from execution.models import Quote as QuoteRow
from execution.models import TradingPair
from execution.selectors.markets import market_of, markets_for, pair_rows
from execution.selectors.plans import decision_inputs
from treasury.adapters.rpc import Rpc
from treasury.core.decisions import Trade
from treasury.core.types import Actor, Address, BlockRef, PairCost
from treasury.selectors.decisions import decision_by_id
from treasury.selectors.portfolio import asset_by_address, tier_by_id
from treasury.services.record import record_audit


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
) -> TradingPair:
    """Put one market on the allow-list, in both directions. Doing it again changes the estimates
    only."""
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
                "is_active": True,
            },
        )
        record_audit(
            actor=actor,
            action="market.allowed",
            object_type="trading_pair",
            object_id=str(row.id),
            block=block,
            after={"venue": venue, "base": base, "quote": quote, "parameters": parameters},
        )
    return row


def trading_pairs(*, tier_id: int, venues: tuple[str, ...]) -> tuple[PairCost, ...]:
    """Cost assumptions for both directions of every allowed market, the cheapest one where a venue
    has several for a pair."""
    treasury_id = tier_by_id(tier_id).treasury_id
    best: dict[tuple[Address, Address, str], PairCost] = {}
    for row in pair_rows(treasury_id=treasury_id, venues=venues):
        market = market_of(row)
        for sell, buy in ((market.base, market.quote), (market.quote, market.base)):
            pair = PairCost(sell, buy, row.venue, row.fee_bps, row.depth_usd, row.gas_units)
            key = (sell, buy, row.venue)
            if key not in best or pair.fee_bps < best[key].fee_bps:
                best[key] = pair
    return tuple(best[key] for key in sorted(best))


def quote_trades(
    *,
    decision_id: int,
    trades: Sequence[Trade],
    safe: Address,
    block: BlockRef,
    rpc_url: str,
) -> tuple[Quote, ...]:
    """The best quote for each trade, in order, over every market of the policy's venues. Every
    answer is stored, the losing ones too (X2)."""
    decision = decision_by_id(decision_id)
    treasury_id = decision.tier.treasury_id
    venues = decision_inputs(decision).policy.venues
    answers: list[tuple[Quote, ...]] = []
    with ethereum.connect(rpc_url) as rpc:
        for trade in trades:
            request = QuoteRequest(trade.sell, trade.buy, trade.sell_units, safe)
            answers.append(ask_all(rpc, request, treasury_id, venues, block))
    chosen = tuple(_best(quotes) for quotes in answers)
    with transaction.atomic():
        for quotes, best in zip(answers, chosen, strict=True):
            QuoteRow.objects.bulk_create(
                _row(decision_id, treasury_id, quote, is_chosen=quote is best) for quote in quotes
            )
    return chosen


def ask_all(
    rpc: Rpc, request: QuoteRequest, treasury_id: int, venues: Sequence[str], block: BlockRef
) -> tuple[Quote, ...]:
    """Every market's answer to one request; raises UnableToQuoteError when there is none."""
    markets = markets_for(
        treasury_id=treasury_id, venues=venues, sell=request.sell, buy=request.buy
    )
    quotes, reasons = [], []
    for market in markets:
        try:
            quotes.append(VENUES[market.venue].quote(rpc, request, market, block))
        except NoQuoteError as refused:
            reasons.append(f"{market.venue}: {refused}")
    if not quotes:
        why = "; ".join(reasons) or "no market on the allow-list trades this"
        raise UnableToQuoteError(f"{request.sell} for {request.buy}: {why}"[:600])
    return tuple(quotes)


def best_units(
    rpc: Rpc, request: QuoteRequest, treasury_id: int, venues: Sequence[str], block: BlockRef
) -> int:
    """What the best market would give now."""
    return _best(ask_all(rpc, request, treasury_id, venues, block)).buy_units


def _best(quotes: tuple[Quote, ...]) -> Quote:
    """Most out; among equals the cheaper one in gas."""
    return max(quotes, key=lambda quote: (quote.buy_units, -quote.gas_units))


def _row(decision_id: int, treasury_id: int, quote: Quote, *, is_chosen: bool) -> QuoteRow:
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
        detail=dict((*quote.market.parameters, *quote.detail)),
        is_chosen=is_chosen,
    )
