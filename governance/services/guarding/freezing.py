"""Freezing a proposal, and the judge in front of every act (RS-4).

Reading a proposal reports what is wrong with it (`governance.selectors.conformity`) and writes
nothing. Whoever acts on it (a signature, an approval, a step of the sweeper) comes through
`require_sound` first: a violation freezes the proposal, halts its tier, and is an incident on
record. Nothing is mended here and nothing is ever sent for a frozen proposal.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from django.db import transaction

from execution.core.lifecycle import TransactionState
from execution.core.types import Violation
from governance.core.lifecycle import OPEN, ProposalState
from governance.core.routing import Level
from governance.models import Proposal
from governance.selectors.conformity import findings
from governance.services.halts import Trip, trip
from governance.services.moves import PROCESS, LostRaceError, move
from treasury.core.types import Actor, BlockRef
from treasury.services.record import record_audit

log = structlog.get_logger(__name__)

FROZEN_PROPOSAL = "FROZEN_PROPOSAL"
FREEZABLE = OPEN - {ProposalState.DRAFT, ProposalState.FROZEN}
UNSENT = frozenset({TransactionState.EXEC_INTENT, TransactionState.SIGNED_RAW})
SENDABLE = UNSENT | {TransactionState.BROADCAST, TransactionState.UNKNOWN}


class TamperedError(RuntimeError):
    """What is stored of the proposal breaks a rule: it is frozen, and nothing was done."""

    problem_code = "tampered"
    problem_status = 409

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__(
            "The proposal is frozen: what is stored is not what was made. "
            + "; ".join(str(violation) for violation in violations)[:400]
        )
        self.violations = tuple(violations)


def may_act(proposal: Proposal) -> bool:
    """Whether its next step may lead to something being signed or sent. What is mined is judged by
    the chain."""
    row = proposal.transaction
    is_past = row is not None and row.state not in SENDABLE
    in_hand = proposal.state == ProposalState.HANDED_OVER
    return proposal.state in FREEZABLE and not (in_hand and is_past)


def require_sound(proposal: Proposal, *, actor: Actor, block: BlockRef) -> None:
    """Judge what is stored now. Raises TamperedError after freezing the proposal; `actor` is who
    was about to act. Not inside a transaction that the error would roll back."""
    violations = findings(proposal).violations
    if violations:
        freeze_tampered(proposal, violations, actor=actor, block=block)
        raise TamperedError(violations)


def freeze_tampered(
    proposal: Proposal, violations: Sequence[Violation], *, actor: Actor, block: BlockRef
) -> None:
    """One incident on record each time somebody met it; frozen once."""
    with transaction.atomic():
        record_audit(
            actor=actor,
            action="proposal.incident",
            object_type="proposal",
            object_id=proposal.public_id,
            block=block,
            before={"state": proposal.state},
            after={
                "rules": sorted({violation.rule.value for violation in violations}),
                "violations": [violation.text for violation in violations],
            },
            reason=str(violations[0])[:300],
        )
    freeze(proposal, reason=f"not what was made: {violations[0]}", block=block)


def freeze(proposal: Proposal, *, reason: str, block: BlockRef) -> None:
    """People have to look: the tier is halted with it, and the two people who close that halt
    let the proposal go on. What is in flight is watched on, never sent again."""
    if ProposalState(proposal.state) not in FREEZABLE:
        return
    try:
        with transaction.atomic():
            trip(
                treasury_id=proposal.tier.treasury_id,
                tier_id=proposal.tier_id,
                found=Trip(
                    breaker=FROZEN_PROPOSAL,
                    level=Level.MONITOR,
                    value=proposal.public_id,
                    limit="none",
                    reason=reason,
                ),
                actor=PROCESS,
                block=block,
            )
            move(
                proposal,
                ProposalState.FROZEN,
                actor=PROCESS,
                block=block,
                reason=reason,
                frozen_from=proposal.state,
            )
    except LostRaceError:
        log.info("freeze_lost", proposal=proposal.public_id)
