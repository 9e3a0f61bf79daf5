"""Evaluate one tier at one snapshot, and propose what pays for itself.

Every read of the chain happens at the snapshot's block and before the one database transaction
that writes the proposal with its audit row and event. The same evaluation can never become two
proposals: the decision is unique per snapshot and policy, the intent key per evaluation, an open
proposal per tier.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import structlog
from django.db import IntegrityError, transaction

from execution.core.types import Mechanism
from execution.services.preparing import PreparedPlan, prepare_plan
from execution.services.quoting import (
    UnableToQuoteError,
)
from governance.core.lifecycle import ProposalState
from governance.core.routing import RouteKind, allows_proposals
from governance.models import Proposal, User
from governance.selectors.proposals import is_edited, may_be_superseded, open_proposal
from governance.services import halts
from governance.services.claims import Claim, claimed
from governance.services.generating.context import TierFacts, gather
from governance.services.generating.evidence import evidence
from governance.services.generating.pricing import Case, Priced, price
from governance.services.moves import LostRaceError, move
from governance.services.watching.looking import look
from treasury.core.amounts import quantize_usd
from treasury.core.decisions import Outcome
from treasury.core.types import Actor, Address
from treasury.selectors.decisions import revive_decision
from treasury.selectors.policies import policy_in_force
from treasury.selectors.portfolio import tier_by_id
from treasury.selectors.snapshots import block_of, snapshot_by_id
from treasury.services.crash_points import passage
from treasury.services.decisions import decide_tier
from treasury.services.record import emit_event, record_audit

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Evaluated:
    """`decision` is the treasury's row. Without a proposal `note` says why there is none."""

    decision: Any
    proposal: Proposal | None
    note: str


def evaluate_tier(
    *,
    tier_id: int,
    snapshot_id: int,
    rpc_url: str,
    actor: Actor,
    forced_reason: str | None = None,
    author: User | None = None,
) -> Evaluated | None:
    """Breakers, triggers, decision, and a proposal if there is one to make. None while another
    process evaluates the tier. `author` is the person who asked, if a person did."""
    with claimed(Claim.TIER, tier_id) as is_ours:
        if not is_ours:
            return None
        case = _decide(
            tier_id=tier_id,
            snapshot_id=snapshot_id,
            rpc_url=rpc_url,
            actor=actor,
            forced_reason=forced_reason,
            author=author,
        )
        if case.decision.outcome is not Outcome.TRADES:
            return Evaluated(case.decision_row, None, case.decision.trigger.reason)
        return _propose(case)


def _decide(
    *,
    tier_id: int,
    snapshot_id: int,
    rpc_url: str,
    actor: Actor,
    forced_reason: str | None,
    author: User | None,
) -> Case:
    tier = tier_by_id(tier_id)
    snapshot = snapshot_by_id(snapshot_id)
    block = block_of(snapshot)
    version, policy = policy_in_force(tier_id=tier_id, now=block.timestamp)
    look(tier_id=tier_id, block=block, rpc_url=rpc_url, actor=actor)
    gathered = gather(
        TierFacts(tier_id, tier.treasury_id, tier.role_key, policy, version.effective_at, block),
        rpc_url=rpc_url,
        forced_reason=forced_reason,
    )
    row = decide_tier(
        tier_id=tier_id, snapshot_id=snapshot_id, context=gathered.context, actor=actor
    )
    inputs, decision = revive_decision(row)
    return Case(tier, version, block, row, inputs, decision, gathered, actor, author, rpc_url)


def _propose(case: Case) -> Evaluated:
    """From wanted trades to a simulated plan. Nothing is written before the last line but
    execution's own quotes and plan."""
    existing = Proposal.objects.filter(intent_key=case.key).first()
    if existing is not None:
        return Evaluated(case.decision_row, existing, "this evaluation was already proposed")
    current = open_proposal(tier_id=case.tier.pk)
    if current is not None and not _makes_room(current, case):
        return _nothing(case, f"{current.public_id} is under way")
    try:
        priced = price(case)
    except UnableToQuoteError as error:
        return _nothing(case, f"no quote: {error}")
    if priced is None:
        return _nothing(case, "no trade pays for itself at the venues' quotes")
    prepared = _prepare(case, priced)
    if not prepared.ok:
        return _nothing(case, f"the plan does not simulate: {prepared.error}")
    try:
        proposal = _write(case, priced, prepared)
    except (IntegrityError, LostRaceError, halts.HaltedError) as error:
        log.info("proposal_not_made", tier=case.tier_name, error=str(error))
        return _nothing(case, "another proposal of the tier, or a halt, came first")
    passage("intent.after")
    return Evaluated(case.decision_row, proposal, priced.routed.reason)


