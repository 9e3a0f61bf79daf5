"""A decision's trades become a frozen plan, and a plan becomes a Safe transaction that people can
sign.

Order of things: legs from quotes, a batch with a zero digest, its simulation, the evidence over
both, the batch with the real digest, the simulation of exactly these bytes, the row. Nothing is
stored of a plan that does not do in simulation precisely what its legs say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.db import transaction

from execution.adapters import ethereum
from execution.adapters.venues.registry import VENUES
from execution.core import planning, slippage
from execution.core.types import (
    BalanceChange,
    ExecutionPlan,
    Leg,
    LegKind,
    Mechanism,
    Quote,
    Simulation,
)
from execution.models import Plan
from execution.selectors.plans import decision_inputs, plan_by_id, plan_value
from execution.selectors.treasuries import TreasuryView, treasury_view
from execution.services.opening import close_safe_transaction, open_safe_transaction
from execution.services.simulating import PlanRefusedError, try_plan
from treasury.adapters.rpc import Rpc
from treasury.core import canonical
from treasury.core.amounts import quantize_usd, value_usd
from treasury.core.decisions import DecisionInputs, Trade
from treasury.core.lots import slices_at_cost
from treasury.core.types import Address, BlockRef, Holding
from treasury.selectors.decisions import decision_by_id
from treasury.selectors.portfolio import tier_by_id

if TYPE_CHECKING:
    from treasury.models import Tier

__all__ = [
    "PreparedPlan",
    "close_safe_transaction",
    "open_safe_transaction",
    "prepare_plan",
    "resimulate",
    "simulate_plan",
    "worse_by_bps",
]
EXACT = frozenset({LegKind.TRANSFER})


@dataclass(frozen=True, slots=True)
class PreparedPlan:
    """`plan_id` and `digest` are None and empty unless `ok`; `error` then says what broke."""

    plan_id: int | None
    digest: str
    ok: bool
    error: str
    legs_cost_usd: Decimal
    simulation: Simulation


def prepare_plan(
    *,
    tier_id: int,
    decision_id: int,
    mechanism: Mechanism,
    trades: Sequence[Trade],
    quotes: Sequence[Quote],
    max_slippage_bps: int,
    expires_at: int,
    evidence: dict[str, Any],
    block: BlockRef,
    rpc_url: str,
) -> PreparedPlan:
    """Freeze what exactly would be signed. Same inputs at the same block give the same row."""
    tier = tier_by_id(tier_id)
    view = treasury_view(tier)
    inputs = decision_inputs(decision_by_id(decision_id))
    safe = Address(tier.safe.address)
    legs = tuple(
        _leg(index, trade, quote, inputs, safe, max_slippage_bps, expires_at)
        for index, (trade, quote) in enumerate(zip(trades, quotes, strict=True))
    )
    cost = sum((leg.cost.total_usd for leg in legs), Decimal(0))
    draft = _plan(tier, view, mechanism, legs, expires_at, block)
    with ethereum.connect(rpc_url) as rpc:
        trial = _try(rpc, draft, view, block)
        if not trial.ok:
            return PreparedPlan(None, "", False, trial.error, cost, trial)
        plan, text = _with_evidence(draft, evidence, trial.changes)
        simulation = _try(rpc, plan, view, block)
    if not simulation.ok:
        return PreparedPlan(None, "", False, simulation.error, cost, simulation)
    row = _store(plan, text, simulation, tier_id=tier_id, decision_id=decision_id)
    return PreparedPlan(row.id, row.digest, True, "", cost, simulation)


def resimulate(*, plan_id: int, block: BlockRef, rpc_url: str) -> Simulation:
    """The stored plan once more, at another block. Consent is assumed, everything else is
    checked."""
    row = plan_by_id(plan_id)
    view = treasury_view(row.tier)
    return simulate_plan(plan=plan_value(row), view=view, block=block, rpc_url=rpc_url)


def simulate_plan(
    *, plan: ExecutionPlan, view: TreasuryView, block: BlockRef, rpc_url: str
) -> Simulation:
    """The same with everything at hand."""
    with ethereum.connect(rpc_url) as rpc:
        return _try(rpc, plan, view, block)


def worse_by_bps(*, plan_id: int, fresh_units: Sequence[int]) -> int:
    """How much worse than the plan's quotes the fresh ones are, for the worst leg ("worse by n
    bp")."""
    legs = plan_value(plan_by_id(plan_id)).legs
    return max(
        slippage.worse_by_bps(expected_units=leg.expected_buy_units, fresh_units=units)
        for leg, units in zip(legs, fresh_units, strict=True)
    )


