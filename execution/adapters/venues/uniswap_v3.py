"""Uniswap v3: exact input through one pool or along a path, by QuoterV2 and SwapRouter.

The pinned router has a deadline in each of its calls, beside the minimum. What may be signed are
its two exact-input functions and nothing else. Which way a trade goes, and whether it is split, is
found in `uniswap_v3_routes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from execution.adapters.venues.base import NoQuoteError
from execution.core.abi import (
    UndecodableCallError,
    decode_call,
    decode_words,
    encode_call,
    selector,
    to_address,
    topic,
)
from execution.core.conformity import NotAllowedError
from execution.core.contracts import QUOTER_V2, SWAP_ROUTER
from execution.core.decoding import DecodedCall, FunctionSpec
from execution.core.planning import approve_call
from execution.core.pools.paths import decode_path, encode_path, fee_bps
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

KEY = "uniswap_v3"
QUOTE = "quoteExactInputSingle((address,address,uint256,uint24,uint160))"
QUOTE_PATH = "quoteExactInput(bytes,uint256)"
SWAP = "exactInputSingle((address,address,uint24,address,uint256,uint256,uint256,uint160))"
SWAP_PATH = "exactInput((bytes,address,uint256,uint256,uint256))"
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
PATH_NAMES = ("path", "recipient", "deadline", "amount_in", "amount_out_minimum")
AROUND_GAS = 85_000  # two approvals, router, transfers beside the pools' own work


class UniswapV3:
    key = KEY
    functions = (
        FunctionSpec(SWAP, NAMES, "swap"),
        FunctionSpec(SWAP_PATH, PATH_NAMES, "swap"),
    )

    def kind(self, market: Market, sell: Address) -> LegKind:
        return LegKind.SWAP

    def recipient(self, market: Market, safe: Address) -> Address:
        return safe

    def quote(self, rpc: Rpc, request: QuoteRequest, market: Market, block: BlockRef) -> Quote:
        asked = unanswered(request, (market,), block)
        try:
            raw = rpc.eth_call(QUOTER_V2, question(asked), block=block)
        except RpcError as refused:
            raise NoQuoteError(f"{named(asked)}: {refused}") from refused
        return answered(asked, raw)

    def calls(
        self, quote: Quote, *, recipient: Address, min_buy_units: int, deadline: int
    ) -> tuple[Call, ...]:
        units, fees = quote.sell_units, fees_of(quote)
        if quote.onward:
            path = encode_path(quote.tokens, fees)
            data = encode_call(SWAP_PATH, (path, recipient, deadline, units, min_buy_units))
        else:
            pair = (quote.sell, quote.buy, fees[0])
            data = encode_call(SWAP, (*pair, recipient, deadline, units, min_buy_units, 0))
        return (
            approve_call(quote.sell, SWAP_ROUTER, units),
            Call(SWAP_ROUTER, 0, data, "swap"),
            approve_call(quote.sell, SWAP_ROUTER, 0),
        )

    def deal(self, call: DecodedCall, markets: Sequence[Market]) -> Deal:
        told = dict(call.arguments)
        if call.call.to != SWAP_ROUTER:
            raise NotAllowedError(Rule.TARGET, f"{call.call.to} is not the pinned router")
        tokens, fees = _way(call)
        for sell, buy, fee in zip(tokens, tokens[1:], fees, strict=False):
            if not any(
                {market.base, market.quote} == {sell, buy} and market.parameter("fee") == str(fee)
                for market in markets
            ):
                text = f"the pool {sell}/{buy} of fee {fee} is not allowed"
                raise NotAllowedError(Rule.TARGET, text)
        return Deal(
            venue=self.key,
            sell=tokens[0],
            buy=tokens[-1],
            sell_units=int(told["amount_in"]),
            min_buy_units=int(told["amount_out_minimum"]),
            recipients=(to_address(told["recipient"]),),
            deadline=int(told["deadline"]),
            spender=SWAP_ROUTER,
            through=tokens[1:-1],
        )

    def fill(self, leg: Leg, logs: Sequence[Log]) -> FillFact | None:
        """From the pools' own events, one after the other along the leg's path."""
        tokens = _tokens_of(leg)
        carried, reached = leg.sell_units, -1
        for sell, buy in pairwise(tokens):
            recipient = leg.recipient if buy == leg.buy else SWAP_ROUTER
            swap = _swap_event(logs, reached, (sell, buy), recipient, carried)
            if swap is None:
                return None
            carried, reached = swap
        return FillFact(leg.index, leg.sell_units, carried, reached)


# ------------------------------------------------------------------------------------ quotes
def unanswered(request: QuoteRequest, markets: Sequence[Market], block: BlockRef) -> Quote:
    """The trade through these markets, before QuoterV2 has said what it brings."""
    first, *onward = markets
    blank = Quote(
        venue=KEY,
        market=first,
        sell=request.sell,
        buy=request.buy,
        sell_units=request.sell_units,
        buy_units=0,
        fee_bps=fee_bps([int(market.parameter("fee")) for market in markets]),
        gas_units=0,
        block=block,
        onward=tuple(onward),
    )
    if blank.tokens[-1] != request.buy:
        raise NoQuoteError(f"{named(blank)} does not lead from {request.sell} to {request.buy}")
    return blank


def question(quote: Quote) -> bytes:
    """The call of QuoterV2 that answers for this trade."""
    fees = fees_of(quote)
    if quote.onward:
        return encode_call(QUOTE_PATH, encode_path(quote.tokens, fees), quote.sell_units)
    return encode_call(QUOTE, (quote.sell, quote.buy, quote.sell_units, fees[0], 0))


def answered(quote: Quote, raw: bytes) -> Quote:
    """With QuoterV2's answer. Raises NoQuoteError when there is none."""
    types = ("uint256", "uint160", "uint32", "uint256")
    if quote.onward:
        types = ("uint256", "uint160[]", "uint32[]", "uint256")
    try:
        out, after, ticks, gas = decode_words(types, raw)
    except UndecodableCallError:
        raise NoQuoteError(f"no quoter, or no {named(quote)}") from None
    if out <= 0:
        raise NoQuoteError(f"{named(quote)} gives nothing for {quote.sell_units} units")
    many = isinstance(after, list | tuple)
    return replace(
        quote,
        buy_units=int(out),
        gas_units=int(gas) + AROUND_GAS,
        detail=(
            ("sqrt_price_x96_after", _joined(after) if many else str(after)),
            ("ticks_crossed", _joined(ticks) if many else str(ticks)),
        ),
    )


