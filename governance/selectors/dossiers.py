"""Everything about one proposal that its page and its gate judge by, read once.

What was frozen with the plan (legs, bytes, decision, policy) is revived from text; the rest is as
stored now. Nothing is asked of the chain.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db.models.functions import Now

from execution.core.abi import UndecodableCallError
from execution.core.decoding import DecodedBatch, DecodedCall
from execution.core.planning import trade_of
from execution.core.types import ExecutionPlan, Mechanism, Simulation
from execution.selectors.plans import decode_with, plan_value
from execution.selectors.transactions import fills, queue_ahead
from execution.selectors.treasuries import TreasuryView, treasury_view
from governance.core.questions import AskedLeg
from governance.core.recommendation import venue_name
from governance.core.routing import is_blocked, worst
from governance.core.scrutiny import Facts, HaltFact
from governance.models import AddressEntry, Notice, Proposal
from governance.selectors.halts import open_halts
from governance.selectors.proposals import plan_of
from governance.selectors.registers.notices import notices_for
from treasury.core.amounts import exact, share_bps
from treasury.core.decisions import Decision, DecisionInputs, Trade, Weight
from treasury.core.policies import TierPolicy
from treasury.core.revival import revive
from treasury.core.types import Address, Holding
from treasury.engine.decision import weights_after, with_lots
from treasury.selectors.decisions import revive_decision
from treasury.selectors.policies import revive_policy

HALF = 2
ADDRESS_LENGTH = 42


@dataclass(frozen=True, slots=True)
class Dossier:
    """`batch` is None when the bytes cannot be explained (`undecodable` says why): then nothing is
    shown as known. `labels` name the treasury's own addresses and those of the address book."""

    proposal: Proposal
    plan: ExecutionPlan
    inputs: DecisionInputs
    decision: Decision
    policy: TierPolicy
    view: TreasuryView
    batch: DecodedBatch | None
    undecodable: str
    halts: tuple[HaltFact, ...]
    notices: tuple[Notice, ...]
    labels: dict[str, str]
    venues_used: frozenset[str]
    queue_ahead: int

    @property
    def is_nested(self) -> bool:
        plan = self.plan
        return plan.mechanism is Mechanism.SAFE and plan.acting_safe != plan.main_safe

    @property
    def stored_simulation(self) -> Simulation:
        """The one that the plan was made with."""
        return revive(Simulation, plan_of(self.proposal).simulation)

    @property
    def cost_bps(self) -> Decimal:
        return share_bps(part=self.proposal.estimated_cost_usd, whole=self.proposal.value_usd)

    @property
    def is_as_decided(self) -> bool:
        """Whether the plan sells exactly what the decision did. The gate on quotes drops trades,
        people drop and resize legs."""
        decided = [(trade.sell, trade.buy, trade.sell_units) for trade in self.decision.trades]
        return decided == [(leg.sell, leg.buy, leg.sell_units) for leg in self.plan.legs]

    @property
    def trades(self) -> tuple[Trade, ...]:
        """What the plan does, with the lots that it would take."""
        if self.is_as_decided:
            return self.decision.trades
        return with_lots(self.inputs, tuple(trade_of(leg) for leg in self.plan.legs))[0]

    @property
    def weights(self) -> tuple[Weight, ...]:
        """Before and after what the plan does."""
        if self.is_as_decided:
            return self.decision.weights
        return weights_after(self.inputs, tuple(trade_of(leg) for leg in self.plan.legs))

    def holding(self, asset: str) -> Holding | None:
        found = [h for h in self.inputs.portfolio.holdings if h.asset == asset]
        return found[0] if found else None

    def symbol(self, asset: str) -> str:
        row = self.view.assets.get(Address(asset))
        return row.symbol if row else asset

    def decimals(self, asset: str) -> int:
        row = self.view.assets.get(Address(asset))
        return row.decimals if row else 0


def dossier(proposal: Proposal) -> Dossier:
    """Of a proposal that has a plan; `proposal` as `all_proposals` gives it. Seven queries."""
    row = plan_of(proposal)
    plan = plan_value(row)
    inputs, decision = revive_decision(proposal.decision)
    view = treasury_view(proposal.tier)
    batch, undecodable = _decoded(proposal, plan, view)
    return Dossier(
        proposal=proposal,
        plan=plan,
        inputs=inputs,
        decision=decision,
        policy=revive_policy(proposal.policy_version),
        view=view,
        batch=batch,
        undecodable=undecodable,
        halts=_halts(proposal),
        notices=_notices(proposal, plan),
        labels=_labels(proposal, view),
        venues_used=frozenset(
            fills(tier_id=proposal.tier_id).order_by().values_list("venue", flat=True).distinct()
        ),
        queue_ahead=queue_ahead(proposal.safe_transaction) if proposal.safe_transaction else 0,
    )


