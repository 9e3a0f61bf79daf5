"""Stored plans as values again, and their batches explained from the bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from execution.adapters.venues import registry
from execution.core.decoding import BatchDecoder, DecodedBatch
from execution.core.planning import role_call, safe_tx_fields, signing_safe
from execution.core.types import ExecutionPlan, Mechanism, Operation, SafeTxFields
from execution.models import Plan, SafeTransaction
from execution.selectors.treasuries import TreasuryView, treasury_view
from treasury.core.decisions import DecisionInputs
from treasury.core.revival import revive
from treasury.core.types import Address

if TYPE_CHECKING:
    from treasury.models import Decision


def plan_by_id(plan_id: int) -> Plan:
    return Plan.objects.select_related("tier__treasury", "tier__safe", "decision").get(id=plan_id)


def plan_value(row: Plan) -> ExecutionPlan:
    return revive(ExecutionPlan, json.loads(row.document))


def decision_inputs(row: Decision) -> DecisionInputs:
    return revive(DecisionInputs, json.loads(row.inputs))


def fields_of(row: SafeTransaction) -> SafeTxFields:
    """The ten fields as they were stored before anybody could sign."""
    return SafeTxFields(
        chain_id=row.chain_id,
        safe=Address(row.safe.address),
        to=Address(row.to),
        value=row.value,
        data=bytes(row.data),
        operation=Operation(row.operation),
        nonce=row.nonce,
    )


def decoder_for(view: TreasuryView) -> BatchDecoder:
    return BatchDecoder(registry.functions(), main_safe=view.main_safe, tier_safes=view.tier_safes)


def decode_plan(row: Plan) -> DecodedBatch:
    """What the plan's bytes do, as people are shown it. Raises UndecodableCallError."""
    return decode_with(treasury_view(row.tier), plan_value(row), None)


def decode_with(
    view: TreasuryView, plan: ExecutionPlan, signed: SafeTransaction | None
) -> DecodedBatch:
    """The same with everything at hand; from the ten fields once there are any."""
    decoder = decoder_for(view)
    if signed is not None:
        return decoder.safe_transaction(fields_of(signed))
    if plan.mechanism is Mechanism.ROLES and signing_safe(plan) is None:
        return decoder.role_call(role_call(plan))
    return decoder.safe_transaction(safe_tx_fields(plan, 0))


def decode_safe_transaction(row: SafeTransaction) -> DecodedBatch:
    """The same from the ten fields that owners sign."""
    return decoder_for(treasury_view(row.plan.tier)).safe_transaction(fields_of(row))