def fees_of(quote: Quote) -> tuple[int, ...]:
    return tuple(int(market.parameter("fee")) for market in (quote.market, *quote.onward))


def named(quote: Quote) -> str:
    fees = fees_of(quote)
    return f"pool of fee {fees[0]}" if len(fees) == 1 else f"path of fees {_joined(fees)}"


def _joined(values: Sequence[object]) -> str:
    return ", ".join(map(str, values))


# ------------------------------------------------------------------------------------ reading
def _way(call: DecodedCall) -> tuple[tuple[Address, ...], tuple[int, ...]]:
    """(tokens, fees) of a decoded swap."""
    told = dict(call.arguments)
    if call.function == SWAP_PATH:
        try:
            return decode_path(bytes.fromhex(told["path"][2:]))
        except UndecodableCallError as broken:
            raise NotAllowedError(Rule.BYTES, str(broken)) from broken
    if told["sqrt_price_limit"] != "0":
        raise NotAllowedError(Rule.MINIMUM, "a price limit that may leave some unsold")
    return (to_address(told["token_in"]), to_address(told["token_out"])), (int(told["fee"]),)


def _tokens_of(leg: Leg) -> tuple[Address, ...]:
    """The way of a leg, from its own calldata."""
    from_path = [call.data for call in leg.calls if call.data[:4] == selector(SWAP_PATH)]
    if not from_path:
        return leg.sell, leg.buy
    ((path, *_),) = decode_call(SWAP_PATH, from_path[0])
    return decode_path(path)[0]


def _swap_event(
    logs: Sequence[Log],
    after: int,
    pair: tuple[Address, Address],
    recipient: Address,
    sold_units: int,
) -> tuple[int, int] | None:
    """(units bought, log index) of the first swap of exactly that by our router behind a log."""
    sells_token0 = int(pair[0], 16) < int(pair[1], 16)
    for log in logs:
        if log.index <= after or len(log.topics) != 3 or log.topics[0] != topic(SWAP_EVENT):
            continue
        if to_address(log.topics[1]) != SWAP_ROUTER or to_address(log.topics[2]) != recipient:
            continue
        amounts = decode_words(("int256", "int256"), log.data[:64])
        sold, bought = amounts if sells_token0 else reversed(amounts)
        if sold == sold_units and bought < 0:
            return -int(bought), log.index
    return None
