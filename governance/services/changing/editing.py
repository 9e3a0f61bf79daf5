"""A person drops or resizes legs of a proposal that goes to the multisig by a manual policy.

The changed plan is another proposal that supersedes the first: other bytes, another digest, so that
no approval, answer or signature of the one is ever taken for the other. Chain and venues are asked
before the one database transaction that writes both. Not done: making legs larger or adding some
(that is the engine's decision), and changing what somebody has signed already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction

from execution.core.types import ExecutionPlan, Mechanism, Quote
from execution.selectors.plans import plan_value
from execution.selectors.transactions import turnover_usd
from execution.services.preparing import PreparedPlan, prepare_plan
from execution.services.quoting import UnableToQuoteError, quote_trades, store_quotes
from governance.core.approvals import check_reason
from governance.core.changing.legs import (
    Changed,
    EditRefusedError,
    LegChange,
    change_legs,
    edit_key,
)
from governance.core.lifecycle import ProposalState
from governance.core.routing import RouteDecision, allows_proposals, route
from governance.models import Proposal, User
from governance.selectors.halts import open_halts
from governance.selectors.proposals import (
    is_for_editing,
    may_be_superseded,
    plan_of,
    proposal_by_id,
)
from governance.services import halts
from governance.services.claims import Claim, claimed
from governance.services.generating.evidence import evidence
from governance.services.generating.gate import keep_what_pays
from governance.services.guarding.freezing import require_sound
from governance.services.moves import LostRaceError, move
from treasury.core.amounts import quantize_usd
from treasury.core.decisions import Decision, DecisionInputs, Trade
from treasury.core.types import Actor, Address, BlockRef
from treasury.selectors.decisions import revive_decision
from treasury.selectors.policies import policy_in_force
from treasury.services.record import emit_event, record_audit


@dataclass(frozen=True, slots=True)
class Edit:
    """One wanted change with everything that it is judged by."""

    old: Proposal
    plan: ExecutionPlan
    inputs: DecisionInputs
    decision: Decision
    changed: Changed
    routed: RouteDecision

    @property
    def key(self) -> str:
        return edit_key(of=self.old.intent_key, trades=self.changed.trades)


@dataclass(frozen=True, slots=True)
class Author:
    user: User
    reason: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class Priced:
    trades: tuple[Trade, ...]
    quotes: tuple[Quote, ...]
    others: tuple[Quote, ...]

    @property
    def value_usd(self) -> Decimal:
        return sum((trade.value_usd for trade in self.trades), Decimal(0))

    @property
    def cost_usd(self) -> Decimal:
        return sum((trade.cost.total_usd for trade in self.trades), Decimal(0))


def rehearse_edit(
    *, proposal_id: int, legs: Sequence[LegChange], reason: str, block: BlockRef
) -> Changed:
    """Every refusal that needs neither quotes nor a simulation, and the legs before and after.
    Writes nothing. Raises EditRefusedError, ApprovalRefusedError."""
    check_reason(reason)
    edit = _edit(proposal_by_id(proposal_id), legs)
    _check(edit, block)
    return edit.changed


def changed_by(proposal: Proposal, legs: Sequence[LegChange]) -> Changed:
    """The legs before and after, whatever has become of the proposal since."""
    return _edit(proposal, legs).changed


def edit_legs(
    *,
    proposal_id: int,
    user: User,
    legs: Sequence[LegChange],
    reason: str,
    actor: Actor,
    block: BlockRef,
    rpc_url: str,
) -> Proposal:
    """The changed proposal, quoted and simulated at `block`; its deadline stays the old one's. The
    same edit again gives the same proposal. Raises EditRefusedError (codes of `change_legs`, and
    wrong_state, not_manual, already_signed, expired, policy_changed, no_quote,
    does_not_pay, does_not_simulate), TamperedError, HaltedError; LostRaceError while a process
    works on the tier or the proposal."""
    check_reason(reason)
    edit = _edit(proposal_by_id(proposal_id), legs)
    made = Proposal.objects.filter(intent_key=edit.key).first()
    if made is not None:
        return made
    require_sound(edit.old, actor=actor, block=block)
    with (
        claimed(Claim.TIER, edit.old.tier_id) as has_tier,
        claimed(Claim.PROPOSAL, edit.old.pk) as has_proposal,
    ):
        if not (has_tier and has_proposal):
            raise LostRaceError("the tier is being worked on at this moment; try again")
        _check(edit, block)
        priced = _price(edit, block, rpc_url)
        prepared = _prepare(edit, priced, block, rpc_url)
        return _write(edit, priced, prepared, Author(user, reason, actor), block)


def _edit(old: Proposal, legs: Sequence[LegChange]) -> Edit:
    plan = plan_value(plan_of(old))
    inputs, decision = revive_decision(old.decision)
    changed = change_legs(inputs=inputs, legs=plan.legs, changes=legs)
    return Edit(old, plan, inputs, decision, changed, _route(old, inputs, changed))


def _route(old: Proposal, inputs: DecisionInputs, changed: Changed) -> RouteDecision:
    """A manual policy knows one route; asked all the same, so that the reason is the rule's."""
    since = inputs.policy.escalation.turnover_since(inputs.now)
    return route(
        policy=inputs.policy,
        value_usd=sum((trade.value_usd for trade in changed.trades), Decimal(0)),
        nav_usd=inputs.treasury_nav_usd,
        turnover_usd=turnover_usd(tier_id=old.tier_id, since=since),
        strategic=False,
        limits_match=True,
        level=halts.level_of(open_halts(treasury_id=old.tier.treasury_id, tier_id=old.tier_id)),
    )