def _prepare(case: Case, priced: Priced) -> PreparedPlan:
    is_multisig = priced.routed.route is RouteKind.MULTISIG
    return prepare_plan(
        tier_id=case.tier.pk,
        decision_id=case.decision_row.pk,
        mechanism=Mechanism.SAFE if is_multisig else Mechanism.ROLES,
        trades=priced.trades,
        quotes=priced.quotes,
        max_slippage_bps=case.inputs.policy.max_slippage_bps,
        expires_at=_expires_at(case),
        evidence=evidence(
            chain_id=case.tier.treasury.chain_id,
            tier=case.tier_name,
            safe=Address(case.tier.safe.address),
            policy_number=case.version.number,
            policy_hash=case.version.document_hash,
            decision_digest=case.decision_row.digest,
            trigger=case.decision.trigger.kind,
            portfolio=case.inputs.portfolio,
            trades=priced.trades,
            quotes=priced.quotes,
            others=priced.others,
            routed=priced.routed,
        ),
        block=case.block,
        rpc_url=case.rpc_url,
    )


def _expires_at(case: Case) -> int:
    return case.inputs.policy.expires_at(case.block.timestamp)


def _write(case: Case, priced: Priced, prepared: PreparedPlan) -> Proposal:
    """The one transaction: halts under lock, an older unsigned proposal makes room, the new one."""
    with transaction.atomic():
        found = halts.check(tier_id=case.tier.pk)
        if not allows_proposals(halts.level_of(found)):
            raise halts.HaltedError(found)
        older = _supersede_older(case)
        proposal = Proposal.objects.create(
            tier_id=case.tier.pk,
            decision_id=case.decision_row.pk,
            policy_version_id=case.version.pk,
            policy_hash=case.version.document_hash,
            plan_id=prepared.plan_id,
            intent_key=case.key,
            state=ProposalState.PROPOSED.value,
            route=priced.routed.route.value,
            route_reason=priced.routed.reason[:300],
            author=case.author,
            value_usd=quantize_usd(priced.value_usd),
            estimated_cost_usd=quantize_usd(priced.cost_usd),
            triggered_at=case.block.timestamp,
            expires_at=_expires_at(case),
            next_action_at=case.block.timestamp,
        )
        if older is not None:
            Proposal.objects.filter(pk=older.pk).update(successor=proposal)
        _announce(case, proposal, prepared)
        passage("intent.before")
    return proposal


def _makes_room(older: Proposal, case: Case) -> bool:
    """What a person has cut to size is not replaced by the machine's next full one."""
    return may_be_superseded(older) and (case.author is not None or not is_edited(older))


def _supersede_older(case: Case) -> Proposal | None:
    older = open_proposal(tier_id=case.tier.pk)
    if older is None:
        return None
    Proposal.objects.select_for_update().get(pk=older.pk)
    older.refresh_from_db()
    if not _makes_room(older, case):
        raise LostRaceError(f"{older.public_id} is under way")
    move(
        older,
        ProposalState.SUPERSEDED,
        actor=case.actor,
        block=case.block,
        reason="a newer trigger fired before anybody signed",
    )
    return older


def _announce(case: Case, proposal: Proposal, prepared: PreparedPlan) -> None:
    emit_event(
        treasury_id=case.tier.treasury_id,
        kind="proposal.created",
        payload={
            "proposal": proposal.public_id,
            "tier": case.tier.public_id,
            "state": proposal.state,
            "route": proposal.route,
        },
    )
    record_audit(
        actor=case.actor,
        action="proposal.proposed",
        object_type="proposal",
        object_id=proposal.public_id,
        block=case.block,
        after={
            "decision": case.decision_row.digest,
            "plan": prepared.digest,
            "policy": proposal.policy_hash,
            "route": proposal.route,
            "intent": proposal.intent_key,
        },
        reason=case.decision.trigger.reason[:300],
    )


def _nothing(case: Case, note: str) -> Evaluated:
    """The decision wanted trades and no proposal came of it: that is an outcome, and it is
    recorded."""
    with transaction.atomic():
        record_audit(
            actor=case.actor,
            action="proposal.not_made",
            object_type="decision",
            object_id=case.decision_row.public_id,
            block=case.block,
            after={"decision": case.decision_row.digest},
            reason=note[:300],
        )
    return Evaluated(case.decision_row, None, note)
