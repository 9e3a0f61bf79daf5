"""Stored decisions, as values again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from decimal import Decimal

from treasury.core.decisions import (
    Decision,
    DecisionInputs,
    Outcome,
    SkippedTrade,
    decision_digest,
)
from treasury.core.policy_documents import policy_hash
from treasury.core.revival import READING_ERRORS, revive
from treasury.engine.decision import decide
from treasury.models import Decision as DecisionRow


def revive_decision(row: DecisionRow) -> tuple[DecisionInputs, Decision]:
    return revive(DecisionInputs, json.loads(row.inputs)), revive(Decision, json.loads(row.result))


def decision_by_id(decision_id: int) -> DecisionRow:
    return DecisionRow.objects.select_related("tier", "snapshot", "policy_version").get(
        id=decision_id
    )


def latest_evaluation_at(*, tier_id: int, before: int) -> int | None:
    """Block time of the tier's latest evaluation before a time, None when there was none."""
    return (
        DecisionRow.objects.filter(tier_id=tier_id, snapshot__block_timestamp__lt=before)
        .order_by("-snapshot__block_timestamp")
        .values_list("snapshot__block_timestamp", flat=True)
        .first()
    )


@dataclass(frozen=True, slots=True)
class Replay:
    """A stored decision made again from its stored inputs. `differences` names the parts that are
    not as stored: fields of the result, or "inputs" when the result is the same but what led to it
    is not."""

    stored_digest: str
    replayed_digest: str
    differences: tuple[str, ...]


def replay_decision(row: DecisionRow) -> Replay:
    """Reads nothing but the row: neither chain nor today's prices, policy or lots."""
    inputs, stored = revive_decision(row)
    replayed = decide(inputs)
    differences = [
        field.name
        for field in fields(Decision)
        if getattr(stored, field.name) != getattr(replayed, field.name)
    ]
    if policy_hash(inputs.policy) != inputs.policy_hash:
        differences.append("inputs.policy")
    replayed_digest = decision_digest(inputs=inputs, decision=replayed)
    if replayed_digest != row.digest and not differences:
        differences.append("inputs")
    return Replay(row.digest, replayed_digest, tuple(differences))


def forced_costs(decision_ids: Iterable[int]) -> dict[int, ForcedCost]:
    """What a rebalance would take at each evaluation's own block, prices and lots: the engine is
    asked again with a forced trigger. Pure: nothing is stored, no chain is read. Without those
    whose inputs somebody changed so that they cannot be read."""
    found = {}
    for row in DecisionRow.objects.filter(pk__in=list(decision_ids)).only("inputs"):
        try:
            inputs = revive(DecisionInputs, json.loads(row.inputs))
        except READING_ERRORS:
            continue
        decision = decide(replace(inputs, forced_reason="what a rebalance would cost"))
        found[row.pk] = ForcedCost(
            outcome=decision.outcome,
            cost_usd=sum((trade.cost.total_usd for trade in decision.trades), Decimal(0)),
            value_usd=sum((trade.value_usd for trade in decision.trades), Decimal(0)),
            trades=len(decision.trades),
            skipped=decision.skipped,
            reason=decision.trigger.reason,
        )
    return found


@dataclass(frozen=True, slots=True)
class ForcedCost:
    """Estimated cost of the trades that a forced evaluation would make, before any quote. Without
    trades `outcome`, `reason` and `skipped` say why there are none."""

    outcome: Outcome
    cost_usd: Decimal
    value_usd: Decimal
    trades: int
    skipped: tuple[SkippedTrade, ...]
    reason: str


def evaluations(*, tier_id: int, limit: int) -> list[DecisionRow]:
    """The tier's latest evaluations, newest first, fired or not (T6); without their inputs."""
    rows = DecisionRow.objects.filter(tier_id=tier_id).select_related("snapshot", "policy_version")
    return list(rows.defer("inputs").order_by("-id")[:limit])


def decision_by_public_id(public_id: str) -> DecisionRow:
    return DecisionRow.objects.get(public_id=public_id)
