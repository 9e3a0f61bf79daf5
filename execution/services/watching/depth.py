"""How much the markets would take of the largest trade that a tier may make now. Writes nothing."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

from execution.adapters import ethereum
from execution.core.types import QuoteRequest
from execution.services.quoting import UnableToQuoteError, best_units
from treasury.adapters.rpc import Rpc
from treasury.core.amounts import exact, share_bps, to_units, value_usd
from treasury.core.policies import Mode, TierPolicy
from treasury.core.types import NATIVE, Address, BlockRef, Holding, Portfolio
from treasury.engine.breakers.facts import DepthProbe
from treasury.selectors.portfolio import tier_by_id


def probe_depth(
    *, tier_id: int, policy: TierPolicy, portfolio: Portfolio, block: BlockRef, rpc_url: str
) -> tuple[DepthProbe, ...]:
    """Each asset that is held, sold for the settlement asset: `max_trade_usd` of it, or all there
    is, unless that is below `min_trade_usd`. One request per market. Not done: buying, ways over a
    third asset."""
    tier = tier_by_id(tier_id)
    held = {item.asset: item for item in portfolio.holdings}
    settlement = held.get(policy.settlement_asset)
    if settlement is None or settlement.price_usd <= 0:
        return ()
    probes = []
    with ethereum.connect(rpc_url) as rpc:
        for item in portfolio.holdings:
            size = min(policy.max_trade_usd, item.value_usd)
            if item.asset in {policy.settlement_asset, NATIVE} or size < policy.min_trade_usd:
                continue
            request = QuoteRequest(
                item.asset, settlement.asset, _units(item, size), Address(tier.safe.address)
            )
            loss = _loss(rpc, request, item, settlement, policy, tier.treasury_id, block)
            probes.append(DepthProbe(f"{item.asset}>{settlement.asset}", size, loss))
    return tuple(probes)


@exact
def _units(item: Holding, size_usd: Decimal) -> int:
    units = to_units(amount=size_usd / item.price_usd, decimals=item.decimals, rounding=ROUND_DOWN)
    return min(units, item.units)


def _loss(
    rpc: Rpc,
    request: QuoteRequest,
    sold: Holding,
    bought: Holding,
    policy: TierPolicy,
    treasury_id: int,
    block: BlockRef,
) -> Decimal | None:
    by_role = policy.mode is not Mode.MANUAL
    try:
        units = best_units(
            rpc,
            request,
            treasury_id,
            policy.venues,
            block,
            most_hops=1 if by_role else policy.routing.max_hops,
            by_role=by_role,
        )
    except UnableToQuoteError:
        return None
    given = value_usd(units=request.sell_units, decimals=sold.decimals, price_usd=sold.price_usd)
    got = value_usd(units=units, decimals=bought.decimals, price_usd=bought.price_usd)
    return share_bps(part=given - got, whole=given)
