"""A transfer between Safes of the treasury. Always possible, costs gas only. Market parameter:
`recipient` (checked against the treasury's Safes when the plan is made)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from execution.adapters.ethereum import balances
from execution.adapters.venues.base import NoQuoteError
from execution.core.abi import encode_call, to_address, topic
from execution.core.conformity import NotAllowedError
from execution.core.contracts import TRANSFER, TRANSFER_EVENT
from execution.core.decoding import DecodedCall, FunctionSpec
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
from treasury.adapters.rpc import Rpc
from treasury.core.types import NATIVE, Address, BlockRef

GAS = 55_000


class Transfer:
    key = "transfer"
    functions: tuple[FunctionSpec, ...] = ()  # `transfer` is known to every decoder

    def kind(self, market: Market, sell: Address) -> LegKind:
        return LegKind.TRANSFER

    def recipient(self, market: Market, safe: Address) -> Address:
        return to_address(market.parameter("recipient"))

    def quote(self, rpc: Rpc, request: QuoteRequest, market: Market, block: BlockRef) -> Quote:
        if request.sell != request.buy or request.sell == NATIVE:
            raise NoQuoteError("a transfer keeps its token, and native currency is not moved")
        held = balances(rpc, [(request.safe, request.sell)], block)[request.safe, request.sell]
        if held < request.sell_units:
            raise NoQuoteError(f"{request.safe} holds {held} units only")
        return Quote(
            venue=self.key,
            market=market,
            sell=request.sell,
            buy=request.buy,
            sell_units=request.sell_units,
            buy_units=request.sell_units,
            fee_bps=Decimal(0),
            gas_units=GAS,
            block=block,
        )

    def calls(
        self, quote: Quote, *, recipient: Address, min_buy_units: int, deadline: int
    ) -> tuple[Call, ...]:
        data = encode_call(TRANSFER, recipient, quote.sell_units)
        return (Call(quote.sell, 0, data, "transfer"),)

    def deal(self, call: DecodedCall, markets: Sequence[Market]) -> Deal:
        """The judge knows `transfer` itself; this venue has no function of its own."""
        raise NotAllowedError(Rule.SELECTOR, f"{call.function} is no function of a transfer")

    def fill(self, leg: Leg, logs: Sequence[Log]) -> FillFact | None:
        for log in logs:
            if log.address != leg.sell or len(log.topics) != 3:
                continue
            if log.topics[0] != topic(TRANSFER_EVENT):
                continue
            if (to_address(log.topics[1]), to_address(log.topics[2])) != (leg.safe, leg.recipient):
                continue
            units = int.from_bytes(log.data, "big")
            return FillFact(leg.index, units, units, log.index)
        return None
