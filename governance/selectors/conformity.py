"""Every check of a proposal, from what is stored (RS-4): what a signer is told, and what stops a
signature, a hand-over and a submission.

Nothing is cached and no stored hash is believed: fields, digests, policy and calls are computed
again on each call. It reads; freezing is a service's act (`governance.services.guarding`). Not
done: nothing is asked of the chain, so the chain's nonce, code and simulation of this minute are
not known here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from execution.core.decoding import DecodedBatch, DecodedCall
from execution.core.planning import trade_of
from execution.core.types import ExecutionPlan, Rule, Violation
from execution.selectors.conformity import PlanFindings, plan_findings
from governance.core.conformity import (
    Check,
    Status,
    Subject,
    checks_of,
    in_order,
    look_alikes,
    one_each,
)
from governance.core.lifecycle import OPEN, ProposalState
from governance.core.routing import is_blocked, worst
from governance.models import Proposal
from governance.selectors.surroundings import Surroundings, surroundings, two_people_approved
from treasury.core.amounts import share_bps
from treasury.core.decisions import DecisionInputs, decision_digest
from treasury.core.lots import gone_lots
from treasury.core.types import Address
from treasury.engine.lots.choice import uncovered
from treasury.selectors.decisions import revive_decision

STALE_SIMULATION_SECONDS = 3_600


@dataclass(frozen=True, slots=True)
class Found:
    """The violations of hard rules, and what they were found in."""

    violations: tuple[Violation, ...]
    findings: PlanFindings | None


def findings(proposal: Proposal, around: Surroundings | None = None) -> Found:
    """Which hard rules what is stored breaks; empty for a sound one. Without a plan there is
    nothing to sign, and nothing to judge."""
    if proposal.plan is None:
        return Found((), None)
    if proposal.plan.tier_id == proposal.tier_id:
        proposal.plan.tier = proposal.tier  # the same row, already read
    found = plan_findings(
        proposal.plan,
        around.view if around else None,
        around.transactions if around else None,
    )
    violations = (*_policy(proposal, around), *_reasons(proposal), *_times(proposal, found.plan))
    return Found(tuple(dict.fromkeys((*found.violations, *violations))), found)


def conformity(
    proposal: Proposal, *, now: int | None = None, around: Surroundings | None = None
) -> tuple[Check, ...]:
    """All checks, in reading order. `proposal` as `proposal_by_id` gives it; `now` is block time,
    for what ages (None: the block at which it was proposed). One query, and six more when
    `around` is None."""
    if proposal.plan is None:
        return ()
    around = around or surroundings(proposal)
    found = findings(proposal, around)
    if found.findings is None:
        return ()
    at = proposal.triggered_at if now is None else now
    inputs, batch = found.findings.inputs, found.findings.batch
    checks = [
        *checks_of(found.violations, _evidence(proposal, found.findings)),
        _configuration(proposal, around),
        _simulation(proposal, at),
        _halts(proposal, around),
        _nonce(proposal, around),
        _notices(proposal, around, at),
        _look_alike(batch, inputs, found.findings.plan),
    ]
    if inputs is not None:
        checks += [_prices(inputs, found.findings.plan), _limits(proposal, inputs)]
    if found.findings.plan is not None:
        checks.append(_lots(proposal, found.findings.plan, around))
    return in_order(one_each(checks))


# ------------------------------------------------------------------------------------ hard rules
def _policy(proposal: Proposal, around: Surroundings | None) -> tuple[Violation, ...]:
    """The proposal's hash, the version's hash and the hash of the version's text are one, and it
    is the policy that the decision was made by."""
    version, found = proposal.policy_version, []
    computed = sha256(version.document.encode()).hexdigest()
    if computed != version.document_hash:
        text = f"policy version {version.number} was changed: its text has the hash {computed}"
        found.append(Violation(Rule.POLICY, text))
    if proposal.policy_hash != computed:
        text = f"the proposal names policy {proposal.policy_hash}, the version is {computed}"
        found.append(Violation(Rule.POLICY, text))
    approved = around.is_policy_approved if around else two_people_approved(version.pk).exists()
    if not approved:
        text = f"policy version {version.number} was not approved by another person than its author"
        found.append(Violation(Rule.POLICY, text))
    if proposal.decision.policy_version_id != proposal.policy_version_id:
        found.append(Violation(Rule.POLICY, "the decision was made by another policy version"))
    return tuple(found)


def _reasons(proposal: Proposal) -> tuple[Violation, ...]:
    """The signed evidence names this policy and this decision, and the decision is as it was."""
    plan, row, found = proposal.plan, proposal.decision, []
    if plan is None:
        return ()
    try:
        reasons = json.loads(plan.evidence)["reasons"]
        named = (reasons["policy"]["hash"], reasons["decision"])
        inputs, decision = revive_decision(row)
    except (KeyError, TypeError, ValueError) as unreadable:
        return (Violation(Rule.EVIDENCE, f"the reasons cannot be read: {unreadable}"),)
    if named[0] != proposal.policy_hash or inputs.policy_hash != proposal.policy_hash:
        found.append(Violation(Rule.POLICY, "the signed evidence names another policy"))
    computed = decision_digest(inputs=inputs, decision=decision)
    if not named[1] == row.digest == computed:
        found.append(Violation(Rule.EVIDENCE, "the signed evidence names another decision"))
    if plan.decision_id != row.pk or plan.tier_id != proposal.tier_id:
        found.append(Violation(Rule.PLAN, "the plan was made for another decision"))
    return tuple(found)


def _times(proposal: Proposal, plan: ExecutionPlan | None) -> tuple[Violation, ...]:
    if plan is None or plan.expires_at == proposal.expires_at:
        return ()
    return (Violation(Rule.DEADLINE, "the proposal's deadline is not that of its plan"),)


# ------------------------------------------------------------------------------------ evidence
def _evidence(proposal: Proposal, found: PlanFindings) -> dict[Subject, str]:
    signed, plan, batch = proposal.safe_transaction, proposal.plan, found.batch
    told = {
        Subject.POLICY: f"sha256 {proposal.policy_hash}",
        Subject.HASH: signed.safe_tx_hash if signed else f"plan {plan.digest if plan else '-'}",
        Subject.GAS: "safeTxGas, baseGas, gasPrice, gasToken, refundReceiver are 0",
    }
    if batch is not None:
        calls = list(_flat(batch.calls))
        told[Subject.TARGETS] = ", ".join(dict.fromkeys(call.call.to for call in calls))
        told[Subject.FRAME] = f"until {batch.expires_at}, evidence 0x{batch.evidence_digest}"
        told[Subject.NESTING] = ", ".join(c.call.to for c in batch.calls if c.inner) or "none"
        told[Subject.OPERATION] = f"{len(calls)} calls"
        approvals = sum(call.call.purpose == "approve" for call in calls)
        told[Subject.ALLOWANCES] = f"{approvals} approve calls"
    if found.plan is not None:
        told[Subject.MINIMUM] = "; ".join(
            f"leg {leg.index}: at least {leg.min_buy_units} of {leg.expected_buy_units} units"
            for leg in found.plan.legs
        )
    return told


def _flat(calls: Iterable[DecodedCall]) -> Iterable[DecodedCall]:
    for call in calls:
        yield call
        yield from _flat(call.inner)


# ------------------------------------------------------------------------------------ soft checks
def _simulation(proposal: Proposal, now: int) -> Check:
    told = proposal.plan.simulation if proposal.plan else {}
    block = told.get("block", {})
    age = max(now - int(block.get("timestamp", 0)), 0)
    evidence = f"block {block.get('number')}, {age} s ago, {told.get('gas_used')} gas"
    if not told.get("ok"):
        text = f"The simulation failed: {told.get('error', '')}"
        return Check(Subject.SIMULATION, Status.FAIL, text, evidence)
    if age > STALE_SIMULATION_SECONDS:
        text = "The stored simulation is old; it is simulated again before anything is sent."
        return Check(Subject.SIMULATION, Status.WARN, text, evidence)
    return Check(Subject.SIMULATION, Status.PASS, "It does what its legs say.", evidence)


def _configuration(proposal: Proposal, around: Surroundings) -> Check:
    """The Safes that act for the proposal's tier, as found at the latest look, beside the pins."""
    tier = proposal.tier
    rows = [row for row in around.safes_seen if row.kind != "TIER" or row.safe_id == tier.safe_id]
    evidence = "; ".join(
        f"{row.name} Safe as pinned at block {row.block_number}: "
        f"{row.configuration['threshold']} of {len(row.configuration['owners'])}"
        for row in rows
        if not row.changes
    )
    differing = [
        f"{row.name} Safe at block {row.block_number}: {change}"
        for row in rows
        for change in row.changes
    ]
    if differing:
        text = f"Not as two people accepted it: {differing[0]}."
        return Check(Subject.CONFIGURATION, Status.FAIL, text, "; ".join(differing)[:600])
    if tier.safe_id not in {row.safe_id for row in rows}:
        text = "The Safes were not looked at yet."
        return Check(Subject.CONFIGURATION, Status.WARN, text, "no look on record")
    text = "Every Safe that acts here is set up as it was accepted."
    return Check(Subject.CONFIGURATION, Status.PASS, text, evidence)


