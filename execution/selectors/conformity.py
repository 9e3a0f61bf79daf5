"""Whether what is stored of a plan is still what was made, and keeps the treasury's rules (RS-4).

Everything is computed again from the stored bytes on each call; nothing is cached. Reads the
database only, so that a page, a signature and a submission can ask alike. Six queries.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

from execution.adapters.venues import registry
from execution.core import planning
from execution.core.abi import UndecodableCallError
from execution.core.conformity import (
    Judgement,
    RoleOfSafe,
    Rulebook,
    Worth,
    gas_violations,
    judge,
    judge_role_call,
)
from execution.core.decoding import BatchDecoder, DecodedBatch
from execution.core.safe_tx import safe_tx_hash
from execution.core.slippage import minimum_out
from execution.core.types import (
    ExecutionPlan,
    LegKind,
    Market,
    Operation,
    Rule,
    SafeTxFields,
    Violation,
)
from execution.models import Plan, SafeTransaction, TradingPair
from execution.selectors.markets import market_of
from execution.selectors.plans import decision_inputs, decoder_for, fields_of, plan_value
from execution.selectors.transactions import safe_transactions
from execution.selectors.treasuries import TreasuryView, treasury_view
from treasury.core import canonical
from treasury.core.decisions import DecisionInputs
from treasury.core.policies import TierPolicy
from treasury.core.policy_documents import policy_hash
from treasury.core.revival import RevivalError
from treasury.core.types import Address, Holding

if TYPE_CHECKING:
    from treasury.models import Tier

EXACT = frozenset({LegKind.TRANSFER})


@dataclass(frozen=True, slots=True)
class PlanFindings:
    """`plan`, `inputs` and `batch` are None where the stored text or bytes cannot be read."""

    violations: tuple[Violation, ...]
    plan: ExecutionPlan | None
    inputs: DecisionInputs | None
    batch: DecodedBatch | None


def plan_findings(
    row: Plan,
    view: TreasuryView | None = None,
    transactions: Sequence[SafeTransaction] | None = None,
) -> PlanFindings:
    """`row` with its decision and tier (`plan_by_id`). `transactions` are all of its Safe
    transactions as `safe_transactions` gives them; they are looked up when None."""
    try:
        plan, inputs = plan_value(row), decision_inputs(row.decision)
    except (RevivalError, ValueError) as unreadable:
        return PlanFindings((Violation(Rule.PLAN, str(unreadable)),), None, None, None)
    view = view or treasury_view(row.tier)
    book = rulebook(
        view,
        tiers=[row.tier],
        policy=inputs.policy,
        holdings=inputs.portfolio.holdings,
        latest_deadline=inputs.policy.expires_at(inputs.now),
    )
    if transactions is None:
        transactions = list(safe_transactions(plan_id=row.pk))
    judged = _judged(plan, transactions, view, book)
    found = (
        *_document(row, plan, view),
        *_evidence(row, plan, judged.batch),
        *_policy(inputs),
        *_minimums(plan, inputs.policy),
        *(violation for stored in transactions for violation in _stored(stored, plan)),
        *judged.violations,
    )
    return PlanFindings(tuple(dict.fromkeys(found)), plan, inputs, judged.batch)


def rulebook(
    view: TreasuryView,
    *,
    tiers: Iterable[Tier],
    policy: TierPolicy,
    holdings: Iterable[Holding],
    latest_deadline: int | None,
) -> Rulebook:
    """The treasury's rules with one tier's policy. `tiers` are those whose roles may be used."""
    rows = TradingPair.objects.filter(treasury_id=view.id).select_related("base", "quote")
    markets: list[Market] = [market_of(row) for row in rows.order_by("id")]
    return Rulebook(
        chain_id=view.chain_id,
        main_safe=view.main_safe,
        own_safes=view.own_safes,
        assets=frozenset(view.assets),
        roles={
            Address(tier.safe.modifier_address): RoleOfSafe(
                Address(tier.safe.address), tier.role_key, Address(tier.member_address)
            )
            for tier in tiers
            if tier.safe.modifier_address and tier.member_address
        },
        read_deal=partial(registry.read_deal, markets=markets),
        worth={h.asset: Worth(h.decimals, h.price_usd) for h in holdings if h.price_usd},
        max_loss_bps=policy.max_slippage_bps + policy.cost_cap_bps,
        latest_deadline=latest_deadline,
        max_hops=policy.routing.max_hops,
    )


@dataclass(frozen=True, slots=True)
class TierTerms:
    """What one tier allows now: its policy in force, and what its assets are worth."""

    tier: Tier
    policy: TierPolicy
    holdings: tuple[Holding, ...]


def judge_foreign(fields: SafeTxFields, *, terms: Sequence[TierTerms], now: int) -> Judgement:
    """Ten fields of which we know nothing but the bytes, by the rules of the tier in whose Safe
    they act, at the prices of now. `terms` are those of every tier of the treasury."""
    view = treasury_view(terms[0].tier)
    decoder = decoder_for(view)
    acting = _acting_in(fields, decoder, view, terms)
    chosen = next((one for one in terms if one.tier.safe.address == acting), terms[0])
    book = rulebook(
        view,
        tiers=[one.tier for one in terms],
        policy=chosen.policy,
        holdings=[holding for one in terms for holding in one.holdings],
        latest_deadline=chosen.policy.expires_at(now),
    )
    return judge(fields, decoder, book)


def _acting_in(
    fields: SafeTxFields, decoder: BatchDecoder, view: TreasuryView, terms: Sequence[TierTerms]
) -> str:
    if fields.operation is Operation.CALL:
        by_modifier = {one.tier.safe.modifier_address: one.tier.safe.address for one in terms}
        return by_modifier.get(fields.to, fields.safe)
    try:
        calls = decoder.safe_transaction(fields).calls
    except UndecodableCallError:
        return fields.safe
    return next((call.call.to for call in calls if call.inner), fields.safe)


def _judged(
    plan: ExecutionPlan, signed: Sequence[SafeTransaction], view: TreasuryView, book: Rulebook
) -> Judgement:
    """The bytes that owners sign; before there are any, those that the plan would give them."""
    decoder = decoder_for(view)
    if planning.signing_safe(plan) is None:
        return judge_role_call(
            planning.role_target(plan),
            planning.role_call(plan),
            plan.member or view.executor,
            decoder,
            book,
        )
    roots = [row for row in signed if row.parent_id is None and row.rejects_id is None]
    if not roots:
        return judge(planning.safe_tx_fields(plan, 0), decoder, book)
    return judge(fields_of(roots[-1]), decoder, book)


# ------------------------------------------------------------------------------------ stored fields
def _stored(row: SafeTransaction, plan: ExecutionPlan) -> tuple[Violation, ...]:
    """The ten fields against the stored hash and against the plan."""
    found = list(
        gas_violations(
            safe_tx_gas=int(row.safe_tx_gas),
            base_gas=int(row.base_gas),
            gas_price=int(row.gas_price),
            gas_token=row.gas_token,
            refund_receiver=row.refund_receiver,
        )
    )
    try:
        fields = fields_of(row)
    except ValueError as unreadable:
        return (*found, Violation(Rule.FIELDS, f"{row.public_id}: {unreadable}"))
    if safe_tx_hash(fields) != row.safe_tx_hash:
        text = f"{row.public_id}: the fields hash to {safe_tx_hash(fields)}, not to what is stored"
        found.append(Violation(Rule.HASH, text))
    if row.rejects_id is not None:
        if fields != planning.rejection_fields(fields):
            found.append(Violation(Rule.FIELDS, f"{row.public_id}: a rejection that does more"))
        return tuple(found)
    make = planning.safe_tx_fields if row.parent_id is None else planning.nested_fields
    if fields != make(plan, row.nonce):
        found.append(Violation(Rule.FIELDS, f"{row.public_id}: the fields are not the plan's"))
    return tuple(found)


def _document(row: Plan, plan: ExecutionPlan, view: TreasuryView) -> tuple[Violation, ...]:
    found = []
    if planning.plan_digest(plan) != row.digest:
        found.append(Violation(Rule.PLAN, "the plan's digest is not that of its text"))
    if (plan.expires_at, plan.mechanism) != (row.expires_at, row.mechanism):
        found.append(Violation(Rule.PLAN, "deadline or mechanism differ from the plan's text"))
    try:
        planning.check_plan(plan, view.own_safes)
    except planning.PlanError as broken:
        found.append(Violation(Rule.PLAN, str(broken)))
    return tuple(found)


def _evidence(row: Plan, plan: ExecutionPlan, batch: DecodedBatch | None) -> tuple[Violation, ...]:
    """The digest in the batch is that of the stored reasons, and they tell of these legs."""
    found = []
    computed = sha256(row.evidence.encode()).hexdigest()
    if not computed == row.evidence_digest == plan.evidence_digest:
        found.append(Violation(Rule.EVIDENCE, "the evidence's digest is not that of its text"))
    if batch is not None and batch.evidence_digest != computed:
        found.append(Violation(Rule.EVIDENCE, "the batch carries another evidence digest"))
    try:
        covers = json.loads(row.evidence)
    except ValueError:
        return (*found, Violation(Rule.EVIDENCE, "the evidence is no JSON"))
    if not isinstance(covers, dict) or covers.get("legs") != canonical.plain(list(plan.legs)):
        found.append(Violation(Rule.EVIDENCE, "the evidence tells of other legs"))
    return tuple(found)


def _policy(inputs: DecisionInputs) -> tuple[Violation, ...]:
    if policy_hash(inputs.policy) == inputs.policy_hash:
        return ()
    return (Violation(Rule.POLICY, "the policy that was decided by has another hash"),)


def _minimums(plan: ExecutionPlan, policy: TierPolicy) -> tuple[Violation, ...]:
    """Each leg's minimum as the policy's tolerance makes it from the quote, never less."""
    return tuple(
        Violation(
            Rule.MINIMUM,
            f"leg {leg.index} accepts {leg.min_buy_units} units, less than "
            f"{policy.max_slippage_bps} bps of tolerance allow",
        )
        for leg in plan.legs
        if leg.kind not in EXACT
        and leg.expected_buy_units > 0
        and leg.min_buy_units
        < minimum_out(quoted_units=leg.expected_buy_units, max_slippage_bps=policy.max_slippage_bps)
    )
