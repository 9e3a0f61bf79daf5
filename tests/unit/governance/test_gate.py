"""The gate on real quotes: what is left of a list has the lots of its own."""

from __future__ import annotations

from decimal import Decimal

from execution.core.types import Market, Quote
from governance.services.generating.gate import keep_what_pays
from tests.unit.engine.tiers import NOW, A, inputs, policy
from treasury.core.decisions import Trade
from treasury.core.policies import LotMethod
from treasury.core.types import BlockRef, LotState
from treasury.engine.decision import decide

MILLION = 10**6  # units of one token


def quote_of(trade: Trade, buy_units: int) -> Quote:
    market = Market("dex", trade.sell, trade.buy, ())
    block = BlockRef(1, "0x01", NOW)
    return Quote(
        "dex", market, trade.sell, trade.buy, trade.sell_units, buy_units, Decimal(5), 1, block
    )


def test_gate__a_trade_is_dropped__its_lots_go_to_those_that_stay() -> None:
    """Three sells of A in turn take `dear` first; without the first of them the second does."""
    lots = (
        LotState("cheap", A, 50_000 * MILLION, Decimal(10), NOW - 800 * 86_400, 1),
        LotState("dear", A, 25_000 * MILLION, Decimal(90_000), NOW - 86_400, 2),
    )
    asked = inputs(policy=policy(lot_method=LotMethod.HIFO), lots=lots)
    first, second, third = decide(asked).trades
    assert [lot.lot_ref for lot in first.lots] == ["dear"]
    quotes = [quote_of(trade, trade.expected_buy_units) for trade in (second, third)]
    bad = quote_of(first, first.expected_buy_units * 9 // 10)
    gated = keep_what_pays(inputs=asked, trades=(first, second, third), quotes=(bad, *quotes))
    one, other = gated.trades
    assert gated.quotes == tuple(quotes)
    assert (one.sell_units, other.sell_units) == (second.sell_units, third.sell_units)
    assert [(lot.lot_ref, lot.units) for lot in (*one.lots, *other.lots)] == [
        ("dear", 25_000 * MILLION),
        ("cheap", one.sell_units - 25_000 * MILLION),
        ("cheap", other.sell_units),
    ]
