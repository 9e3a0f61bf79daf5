"""The proposal page as one value. Asks nothing of the chain: the fresh simulation is handed in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from execution.core.lifecycle import TransactionState
from execution.core.types import Simulation
from governance.core.conformity import Check, Status, Subject
from governance.core.following.progress import Step
from governance.core.following.proposing import proposal_steps
from governance.core.lifecycle import OPEN, ProposalState
from governance.core.recommendation import (
    Finding,
    Recommendation,
    Verdict,
    Weight,
    recommend,
)
from governance.core.scrutiny import Flag, Severity
from governance.models import Proposal, Route
from governance.selectors.dossiers import Dossier
from governance.selectors.pages.proposal.alternative import OtherList, other_list
from governance.selectors.pages.proposal.outlook import (
    BalanceLine,
    LegLine,
    LotLine,
    RuleLine,
    SkippedLine,
    UncoveredLine,
    balance_lines,
    case_of,
    cost_lines,
    leg_lines,
    lot_lines,
    on_silence,
    rule_lines,
    skipped_lines,
    trigger_line,
    uncovered_lines,
    worst_loss_usd,
)
from governance.selectors.pages.proposal.proof import CallLine, Proof, call_lines, proof
from governance.selectors.pages.proposal.ways import Ways, ways_of
from governance.selectors.proposals import needs_safe_transaction

SIMULATION_AGE_MAX_SECONDS: Final = 600
"""Nobody signs on an older picture than this."""
TONES: Final = {
    Verdict.APPROVE: ("good", "✓"),
    Verdict.LOOK_CLOSER: ("warn", "!"),
    Verdict.DO_NOT_SIGN: ("bad", "✕"),
}
SAME: Final = {
    "notice_in_window": Subject.NOTICES,
    "lookalike_address": Subject.LOOK_ALIKE,
    "nonce_gap": Subject.NONCE,
    "cost_over_cap": Subject.LIMITS,
    "halted": Subject.HALTS,
    "halt_open": Subject.HALTS,
    "simulation_fails": Subject.SIMULATION,
    "simulation_worse": Subject.SIMULATION,
}
"""Flags that say of a check's subject what the check says too: told once."""


@dataclass(frozen=True, slots=True)
class Picture:
    """The simulation that the page shows. `is_fresh` when it ran at the newest block now."""

    simulation: Simulation
    is_fresh: bool
    age_seconds: int
    worse_bps: int | None


@dataclass(frozen=True, slots=True)
class Control:
    """Who lets it pass, and whether the chain asks them too."""

    title: str
    text: str
    is_enforced: bool
    worst_loss_usd: Decimal | None
    period_seconds: int


@dataclass(frozen=True, slots=True)
class Sheet:
    proposal: Proposal
    recommendation: Recommendation
    picture: Picture
    balances: tuple[BalanceLine, ...]
    legs: tuple[LegLine, ...]
    checks: tuple[Check, ...]
    flags: tuple[Flag, ...]
    blockers: tuple[str, ...]
    costs: tuple[tuple[str, Decimal], ...]
    ways: Ways
    cost_bps: Decimal
    cost_cap_bps: int
    lots: tuple[LotLine, ...]
    uncovered: tuple[UncoveredLine, ...]
    trigger: tuple[str, str, str]
    rules: tuple[RuleLine, ...]
    skipped: tuple[SkippedLine, ...]
    other: OtherList | None
    calls: tuple[CallLine, ...]
    undecodable: str
    proof: Proof
    control: Control
    method: str
    recipients: tuple[str, ...]
    snapshot_block: int
    seconds_left: int

    @property
    def gain_usd(self) -> Decimal:
        """Of what has a lot."""
        return sum((lot.gain_usd for lot in self.lots), Decimal(0))

    @property
    def is_cost_basis_complete(self) -> bool:
        return not any(line.is_unknown for line in self.uncovered)

    @property
    def tone(self) -> str:
        return TONES[self.recommendation.verdict][0]

    @property
    def icon(self) -> str:
        return TONES[self.recommendation.verdict][1]

    @property
    def is_open(self) -> bool:
        return self.proposal.state in OPEN


def sheet(
    found: Dossier,
    *,
    checks: Sequence[Check],
    flags: Sequence[Flag],
    fresh: tuple[Simulation, int | None] | None,
    now: int,
) -> Sheet:
    """`fresh` is the simulation of the newest block with how much worse it is; None when there is
    nothing to decide any more, or no node: then the stored one is shown with its age."""
    picture = _picture(found, fresh, now)
    judged = tuple(_with_fresh(check, picture) for check in checks)
    case = case_of(found, now=now, findings=_findings(judged, flags))
    return Sheet(
        proposal=found.proposal,
        recommendation=recommend(case, on_silence=on_silence(found)),
        picture=picture,
        balances=balance_lines(found, picture.simulation),
        legs=leg_lines(found),
        checks=judged,
        flags=tuple(flags),
        blockers=_blockers(found, judged, picture, now),
        costs=cost_lines(found),
        ways=ways_of(found),
        cost_bps=found.cost_bps,
        cost_cap_bps=found.policy.cost_cap_bps,
        lots=lot_lines(found),
        uncovered=uncovered_lines(found),
        trigger=trigger_line(found),
        rules=rule_lines(found),
        skipped=skipped_lines(found),
        other=other_list(found),
        calls=call_lines(found),
        undecodable=found.undecodable,
        proof=proof(found),
        control=_control(found),
        method=found.policy.lot_method.value,
        recipients=_recipients(found),
        snapshot_block=found.inputs.portfolio.block.number,
        seconds_left=found.proposal.expires_at - now,
    )


