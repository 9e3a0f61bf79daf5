"""Everything about one proposal that its page and its gate judge by, read once.

What was frozen with the plan (legs, bytes, decision, policy) is revived from text; the rest is as
stored now. Nothing is asked of the chain.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from execution.core.abi import UndecodableCallError
from execution.core.decoding import DecodedBatch, DecodedCall
from execution.core.planning import trade_of
from execution.core.types import ExecutionPlan, Mechanism, Simulation
from execution.selectors.plans import decode_with, plan_value
from execution.selectors.treasuries import TreasuryView
from governance.core.questions import AskedLeg
from governance.core.recommendation import venue_name
from governance.core.routing import is_blocked, worst
from governance.core.scrutiny import Facts, HaltFact
from governance.models import Notice, Proposal
from governance.selectors.proposals import plan_of
from governance.selectors.surroundings import Surroundings, surroundings
from treasury.core.amounts import exact, share_bps
from treasury.core.decisions import Decision, DecisionInputs, Trade, Weight
from treasury.core.policies import TierPolicy
from treasury.core.revival import revive
from treasury.core.types import Address, Holding
from treasury.engine.decision import weights_after
from treasury.selectors.decisions import revive_decision
from treasury.selectors.policies import revive_policy

HALF = 2
ADDRESS_LENGTH = 42


@dataclass(frozen=True, slots=True)
class Dossier:
    """`batch` is None when the bytes cannot be explained (`undecodable` says why): then nothing is
    shown as known. `labels` name the treasury's own addresses and those of the address book.
    `stored_simulation` is the one that the plan was made with; `around` are the rows beside it."""

    proposal: Proposal
    plan: ExecutionPlan
    inputs: DecisionInputs
    decision: Decision
    policy: TierPolicy
    stored_simulation: Simulation
    around: Surroundings
    batch: DecodedBatch | None
    undecodable: str
    halts: tuple[HaltFact, ...]
    notices: tuple[Notice, ...]
    labels: dict[str, str]

    @property
    def view(self) -> TreasuryView:
        return self.around.view

    @property
    def is_nested(self) -> bool:
        plan = self.plan
        return plan.mechanism is Mechanism.SAFE and plan.acting_safe != plan.main_safe

    @property
    def queue_ahead(self) -> int:
        """How many transactions of the same Safe that people can still sign come before it."""
        signed = self.proposal.safe_transaction
        if signed is None:
            return 0
        slots = self.around.slots
        return sum(slot.nonce < signed.nonce and not slot.is_rejection for slot in slots)

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
        """What the plan does, with the lots that are frozen in it."""
        return tuple(trade_of(leg) for leg in self.plan.legs)

    @property
    def weights(self) -> tuple[Weight, ...]:
        """Before and after what the plan does."""
        if self.is_as_decided:
            return self.decision.weights
        return weights_after(self.inputs, self.trades)

    def holding(self, asset: str) -> Holding | None:
        found = [h for h in self.inputs.portfolio.holdings if h.asset == asset]
        return found[0] if found else None

    def symbol(self, asset: str) -> str:
        row = self.view.assets.get(Address(asset))
        return row.symbol if row else asset

    def decimals(self, asset: str) -> int:
        row = self.view.assets.get(Address(asset))
        return row.decimals if row else 0


class UnreadableProposalError(RuntimeError):
    """What is stored of the proposal cannot be read back: somebody changed it past the service."""

    problem_code = "unreadable"
    problem_status = 409


def dossier(proposal: Proposal) -> Dossier:
    """Of a proposal that has a plan; `proposal` as `all_proposals` gives it. Six queries. Raises
    UnreadableProposalError."""
    row = plan_of(proposal)
    around = surroundings(proposal)
    try:
        plan = plan_value(row)
        inputs, decision = revive_decision(proposal.decision)
        policy = revive_policy(proposal.policy_version)
        simulation = revive(Simulation, row.simulation)
        batch, undecodable = _decoded(proposal, plan, around.view)
    except (ValueError, TypeError, KeyError) as odd:
        raise UnreadableProposalError(str(odd)) from odd
    return Dossier(
        proposal=proposal,
        plan=plan,
        inputs=inputs,
        decision=decision,
        policy=policy,
        stored_simulation=simulation,
        around=around,
        batch=batch,
        undecodable=undecodable,
        halts=_halts(proposal, around),
        notices=_notices(plan, around),
        labels=_labels(around),
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
        new_venues=tuple(venue_name(key) for key in sorted(venues - found.around.venues_used)),
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


def _halts(proposal: Proposal, around: Surroundings) -> tuple[HaltFact, ...]:
    return tuple(
        HaltFact(
            halt.breaker,
            halt.level,
            halt.reason,
            blocks=is_blocked(proposal.route, worst((halt.level,))),
        )
        for halt in around.halts
    )


def _notices(plan: ExecutionPlan, around: Surroundings) -> tuple[Notice, ...]:
    """In force at some time of its window, of the whole treasury or of a traded asset."""
    traded = {leg.sell for leg in plan.legs} | {leg.buy for leg in plan.legs}
    return tuple(found.notice for found in around.announcements if found.concerns(traded))


def _labels(around: Surroundings) -> dict[str, str]:
    view = around.view
    named = dict(around.address_book)
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