def _try(rpc: Rpc, plan: ExecutionPlan, view: TreasuryView, block: BlockRef) -> Simulation:
    try:
        return try_plan(rpc, plan, view, block)
    except (PlanRefusedError, planning.PlanError) as refused:
        return Simulation(False, block, 0, (), str(refused)[:280])


# ------------------------------------------------------------------------------------ the plan
def _leg(
    index: int,
    trade: Trade,
    quote: Quote,
    inputs: DecisionInputs,
    safe: Address,
    max_slippage_bps: int,
    expires_at: int,
) -> Leg:
    venue = VENUES[quote.venue]
    kind = venue.kind(quote.market, quote.sell)
    recipient = venue.recipient(quote.market, safe)
    least = quote.buy_units
    if kind not in EXACT:
        least = slippage.minimum_out(
            quoted_units=quote.buy_units, max_slippage_bps=max_slippage_bps
        )
    sell = _holding(inputs, quote.sell)
    return Leg(
        index=index,
        kind=kind,
        venue=quote.venue,
        safe=safe,
        recipient=recipient,
        sell=quote.sell,
        buy=quote.buy,
        sell_units=trade.sell_units,
        expected_buy_units=quote.buy_units,
        min_buy_units=least,
        value_usd=quantize_usd(
            value_usd(units=quote.sell_units, decimals=sell.decimals, price_usd=sell.price_usd)
        ),
        cost=planning.leg_cost(
            quote=quote,
            sell=sell,
            buy=_holding(inputs, quote.buy),
            gas=inputs.gas,
            before=trade.cost,
        ),
        calls=venue.calls(quote, recipient=recipient, min_buy_units=least, deadline=expires_at),
        lots=trade.lots if kind is LegKind.SWAP else slices_at_cost(trade.lots),
    )


def _holding(inputs: DecisionInputs, asset: Address) -> Holding:
    try:
        return inputs.portfolio.holding(asset)
    except KeyError:
        raise planning.PlanError(f"{asset} is no asset of the tier that was decided on") from None


def _plan(
    tier: Tier,
    view: TreasuryView,
    mechanism: Mechanism,
    legs: tuple[Leg, ...],
    expires_at: int,
    block: BlockRef,
) -> ExecutionPlan:
    by_role = mechanism is Mechanism.ROLES
    member = Address(tier.member_address) if by_role and tier.member_address else None
    modifier = tier.safe.modifier_address if by_role else ""
    return ExecutionPlan(
        chain_id=view.chain_id,
        mechanism=mechanism,
        main_safe=view.main_safe,
        acting_safe=Address(tier.safe.address),
        modifier=Address(modifier) if modifier else None,
        role_key=tier.role_key if by_role else "",
        member=member,
        member_is_safe=member in view.operator_safes,
        expires_at=expires_at,
        legs=legs,
        batch=planning.batch(legs, expires_at, planning.NO_DIGEST),
        evidence_digest=planning.NO_DIGEST,
        block=block,
    )


def _with_evidence(
    draft: ExecutionPlan, document: dict[str, Any], changes: Sequence[BalanceChange]
) -> tuple[ExecutionPlan, str]:
    text = planning.evidence(document, draft.legs, changes)
    digest = sha256(text.encode()).hexdigest()
    batch = planning.batch(draft.legs, draft.expires_at, digest)
    return replace(draft, batch=batch, evidence_digest=digest), text


def _store(
    plan: ExecutionPlan, evidence: str, simulation: Simulation, *, tier_id: int, decision_id: int
) -> Plan:
    with transaction.atomic():
        row, _ = Plan.objects.get_or_create(
            digest=planning.plan_digest(plan),
            defaults={
                "tier_id": tier_id,
                "decision_id": decision_id,
                "document": canonical.canonical_bytes(plan).decode(),
                "evidence": evidence,
                "evidence_digest": plan.evidence_digest,
                "simulation": canonical.plain(simulation),
                "mechanism": plan.mechanism.value,
                "expires_at": plan.expires_at,
            },
        )
    return row