def _halts(proposal: Proposal, around: Surroundings) -> Check:
    found = around.halts
    evidence = "; ".join(f"{n.breaker} on {n.scope}: {n.reason}" for n in found)
    if is_blocked(proposal.route, worst(tuple(notice.level for notice in found))):
        text = "A halt forbids to go on; two people have to close it."
        return Check(Subject.HALTS, Status.FAIL, text, evidence)
    if found:
        return Check(Subject.HALTS, Status.WARN, "A halt is open, but not for this.", evidence)
    return Check(Subject.HALTS, Status.PASS, "Nothing is halted.", "none open")


def _nonce(proposal: Proposal, around: Surroundings) -> Check:
    signed = proposal.safe_transaction
    if signed is None:
        text = "It takes a nonce when signatures are asked for, or needs none."
        return Check(Subject.NONCE, Status.PASS, text, "no nonce yet")
    rivals = [slot for slot in around.slots if slot.nonce == signed.nonce and slot.id != signed.pk]
    before = [slot for slot in around.slots if slot.nonce < signed.nonce]
    evidence = f"nonce {signed.nonce}, {len(before)} before it, {len(rivals)} other at it"
    if any(row.is_signed for row in rivals):
        text = "Another transaction with signatures has this nonce: only one can be executed."
        return Check(Subject.NONCE, Status.WARN, text, evidence)
    if before:
        text = f"It waits for {len(before)} earlier transactions of this Safe."
        return Check(Subject.NONCE, Status.PASS, text, evidence)
    return Check(Subject.NONCE, Status.PASS, "Nothing of ours stands before it.", evidence)