def _recipients(found: Dossier) -> tuple[str, ...]:
    """Named, or the whole address: who receives what is bought."""
    addresses = dict.fromkeys(leg.recipient for leg in found.plan.legs)
    return tuple(f"the {found.labels[a]} ({a})" if a in found.labels else a for a in addresses)


def steps_of(proposal: Proposal) -> tuple[Step, ...]:
    row = proposal.transaction
    return proposal_steps(
        ProposalState(proposal.state),
        outcome=proposal.outcome,
        transaction=TransactionState(row.state) if row else None,
        frozen_from=ProposalState(proposal.frozen_from) if proposal.frozen_from else None,
    )


def _picture(found: Dossier, fresh: tuple[Simulation, int | None] | None, now: int) -> Picture:
    if fresh is not None:
        return Picture(fresh[0], is_fresh=True, age_seconds=0, worse_bps=fresh[1])
    stored = found.stored_simulation
    return Picture(stored, False, max(now - stored.block.timestamp, 0), None)


def _with_fresh(check: Check, picture: Picture) -> Check:
    """The check of the stored simulation gives way to the one of this minute."""
    if check.name is not Subject.SIMULATION or not picture.is_fresh:
        return check
    simulation = picture.simulation
    evidence = f"block {simulation.block.number}, {simulation.gas_used:,} gas"
    if not simulation.ok:
        text = f"At the newest block it fails: {simulation.error}"
        return Check(check.name, Status.FAIL, text, evidence)
    text = "Run at the newest block it does what its legs say."
    if picture.worse_bps:
        text += f" It brings {picture.worse_bps} bp less than planned."
    return Check(check.name, Status.PASS, text, evidence)


def _findings(checks: Sequence[Check], flags: Sequence[Flag]) -> tuple[Finding, ...]:
    flagged = {SAME[flag.name] for flag in flags if flag.name in SAME}
    found = [
        Finding(Weight.FORBIDS, f"{check.name}: {check.text}")
        for check in checks
        if check.status is Status.FAIL
    ]
    found += [
        Finding(Weight.WARNING, f"{flag.title}. {flag.text}")
        for flag in flags
        if flag.severity is not Severity.INFO and not _is_told(flag, checks)
    ]
    found += [
        Finding(Weight.WARNING, f"{check.name}: {check.text}")
        for check in checks
        if check.status is Status.WARN and check.name not in flagged
    ]
    return tuple(found)


def _is_told(flag: Flag, checks: Sequence[Check]) -> bool:
    failed = {check.name for check in checks if check.status is Status.FAIL}
    return SAME.get(flag.name) in failed


def _blockers(
    found: Dossier, checks: Sequence[Check], picture: Picture, now: int
) -> tuple[str, ...]:
    """Why nobody should sign now, however much they acknowledge."""
    if found.proposal.state not in OPEN:
        return ()
    failed = [f"{check.name}: {check.text}" for check in checks if check.status is Status.FAIL]
    return (*_late(found, now), *failed, *_outdated(found, picture))


def overtaken(
    found: Dossier, *, fresh: tuple[Simulation, int | None] | None, now: int
) -> tuple[str, ...]:
    """What the chain says of it this minute that forbids a signature whatever was acknowledged:
    `blockers` without those of the stored checks, which the guard judges by itself. `fresh` as for
    `sheet`."""
    picture = _picture(found, fresh, now)
    fails = picture.is_fresh and not picture.simulation.ok
    said = [f"At the newest block it fails: {picture.simulation.error}"] if fails else []
    return (*_late(found, now), *said, *_outdated(found, picture))


def _late(found: Dossier, now: int) -> tuple[str, ...]:
    if now < found.proposal.expires_at:
        return ()
    return ("Its deadline has passed: it reverts whoever sends it.",)


def _outdated(found: Dossier, picture: Picture) -> Iterator[str]:
    if not picture.is_fresh and picture.age_seconds > SIMULATION_AGE_MAX_SECONDS:
        minutes = picture.age_seconds // 60
        yield f"No node simulates it now, and the last picture is {minutes} min old."
    worse = picture.worse_bps or 0
    if worse and found.cost_bps + worse > found.policy.cost_cap_bps:
        yield f"It brings {worse} bp less than planned: with its cost that is over the cap."


def _control(found: Dossier) -> Control:
    proposal = found.proposal
    loss = None if proposal.route == Route.MULTISIG else worst_loss_usd(found)
    amount, seconds = loss or (None, 0)
    if proposal.route == Route.MULTISIG:
        text = "The chain asks for the owners' signatures; nobody else can execute it."
        return Control("The Safe's owners", text, True, None, 0)
    if proposal.route == Route.OPERATOR and needs_safe_transaction(proposal):
        text = "The chain asks for an operator's signature beside the executor's key."
        return Control("An operator, on the chain", text, True, amount, seconds)
    if proposal.route == Route.OPERATOR:
        text = (
            "Ballast asks for an operator's approval. The chain does not: the executor's key alone"
            " could act within the role's limits."
        )
        return Control("An operator, in Ballast", text, False, amount, seconds)
    if proposal.route == Route.AUTOMATIC:
        text = "The policy lets it pass. The chain bounds it by the role's limits."
        return Control("Nobody", text, True, amount, seconds)
    return Control("Nobody", "It is recorded and never executed.", True, None, 0)
