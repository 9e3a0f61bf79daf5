"""What a trade costs and whether it pays: the terms of DE-21 known before quotes, and the cap of
DE-22.

USD terms are quantised to 8 decimals, and the cap is tested on exactly these numbers, so that a
reader can repeat the test from the record. Not done: benefit (DE-23), portfolio budget (DE-24),
tax as a cost (DE-32), opportunity and protocol fee before a quote (0 here, counted when the quote
says them).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from treasury.core.amounts import BPS, bps_of, exact, quantize_usd, share_bps
from treasury.core.canonical import decimal_text
from treasury.core.decisions import RuleRecord
from treasury.core.policies import TierPolicy
from treasury.core.types import CostEstimate, GasPrice, PairCost
from treasury.engine.explanation import Rule, bps_text, record, usd_text

SAFETY = Decimal("0.999999")
"""Keeps the largest affordable trade clear of the cap by more than the rounding of its terms."""


@dataclass(frozen=True, slots=True)
class CostGate:
    """Outcome of DE-22. `value` and `limit` are texts in bps, as a `SkippedTrade` wants them."""

    passed: bool
    value: str
    limit: str
    record: RuleRecord


@exact
def estimate_cost(*, pair: PairCost, value_usd: Decimal, gas: GasPrice) -> CostEstimate:
    """Gas + venue fee + impact v^2 / depth of one trade (DE-21, DE-28's form of impact)."""
    impact = Decimal(0)
    if pair.depth_usd is not None:
        impact = value_usd * value_usd / pair.depth_usd
    return CostEstimate(
        gas_usd=quantize_usd(gas.cost_usd(pair.gas_units)),
        fee_usd=quantize_usd(bps_of(value=value_usd, bps=pair.fee_bps)),
        impact_usd=quantize_usd(impact),
    )


@exact
def received_usd(*, value_usd: Decimal, cost: CostEstimate) -> Decimal:
    """Value expected on the buy side: what the market keeps is fee, impact and protocol fee. Gas is
    paid by the executor, tax and opportunity by nobody in the trade."""
    return max(Decimal(0), value_usd - cost.fee_usd - cost.impact_usd - cost.protocol_fee_usd)


@exact
def gate_quoted_cost(
    *, policy: TierPolicy, value_usd: Decimal, cost: CostEstimate, subject: str = "trade"
) -> CostGate:
    """DE-22: total cost / value <= cost_cap_bps, with estimates and again with real quotes.

    A trade without value never passes. A negative total (tax loss) counts as it is.
    """
    total = cost.total_usd
    passed = value_usd > 0 and total * BPS <= value_usd * policy.cost_cap_bps
    ratio = "no value" if value_usd <= 0 else _ratio_text(total, value_usd)
    limit = bps_text(policy.cost_cap_bps)
    entry = record(
        Rule.COST_CAP,
        subject,
        "passed" if passed else "too dear",
        value=usd_text(value_usd),
        gas=usd_text(cost.gas_usd),
        fee=usd_text(cost.fee_usd),
        impact=usd_text(cost.impact_usd),
        protocol_fee=usd_text(cost.protocol_fee_usd),
        opportunity=usd_text(cost.opportunity_usd),
        tax=usd_text(cost.tax_usd),
        total=usd_text(total),
        ratio=ratio,
        cap=limit,
    )
    return CostGate(passed=passed, value=ratio, limit=limit, record=entry)


@exact
def gate_quoted_price(
    *, policy: TierPolicy, given_usd: Decimal, got_usd: Decimal, subject: str = "trade"
) -> CostGate:
    """DE-39 against the market itself: a quote that gives more than it takes, by more than the
    policy's slippage, says that the consensus price has not caught up with the market. Nothing is
    sized by a price that the market has left. (A quote that gives too little is DE-22's matter.)
    """
    surplus = got_usd - given_usd
    passed = given_usd > 0 and surplus * BPS <= given_usd * policy.max_slippage_bps
    ratio = "no value" if given_usd <= 0 else _ratio_text(surplus, given_usd)
    limit = bps_text(policy.max_slippage_bps)
    entry = record(
        Rule.PRICE_AGREEMENT,
        subject,
        "passed" if passed else "the market has left the price",
        given=usd_text(given_usd),
        got=usd_text(got_usd),
        surplus=ratio,
        limit=limit,
    )
    return CostGate(passed=passed, value=ratio, limit=limit, record=entry)


@exact
def largest_affordable_usd(*, pair: PairCost, gas: GasPrice, cost_cap_bps: int) -> Decimal | None:
    """The largest trade whose cost stays within the cap; None = no upper end, 0 = none at all.

    g + f v + v^2/D <= k v has solutions between the roots of v^2/D - (k - f) v + g. The lower root
    (a trade too small for its gas) is left to `gate_quoted_cost`.
    """
    margin = (Decimal(cost_cap_bps) - pair.fee_bps) / BPS
    gas_usd = gas.cost_usd(pair.gas_units)
    if margin < 0 or (margin == 0 and gas_usd > 0):
        return Decimal(0)
    if pair.depth_usd is None:
        return None
    discriminant = margin * margin - 4 * gas_usd / pair.depth_usd
    if discriminant < 0:
        return Decimal(0)
    return pair.depth_usd * (margin + discriminant.sqrt()) / 2 * SAFETY


def _ratio_text(total: Decimal, value_usd: Decimal) -> str:
    ratio = share_bps(part=total, whole=value_usd).quantize(Decimal("0.0001"))
    return f"{decimal_text(ratio)} bps"