def _notices(proposal: Proposal, around: Surroundings, now: int) -> Check:
    """Of the treasury or any asset of the tier, for what is left of the proposal's time."""
    own = around.assets_of_tier
    titles = sorted(
        {
            found.notice.title
            for found in around.announcements
            if found.concerns(own)
            and found.notice.ends_at > now
            and found.notice.starts_at < proposal.expires_at
        }
    )
    if not titles:
        return Check(Subject.NOTICES, Status.PASS, "Nothing is announced for its time.", "none")
    text = f"Announced for its time: {titles[0]}."
    return Check(Subject.NOTICES, Status.WARN, text, "; ".join(titles))


def _look_alike(
    batch: DecodedBatch | None, inputs: DecisionInputs | None, plan: ExecutionPlan | None
) -> Check:
    """Addresses in the bytes against those the plan and the tier know."""
    used = {a for call in _flat(batch.calls if batch else ()) for a in _addresses(call)}
    known = {h.asset for h in inputs.portfolio.holdings} if inputs else set()
    if plan is not None:
        known |= {plan.main_safe, plan.acting_safe}
    pairs = look_alikes(used, known | used)
    if not pairs:
        text = "No address resembles another one."
        return Check(Subject.LOOK_ALIKE, Status.PASS, text, f"{len(used)} addresses")
    text = f"{pairs[0][0]} resembles {pairs[0][1]}."
    return Check(Subject.LOOK_ALIKE, Status.WARN, text, "; ".join(f"{a} ~ {b}" for a, b in pairs))