# ------------------------------------------------------------------------------------ refusals
def _check(edit: Edit, block: BlockRef) -> None:
    old = edit.old
    if not is_for_editing(old):
        _refuse_kind(old)
    if not may_be_superseded(old):
        raise EditRefusedError(
            "already_signed",
            "somebody has signed, declined or asked for its rejection: it is changed no more",
        )
    if block.timestamp >= old.expires_at:
        raise EditRefusedError("expired", "its deadline has passed; ask for an evaluation")
    version, _ = policy_in_force(tier_id=old.tier_id, now=block.timestamp)
    if version.document_hash != old.policy_hash:
        raise EditRefusedError("policy_changed", "another policy is in force now")


def _refuse_kind(old: Proposal) -> None:
    if old.state in {ProposalState.PROPOSED, ProposalState.COLLECTING}:
        raise EditRefusedError(
            "not_manual", "legs are changed only where a manual policy asks the multisig"
        )
    raise EditRefusedError("wrong_state", f"the proposal is {old.state}")


def _price(edit: Edit, block: BlockRef, rpc_url: str) -> Priced:
    """Fresh quotes, and the cost gate on them: what a person asks for pays, or is refused whole."""
    try:
        quoted = quote_trades(
            decision_id=edit.old.decision_id,
            trades=edit.changed.trades,
            safe=Address(edit.old.tier.safe.address),
            block=block,
            rpc_url=rpc_url,
            by_role=False,
        )
    except UnableToQuoteError as error:
        raise EditRefusedError("no_quote", f"no quote: {error}") from error
    gated = keep_what_pays(inputs=edit.inputs, trades=quoted.trades, quotes=quoted.quotes)
    if len(gated.trades) < len(quoted.trades):
        failed = [entry for entry in gated.records if entry.outcome != "passed"]
        why = "; ".join(dict.fromkeys(f"{entry.rule}: {entry.outcome}" for entry in failed))
        raise EditRefusedError("does_not_pay", f"at the venues' quotes of now: {why}")
    store_quotes(decision_id=edit.old.decision_id, quoted=quoted)
    return Priced(gated.trades, gated.quotes, quoted.others)


def _prepare(edit: Edit, priced: Priced, block: BlockRef, rpc_url: str) -> PreparedPlan:
    old = edit.old
    prepared = prepare_plan(
        tier_id=old.tier_id,
        decision_id=old.decision_id,
        mechanism=Mechanism.SAFE,
        trades=priced.trades,
        quotes=priced.quotes,
        max_slippage_bps=edit.inputs.policy.max_slippage_bps,
        expires_at=old.expires_at,
        evidence={**_reasons(edit, priced), "edit_of": plan_of(old).digest},
        block=block,
        rpc_url=rpc_url,
    )
    if not prepared.ok:
        detail = f"what is left does not simulate: {prepared.error}"
        raise EditRefusedError("does_not_simulate", detail)
    return prepared


def _reasons(edit: Edit, priced: Priced) -> dict[str, Any]:
    old = edit.old
    return evidence(
        chain_id=old.tier.treasury.chain_id,
        tier=f"{old.tier.treasury.name}/{old.tier.name}",
        safe=Address(old.tier.safe.address),
        policy_number=old.policy_version.number,
        policy_hash=old.policy_hash,
        decision_digest=old.decision.digest,
        trigger=edit.decision.trigger.kind,
        portfolio=edit.inputs.portfolio,
        trades=priced.trades,
        quotes=priced.quotes,
        others=priced.others,
        routed=edit.routed,
    )


# ------------------------------------------------------------------------------------ the write
def _write(
    edit: Edit, priced: Priced, prepared: PreparedPlan, author: Author, block: BlockRef
) -> Proposal:
    old = edit.old
    with transaction.atomic():
        found = halts.check(tier_id=old.tier_id)
        if not allows_proposals(halts.level_of(found)):
            raise halts.HaltedError(found)
        move(
            old,
            ProposalState.SUPERSEDED,
            actor=author.actor,
            block=block,
            reason=f"its legs were changed: {author.reason}",
        )
        # The move holds the Safe transaction's row: no signature can come in beside it any more,
        # and one that came in since we looked is seen here.
        if not may_be_superseded(old):
            raise EditRefusedError("already_signed", "somebody signed it at this very moment")
        made = Proposal.objects.create(
            tier_id=old.tier_id,
            decision_id=old.decision_id,
            policy_version_id=old.policy_version_id,
            policy_hash=old.policy_hash,
            plan_id=prepared.plan_id,
            intent_key=edit.key,
            state=ProposalState.PROPOSED.value,
            route=edit.routed.route.value,
            route_reason=edit.routed.reason[:300],
            author=author.user,
            value_usd=quantize_usd(priced.value_usd),
            estimated_cost_usd=quantize_usd(priced.cost_usd),
            triggered_at=block.timestamp,
            expires_at=old.expires_at,
            next_action_at=block.timestamp,
        )
        Proposal.objects.filter(pk=old.pk).update(successor=made)
        _announce(old, made, prepared, author, block)
    return made


def _announce(
    old: Proposal, made: Proposal, prepared: PreparedPlan, author: Author, block: BlockRef
) -> None:
    emit_event(
        treasury_id=old.tier.treasury_id,
        kind="proposal.created",
        payload={
            "proposal": made.public_id,
            "tier": old.tier.public_id,
            "state": made.state,
            "route": made.route,
        },
    )
    record_audit(
        actor=author.actor,
        action="proposal.edited",
        object_type="proposal",
        object_id=made.public_id,
        block=block,
        before={"proposal": old.public_id, "plan": plan_of(old).digest},
        after={
            "decision": old.decision.digest,
            "plan": prepared.digest,
            "policy": made.policy_hash,
            "route": made.route,
            "intent": made.intent_key,
        },
        reason=author.reason[:300],
    )
