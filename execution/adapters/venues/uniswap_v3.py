"""Uniswap v3: one pool, exact input, by QuoterV2 and SwapRouter. Not done: routes over several
pools."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from execution.adapters.venues.base import NoQuoteError
from execution.core.abi import decode_words, encode_call, to_address, topic
from execution.core.conformity import NotAllowedError
from execution.core.contracts import QUOTER_V2, SWAP_ROUTER
from execution.core.decoding import DecodedCall, FunctionSpec
from execution.core.planning import approve_call
from execution.core.types import (
    Call,
    Deal,
    FillFact,
    Leg,
    LegKind,
    Log,
    Market,
    Quote,
    QuoteRequest,
    Rule,
)
from treasury.adapters.rpc import Rpc, RpcError
from treasury.core.types import Address, BlockRef

QUOTE = "quoteExactInputSingle((address,address,uint256,uint24,uint160))"
SWAP = "exactInputSingle((address,address,uint24,address,uint256,uint256,uint256,uint160))"
SWAP_EVENT = "Swap(address,address,int256,int256,uint160,uint128,int24)"
NAMES = (
    "token_in",
    "token_out",
    "fee",
    "recipient",
    "deadline",
    "amount_in",
    "amount_out_minimum",
    "sqrt_price_limit",
)
AROUND_GAS = 85_000  # two approvals, router, transfers beside the pool's own work
FEE_UNITS_PER_BPS = 100  # a pool's fee counts millionths


class UniswapV3:
    key = "uniswap_v3"
    functions = (
        FunctionSpec(
            SWAP,
            NAMES,
            "swap",
        ),
    )

    def kind(self, market: Market, sell: Address) -> LegKind:
        return LegKind.SWAP

    def recipient(self, market: Market, safe: Address) -> Address:
        return safe

    def quote(self, rpc: Rpc, request: QuoteRequest, market: Market, block: BlockRef) -> Quote:
        fee = int(market.parameter("fee"))
        wanted = (request.sell, request.buy, request.sell_units, fee, 0)
        try:
            raw = rpc.eth_call(QUOTER_V2, encode_call(QUOTE, wanted), block=block)
        except RpcError as refused:
            raise NoQuoteError(f"pool of fee {fee}: {refused}") from refused
        if len(raw) != 128:
            raise NoQuoteError(f"no quoter or no pool of fee {fee}")
        out, price_after, ticks, gas = decode_words(
            ("uint256", "uint160", "uint32", "uint256"), raw
        )
        if out <= 0:
            raise NoQuoteError(f"pool of fee {fee} gives nothing for {request.sell_units} units")
        return Quote(
            venue=self.key,
            market=market,
            sell=request.sell,
            buy=request.buy,
            sell_units=request.sell_units,
            buy_units=int(out),
            fee_bps=Decimal(fee) / FEE_UNITS_PER_BPS,
            gas_units=int(gas) + AROUND_GAS,
            block=block,
            detail=(("sqrt_price_x96_after", str(price_after)), ("ticks_crossed", str(ticks))),
        )

    def calls(
        self, quote: Quote, *, recipient: Address, min_buy_units: int, deadline: int
    ) -> tuple[Call, ...]:
        fee = int(quote.market.parameter("fee"))
        swap = (quote.sell, quote.buy, fee, recipient, deadline, quote.sell_units, min_buy_units, 0)
        return (
            approve_call(quote.sell, SWAP_ROUTER, quote.sell_units),
            Call(SWAP_ROUTER, 0, encode_call(SWAP, swap), "swap"),
            approve_call(quote.sell, SWAP_ROUTER, 0),
        )

    def deal(self, call: DecodedCall, markets: Sequence[Market]) -> Deal:
        told = dict(call.arguments)
        sell, buy = to_address(told["token_in"]), to_address(told["token_out"])
        if call.call.to != SWAP_ROUTER:
            raise NotAllowedError(Rule.TARGET, f"{call.call.to} is not the pinned router")
        if told["sqrt_price_limit"] != "0":
            raise NotAllowedError(Rule.MINIMUM, "a price limit that may leave some unsold")
        if not any(
            {market.base, market.quote} == {sell, buy} and market.parameter("fee") == told["fee"]
            for market in markets
        ):
            text = f"the pool {sell}/{buy} of fee {told['fee']} is not allowed"
            raise NotAllowedError(Rule.TARGET, text)
        return Deal(
            venue=self.key,
            sell=sell,
            buy=buy,
            sell_units=int(told["amount_in"]),
            min_buy_units=int(told["amount_out_minimum"]),
            recipients=(to_address(told["recipient"]),),
            deadline=int(told["deadline"]),
            spender=SWAP_ROUTER,
        )

    def fill(self, leg: Leg, logs: Sequence[Log]) -> FillFact | None:
        sells_token0 = int(leg.sell, 16) < int(leg.buy, 16)
        for log in logs:
            if len(log.topics) != 3 or log.topics[0] != topic(SWAP_EVENT):
                continue
            if to_address(log.topics[1]) != SWAP_ROUTER:
                continue
            if to_address(log.topics[2]) != leg.recipient:
                continue
            amounts = decode_words(("int256", "int256"), log.data[:64])
            sold, bought = amounts if sells_token0 else reversed(amounts)
            if sold == leg.sell_units and bought < 0:
                return FillFact(leg.index, int(sold), -int(bought), log.index)
        return None