def _addresses(call: DecodedCall) -> Iterable[str]:
    yield call.call.to
    for _, value in call.arguments:
        if value.startswith("0x") and len(value) == len(call.call.to):
            yield value


def _prices(inputs: DecisionInputs, plan: ExecutionPlan | None) -> Check:
    traded: set[Address] = set()
    for leg in plan.legs if plan else ():
        traded |= {leg.sell, leg.buy}
    gaps = [gap for gap in inputs.price_gaps if gap.asset in traded]
    rules = inputs.policy.prices
    evidence = (
        f"block {inputs.portfolio.block.number}: at least {rules.min_sources} sources within "
        f"{rules.max_deviation_bps} bps"
    )
    if gaps:
        text = f"No usable price for {gaps[0].asset}: {gaps[0].reason}."
        return Check(Subject.PRICES, Status.FAIL, text, evidence)
    text = "Enough sources agreed on every price when it was decided."
    return Check(Subject.PRICES, Status.PASS, text, evidence)


def _limits(proposal: Proposal, inputs: DecisionInputs) -> Check:
    policy = inputs.policy
    cost_bps = share_bps(part=proposal.estimated_cost_usd, whole=proposal.value_usd)
    turnover = inputs.turnover_in_window_usd + proposal.value_usd
    evidence = (
        f"cost {cost_bps:.1f} of {policy.cost_cap_bps} bps; value {proposal.value_usd:.2f} USD; "
        f"turnover {turnover:.2f} of {policy.max_turnover_usd:.2f} USD"
    )
    if cost_bps > policy.cost_cap_bps:
        text = "It costs more than the policy's cap."
    elif turnover > policy.max_turnover_usd:
        text = "It turns over more than the policy allows."
    elif proposal.value_usd < policy.min_trade_usd and proposal.state in OPEN:
        text = "It moves less than the policy's smallest trade."
    else:
        return Check(Subject.LIMITS, Status.PASS, "Inside the policy's limits.", evidence)
    return Check(Subject.LIMITS, Status.WARN, text, evidence)


def _lots(proposal: Proposal, plan: ExecutionPlan, around: Surroundings) -> Check:
    """Until it is handed over (then it uses them itself): are the frozen lots still there? And does
    every unit sold have one?"""
    frozen = [lot for leg in plan.legs for lot in leg.lots]
    evidence = (
        f"{len(frozen)} slices frozen in the legs: {', '.join(lot.lot_ref for lot in frozen)}"
    )
    waits = proposal.state in OPEN and proposal.state != ProposalState.HANDED_OVER
    gone = gone_lots(frozen=frozen, units_left=around.lots_left) if waits else ()
    if gone:
        text = f"Lot {gone[0].lot_ref} was used by another entry: it has to be proposed again."
        return Check(Subject.LOTS, Status.FAIL, text, evidence[:600])
    rest = uncovered([trade_of(leg) for leg in plan.legs])
    unknown = [
        leg.index + 1 for leg, left in zip(plan.legs, rest, strict=True) if left.unknown_units
    ]
    if unknown:
        text = f"Cost basis incomplete: leg {unknown[0]} sells units whose cost nobody knows."
        return Check(Subject.LOTS, Status.WARN, text, evidence[:600])
    text = "Every unit that is sold has its lot, and no other entry has used it."
    if not waits:
        text = "Every unit that is sold had its lot when it was proposed."
    return Check(Subject.LOTS, Status.PASS, text, evidence[:600])
