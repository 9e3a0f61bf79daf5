"""ERC-4626 vaults: deposit the asset for shares, redeem shares for the asset.

The standard has no minimum and no deadline of its own: the batch's deadline leg bounds the time,
the simulation before and the reconciliation after judge the amount. Market parameter: `vault`;
`base` of the market is the share, `quote` the asset.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from execution.adapters.venues.base import NoQuoteError
from execution.core.abi import decode_words, encode_call, to_address, topic
from execution.core.conformity import NotAllowedError
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

DEPOSIT = "deposit(uint256,address)"
REDEEM = "redeem(uint256,address,address)"
DEPOSIT_EVENT = "Deposit(address,address,uint256,uint256)"
WITHDRAW_EVENT = "Withdraw(address,address,address,uint256,uint256)"
DEPOSIT_GAS = 150_000
REDEEM_GAS = 90_000


class Erc4626:
    key = "erc4626"
    functions = (
        FunctionSpec(DEPOSIT, ("assets", "receiver"), "deposit"),
        FunctionSpec(REDEEM, ("shares", "receiver", "owner"), "withdraw"),
    )

    def kind(self, market: Market, sell: Address) -> LegKind:
        return LegKind.WITHDRAW if sell == _vault(market) else LegKind.DEPOSIT

    def recipient(self, market: Market, safe: Address) -> Address:
        return safe

    def quote(self, rpc: Rpc, request: QuoteRequest, market: Market, block: BlockRef) -> Quote:
        vault = _vault(market)
        if vault not in (request.sell, request.buy):
            raise NoQuoteError(f"vault {vault} is neither sold nor bought")
        redeems = request.sell == vault
        name = "previewRedeem(uint256)" if redeems else "previewDeposit(uint256)"
        limit = "maxRedeem(address)" if redeems else "maxDeposit(address)"
        try:
            out = self._read(rpc, vault, encode_call(name, request.sell_units), block)
            most = self._read(rpc, vault, encode_call(limit, request.safe), block)
        except RpcError as refused:
            raise NoQuoteError(f"vault {vault}: {refused}") from refused
        if out <= 0 or request.sell_units > most:
            raise NoQuoteError(f"vault {vault} takes at most {most} units now")
        return Quote(
            venue=self.key,
            market=market,
            sell=request.sell,
            buy=request.buy,
            sell_units=request.sell_units,
            buy_units=out,
            fee_bps=Decimal(0),
            gas_units=REDEEM_GAS if redeems else DEPOSIT_GAS,
            block=block,
            detail=(("most_units", str(most)),),
        )

    def _read(self, rpc: Rpc, vault: Address, data: bytes, block: BlockRef) -> int:
        raw = rpc.eth_call(vault, data, block=block)
        if len(raw) != 32:
            raise NoQuoteError(f"{vault} is no vault")
        return int.from_bytes(raw, "big")

    def calls(
        self, quote: Quote, *, recipient: Address, min_buy_units: int, deadline: int
    ) -> tuple[Call, ...]:
        vault = _vault(quote.market)
        if quote.sell == vault:
            data = encode_call(REDEEM, quote.sell_units, recipient, recipient)
            return (Call(vault, 0, data, "withdraw"),)
        return (
            approve_call(quote.sell, vault, quote.sell_units),
            Call(vault, 0, encode_call(DEPOSIT, quote.sell_units, recipient), "deposit"),
            approve_call(quote.sell, vault, 0),
        )

    def deal(self, call: DecodedCall, markets: Sequence[Market]) -> Deal:
        vault, told = call.call.to, dict(call.arguments)
        allowed = {_vault(market): market.quote for market in markets}
        if vault not in allowed:
            raise NotAllowedError(Rule.TARGET, f"the vault {vault} is not allowed")
        recipients = tuple(to_address(told[name]) for name in ("receiver", "owner") if name in told)
        redeems = call.function == REDEEM
        return Deal(
            venue=self.key,
            sell=vault if redeems else allowed[vault],
            buy=allowed[vault] if redeems else vault,
            sell_units=int(told["shares" if redeems else "assets"]),
            min_buy_units=None,
            recipients=recipients,
            deadline=None,
            spender=None if redeems else vault,
        )

    def fill(self, leg: Leg, logs: Sequence[Log]) -> FillFact | None:
        redeems = leg.kind is LegKind.WITHDRAW
        vault = leg.sell if redeems else leg.buy
        wanted = topic(WITHDRAW_EVENT if redeems else DEPOSIT_EVENT)
        for log in logs:
            if log.address != vault or not log.topics or log.topics[0] != wanted:
                continue
            if to_address(log.topics[-1]) != leg.safe or to_address(log.topics[2]) != leg.recipient:
                continue
            assets, shares = (int(item) for item in decode_words(("uint256", "uint256"), log.data))
            sold, bought = (shares, assets) if redeems else (assets, shares)
            return FillFact(leg.index, sold, bought, log.index)
        return None


def _vault(market: Market) -> Address:
    return to_address(market.parameter("vault"))