def facts_of(found: Dossier, *, worse_bps: int | None, simulation_error: str) -> Facts:
    """What the risk flags are computed from; the simulation's part comes from outside."""
    policy = found.policy
    venues = {leg.venue for leg in found.plan.legs}
    return Facts(
        value_usd=found.proposal.value_usd,
        nav_usd=found.inputs.treasury_nav_usd,
        cost_bps=found.cost_bps,
        cost_cap_bps=policy.cost_cap_bps,
        floor_bps=policy.max_slippage_bps // HALF,
        worse_bps=worse_bps,
        simulation_error=simulation_error,
        price_off_bps=_price_off_bps(found),
        price_tolerance_bps=policy.max_slippage_bps + policy.cost_cap_bps,
        queue_ahead=found.queue_ahead,
        notices=tuple(notice.title for notice in found.notices),
        halts=found.halts,
        outside=tuple(sorted(_addresses(found.batch.calls if found.batch else ()))),
        known=tuple(sorted(found.labels.items())),
        new_venues=tuple(venue_name(key) for key in sorted(venues - found.venues_used)),
        is_strategic=policy.escalation.strategic,
        is_nested=found.is_nested,
        author=found.proposal.author.get_username() if found.proposal.author else "",
    )


def asked_legs(found: Dossier) -> tuple[AskedLeg, ...]:
    return tuple(
        AskedLeg(
            sell=found.symbol(leg.sell),
            sell_decimals=found.decimals(leg.sell),
            sell_units=leg.sell_units,
            buy=found.symbol(leg.buy),
            buy_decimals=found.decimals(leg.buy),
            min_buy_units=leg.min_buy_units,
            recipient=leg.recipient,
        )
        for leg in found.plan.legs
    )


def _decoded(
    proposal: Proposal, plan: ExecutionPlan, view: TreasuryView
) -> tuple[DecodedBatch | None, str]:
    """From the bytes that are signed, once there are any; else from the plan."""
    try:
        return decode_with(view, plan, proposal.safe_transaction), ""
    except UndecodableCallError as error:
        return None, str(error)


def _halts(proposal: Proposal) -> tuple[HaltFact, ...]:
    found = open_halts(treasury_id=proposal.tier.treasury_id, tier_id=proposal.tier_id)
    return tuple(
        HaltFact(
            halt.breaker,
            halt.level,
            halt.reason,
            blocks=is_blocked(proposal.route, worst((halt.level,))),
        )
        for halt in found
    )


def _notices(proposal: Proposal, plan: ExecutionPlan) -> tuple[Notice, ...]:
    """In force at some time of its window, of the whole treasury or of a traded asset."""
    traded = {leg.sell for leg in plan.legs} | {leg.buy for leg in plan.legs}
    return notices_for(
        treasury_id=proposal.tier.treasury_id,
        assets=sorted(traded),
        start=proposal.triggered_at,
        end=proposal.expires_at,
    )


def _labels(proposal: Proposal, view: TreasuryView) -> dict[str, str]:
    book = AddressEntry.objects.filter(
        treasury_id=proposal.tier.treasury_id,
        approver__isnull=False,
        withdrawn_at__isnull=True,
        expires_at__gt=Now(),
    )
    named = {row.address: row.label for row in book}
    named |= {str(address): f"{asset.symbol} token" for address, asset in view.assets.items()}
    return named | {str(address): f"{safe.name} Safe" for address, safe in view.safes.items()}


def _addresses(calls: tuple[DecodedCall, ...]) -> set[str]:
    found: set[str] = set()
    for call in calls:
        values = (value for _, value in call.arguments)
        found |= {v for v in values if v.startswith("0x") and len(v) == ADDRESS_LENGTH}
        found |= {call.call.to} | _addresses(call.inner)
    return found


@exact
def _price_off_bps(found: Dossier) -> Decimal:
    """How far the worst price that any leg accepts lies under the median, at the decision's
    prices. Legs without a price count as not off: the decision refused them already."""
    worst_leg = Decimal(0)
    for leg in found.plan.legs:
        bought = found.holding(leg.buy)
        if bought is None or not leg.value_usd or not bought.price_usd:
            continue
        least = Decimal(leg.min_buy_units).scaleb(-bought.decimals) * bought.price_usd
        worst_leg = max(worst_leg, (1 - least / leg.value_usd) * 10_000)
    return worst_leg
