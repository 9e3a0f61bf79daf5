"""What signers sign beside the calls: the facts that the evidence digest covers.

No wall time and no generated id: anybody with the same facts gets the same digest. Execution
adds the legs with their lots and the balance changes of the simulation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from execution.core.types import Quote
from governance.core.routing import RouteDecision
from treasury.core.decisions import Trade
from treasury.core.types import Address, BlockRef, Portfolio


def evidence(
    *,
    chain_id: int,
    tier: str,
    safe: Address,
    policy_number: int,
    policy_hash: str,
    decision_digest: str,
    trigger: str,
    portfolio: Portfolio,
    trades: Sequence[Trade],
    quotes: Sequence[Quote],
    others: Sequence[Quote],
    routed: RouteDecision,
) -> dict[str, Any]:
    """The inputs' digest names every rule and number; the rest is repeated so that a person can
    read it. `others` are the quotes that were asked for and not taken."""
    return {
        "chain_id": chain_id,
        "tier": tier,
        "safe": safe,
        "policy": {"number": policy_number, "hash": policy_hash},
        "decision": decision_digest,
        "trigger": trigger,
        "block": _block(portfolio.block),
        "holdings": [
            {"asset": h.asset, "units": str(h.units), "price_usd": h.price_usd}
            for h in portfolio.holdings
        ],
        "trades": [
            {
                "sell": trade.sell,
                "buy": trade.buy,
                "sell_units": str(trade.sell_units),
                "value_usd": trade.value_usd,
            }
            for trade in trades
        ],
        "quotes": [_quote(quote) for quote in quotes],
        "others": [_quote(quote) for quote in others],
        "route": {"route": routed.route.value, "reason": routed.reason},
    }


def _quote(quote: Quote) -> dict[str, Any]:
    """`pools` are the fees of the markets on the way, in millionths; `through` the tokens between
    them."""
    markets = (quote.market, *quote.onward)
    return {
        "venue": quote.venue,
        "sell": quote.sell,
        "buy": quote.buy,
        "sell_units": str(quote.sell_units),
        "buy_units": str(quote.buy_units),
        "through": list(quote.tokens[1:-1]),
        "pools": [fee for market in markets if (fee := dict(market.parameters).get("fee"))],
        "fee_bps": quote.fee_bps,
        "impact_bps": quote.impact_bps,
        "gas_units": quote.gas_units,
        "block": _block(quote.block),
    }


def _block(block: BlockRef) -> dict[str, Any]:
    return {"number": block.number, "hash": block.hash, "timestamp": block.timestamp}
