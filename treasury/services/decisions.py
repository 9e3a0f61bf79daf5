"""One evaluation of one tier: everything it saw and what it decided, on record for ever."""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction

from treasury.core.canonical import canonical_bytes
from treasury.core.decisions import (
    Decision,
    DecisionContext,
    DecisionInputs,
    PriceGap,
    decision_digest,
)
from treasury.core.lots import total_usd
from treasury.core.policies import TierPolicy
from treasury.core.types import NATIVE, Actor, Address, GasPrice
from treasury.engine.decision import decide
from treasury.models import Decision as DecisionRow
from treasury.models import LogAnswer, PolicyVersion, Position, Snapshot, Tier
from treasury.selectors.lots import open_lots
from treasury.selectors.policies import policy_in_force
from treasury.selectors.portfolio import tier_by_id, tier_portfolio
from treasury.selectors.prices import price_map
from treasury.selectors.snapshots import block_of
from treasury.selectors.triggering.logs import waiting_rows
from treasury.services.record import emit_event, record_audit


def decide_tier(
    *, tier_id: int, snapshot_id: int, context: DecisionContext, actor: Actor
) -> DecisionRow:
    """Evaluates the tier by the policy in force at the snapshot's block, and stores inputs and
    result whether it fires or not (T6). Once per tier, snapshot and policy: a second call returns
    the row. Raises NoPolicyInForceError."""
    tier = tier_by_id(tier_id)
    snapshot = Snapshot.objects.get(id=snapshot_id, treasury_id=tier.treasury_id)
    version, policy = policy_in_force(tier_id=tier_id, now=snapshot.block_timestamp)
    existing = _existing(tier, snapshot, version)
    if existing is not None:
        return existing
    inputs = _inputs(tier, snapshot, version, policy, context)
    return _store(tier, snapshot, version, inputs, decide(inputs), actor)


def rehearse_decision(*, tier_id: int, snapshot_id: int, context: DecisionContext) -> Decision:
    """What `decide_tier` would decide if this were the first evaluation at the snapshot. Writes
    nothing. Raises NoPolicyInForceError."""
    tier = tier_by_id(tier_id)
    snapshot = Snapshot.objects.get(id=snapshot_id, treasury_id=tier.treasury_id)
    version, policy = policy_in_force(tier_id=tier_id, now=snapshot.block_timestamp)
    return decide(_inputs(tier, snapshot, version, policy, context))


def _inputs(
    tier: Tier,
    snapshot: Snapshot,
    version: PolicyVersion,
    policy: TierPolicy,
    context: DecisionContext,
) -> DecisionInputs:
    portfolio, gaps = tier_portfolio(tier_id=tier.id, snapshot_id=snapshot.id)
    native = price_map(treasury_id=tier.treasury_id, block_hash=snapshot.block_hash).get(NATIVE)
    if native is None:
        gaps = (*(gap for gap in gaps if gap.asset != NATIVE), _NO_GAS_PRICE)
    return DecisionInputs(
        tier=tier.name,
        policy=policy,
        policy_hash=version.document_hash,
        portfolio=portfolio,
        treasury_nav_usd=_known_nav(snapshot),
        trigger_state=context.trigger_state,
        turnover_in_window_usd=context.turnover_in_window_usd,
        lots=open_lots(treasury_id=tier.treasury_id, holder=Address(tier.safe.address)),
        pairs=context.pairs,
        gas=GasPrice(snapshot.base_fee_wei, context.tip_wei, native or Decimal(0)),
        price_gaps=gaps,
        allowances=context.allowances,
        halts=context.halts,
        forced_reason=context.forced_reason,
        observed=context.observed,
    )


_NO_GAS_PRICE = PriceGap(NATIVE, "the native currency has no price, so gas cannot be valued")


def _known_nav(snapshot: Snapshot) -> Decimal:
    """The treasury's NAV, or the part of it that has prices: smaller, so that shares of it are
    larger and escalate sooner."""
    if snapshot.nav_usd is not None:
        return snapshot.nav_usd
    values = Position.objects.filter(snapshot=snapshot).values_list("value_usd", flat=True)
    return total_usd(value for value in values if value is not None)


def _existing(tier: Tier, snapshot: Snapshot, version: PolicyVersion) -> DecisionRow | None:
    return DecisionRow.objects.filter(tier=tier, snapshot=snapshot, policy_version=version).first()


def _store(
    tier: Tier,
    snapshot: Snapshot,
    version: PolicyVersion,
    inputs: DecisionInputs,
    result: Decision,
    actor: Actor,
) -> DecisionRow:
    with transaction.atomic():
        Tier.objects.select_for_update(no_key=True).get(id=tier.id)
        existing = _existing(tier, snapshot, version)
        if existing is not None:
            return existing
        row = DecisionRow.objects.create(
            tier=tier,
            policy_version=version,
            snapshot=snapshot,
            outcome=result.outcome,
            is_fired=result.trigger.fired,
            trigger_kind=result.trigger.kind[:20],
            trigger_reason=result.trigger.reason[:300],
            inputs=canonical_bytes(inputs).decode(),
            result=canonical_bytes(result).decode(),
            digest=decision_digest(inputs=inputs, decision=result),
        )
        if result.trigger.fired:
            _answer_logs(row, inputs)
        payload = {
            "id": row.public_id,
            "tier": tier.public_id,
            "snapshot": snapshot.public_id,
            "policy": version.public_id,
            "outcome": row.outcome,
            "fired": row.is_fired,
            "trigger_kind": row.trigger_kind,
            "trigger_reason": row.trigger_reason,
            "digest": row.digest,
        }
        emit_event(treasury_id=tier.treasury_id, kind="trigger.evaluated", payload=payload)
        record_audit(
            actor=actor,
            action="decision.recorded",
            object_type="decision",
            object_id=row.public_id,
            block=block_of(snapshot),
            after=payload,
            reason=row.trigger_reason,
        )
    return row


def _answer_logs(row: DecisionRow, inputs: DecisionInputs) -> None:
    """The logs that this evaluation saw are no reason for another one; two that saw the same at
    once cannot both be kept (T3)."""
    seen = {(log.contract, log.topic, log.tx_hash, log.ordinal) for log in inputs.observed.logs}
    if not seen:
        return
    waiting = waiting_rows(
        tier_id=row.tier_id,
        watched=inputs.policy.trigger.events.logs,
        until=inputs.portfolio.block.number,
    )
    LogAnswer.objects.bulk_create(
        LogAnswer(log=log, tier_id=row.tier_id, decision=row)
        for log in waiting
        if (log.watch.contract, log.watch.topic, log.tx_hash, log.ordinal) in seen
    )
