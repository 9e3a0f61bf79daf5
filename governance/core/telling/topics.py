"""What people are told of, and who is told (M2, G10, G11). Names and rules, no rows.

An event's kind is for machines (`proposal.updated`); a topic is for people ("your signature is
asked for"). Most events concern nobody in particular and have no topic.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from execution.core.signing.pinning import CHANGES
from governance.core.lifecycle import ProposalOutcome, ProposalState


class Topic(StrEnum):
    """What a channel may be limited to."""

    NEEDS_SIGNATURE = "needs-your-signature"
    NEEDS_APPROVAL = "needs-your-approval"
    REMINDER = "still-waiting"
    UNANSWERED = "nobody-acted"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    EXECUTED = "executed"
    FAILED = "failed"
    UNDONE = "undone"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    FROZEN = "frozen"
    HALT = "halt"
    NEAR_LIMIT = "near-its-limit"
    HALT_ENDED = "halt-ended"
    BREAK = "break"
    FEED = "price-feed"
    POLICY = "policy-changed"
    QUORUM = "quorum-at-risk"
    CHANNEL = "channel-disabled"
    TEST = "test"


class Audience(StrEnum):
    """Who is told, by what they are. SIGNERS are the people behind the main Safe's owners now."""

    SIGNERS = "SIGNERS"
    OPERATORS = "OPERATORS"
    FINANCE = "FINANCE"
    AUDITORS = "AUDITORS"
    ADMINS = "ADMINS"
    TIER_OWNERS = "TIER_OWNERS"
    AUTHOR = "AUTHOR"
    NAMED = "NAMED"


A = Audience
EVERYBODY_WHO_ACTS = frozenset({A.SIGNERS, A.OPERATORS, A.FINANCE, A.TIER_OWNERS})
AUDIENCES: dict[Topic, frozenset[Audience]] = {
    Topic.NEEDS_SIGNATURE: frozenset({A.SIGNERS}),
    Topic.NEEDS_APPROVAL: frozenset({A.OPERATORS}),
    Topic.REMINDER: frozenset({A.NAMED, A.TIER_OWNERS}),
    Topic.UNANSWERED: frozenset({A.TIER_OWNERS}),
    Topic.EXPIRING: frozenset({A.NAMED, A.TIER_OWNERS, A.AUTHOR}),
    Topic.EXPIRED: frozenset({A.SIGNERS, A.TIER_OWNERS, A.AUTHOR}),
    Topic.EXECUTED: frozenset({A.FINANCE, A.TIER_OWNERS, A.AUTHOR}),
    Topic.FAILED: EVERYBODY_WHO_ACTS | {A.AUTHOR},
    Topic.UNDONE: EVERYBODY_WHO_ACTS,
    Topic.REJECTED: frozenset({A.TIER_OWNERS, A.AUTHOR}),
    Topic.SUPERSEDED: frozenset({A.TIER_OWNERS, A.AUTHOR}),
    Topic.FROZEN: EVERYBODY_WHO_ACTS,
    Topic.HALT: EVERYBODY_WHO_ACTS,
    Topic.HALT_ENDED: EVERYBODY_WHO_ACTS,
    Topic.NEAR_LIMIT: frozenset({A.FINANCE, A.OPERATORS, A.TIER_OWNERS}),
    Topic.BREAK: frozenset({A.FINANCE, A.AUDITORS, A.TIER_OWNERS}),
    Topic.FEED: frozenset({A.OPERATORS, A.FINANCE}),
    Topic.POLICY: frozenset({A.FINANCE, A.SIGNERS, A.TIER_OWNERS}),
    Topic.QUORUM: frozenset({A.SIGNERS, A.FINANCE, A.ADMINS}),
    Topic.CHANNEL: frozenset({A.NAMED, A.ADMINS}),
    Topic.TEST: frozenset({A.NAMED}),
}

DISPENSABLE_AUTHOR = frozenset({Topic.NEEDS_APPROVAL})
"""Topics of which the author of the proposal is not told: they may not do what is asked."""

PLAIN: dict[str, Topic] = {
    "proposal.reminded": Topic.REMINDER,
    "proposal.unanswered": Topic.UNANSWERED,
    "proposal.expiring": Topic.EXPIRING,
    "proposal.declined": Topic.REJECTED,
    "proposal.vetoed": Topic.REJECTED,
    "proposal.expired": Topic.EXPIRED,
    "proposal.superseded": Topic.SUPERSEDED,
    "proposal.frozen": Topic.FROZEN,
    "execution.reverted": Topic.UNDONE,
    "halt.tripped": Topic.HALT,
    "breaker.warned": Topic.NEAR_LIMIT,
    "halt.reset": Topic.HALT_ENDED,
    "reconciliation.break_opened": Topic.BREAK,
    "price.rejected": Topic.FEED,
    "price.stale": Topic.FEED,
    "policy.approved": Topic.POLICY,
    "safe.quorum_at_risk": Topic.QUORUM,
    "channel.disabled": Topic.CHANNEL,
}
OUTCOMES: dict[str, Topic] = {
    ProposalOutcome.EXECUTED: Topic.EXECUTED,
    ProposalOutcome.FAILED: Topic.FAILED,
    ProposalOutcome.CANCELLED: Topic.FAILED,
}


MACHINE_ONLY = (
    *CHANGES,
    "audit.anchored",
    "confirmation.added",
    "confirmation.invalidated",
    "execution.failed_onchain",
    "execution.reconciled",
    "execution.started",
    "journal_entry.posted",
    "journal_entry.reversed",
    "proposal.approved",
    "proposal.created",
    "proposal.updated",
    "reconciliation.break_resolved",
    "safe.quorum_restored",
    "trigger.evaluated",
)
"""Kinds of events that have no topic, or not always."""
SUBSCRIBABLE = frozenset({*Topic, *PLAIN, *MACHINE_ONLY})
"""What a channel may be limited to: topics, for people and machines, and kinds of events."""


@dataclass(frozen=True, slots=True)
class Happening:
    """An event as far as the rule needs it; `is_multisig` is about the proposal's route."""

    kind: str
    state: str = ""
    outcome: str = ""
    is_multisig: bool = False


def topic_of(happening: Happening) -> Topic | None:
    """None: nobody in particular is concerned."""
    plain = PLAIN.get(happening.kind)
    if plain is not None or happening.kind != "proposal.updated":
        return plain
    if happening.state == ProposalState.COLLECTING:
        return Topic.NEEDS_SIGNATURE if happening.is_multisig else Topic.NEEDS_APPROVAL
    if happening.state == ProposalState.DONE:
        return OUTCOMES.get(happening.outcome)
    return None


def wants(topics: frozenset[str], *, kind: str, topic: Topic | None, is_machine: bool) -> bool:
    """Whether a channel is told. `topics` holds topics and event kinds, empty means all; people
    are told what has a topic, machines every event."""
    if topics:
        return kind in topics or (topic is not None and topic in topics)
    return is_machine or topic is not None


def stand_ins(
    people: frozenset[int], deputies: dict[int, int | None]
) -> tuple[frozenset[int], dict[int, int]]:
    """Who is told in fact, and for whom each deputy stands. `deputies` has everybody who is away,
    with their deputy. One who is away without a deputy at hand is told all the same: better a
    message that waits than nobody."""
    told: set[int] = set()
    standing: dict[int, int] = {}
    for person in sorted(people):
        present = _present(person, deputies)
        told.add(present)
        if present != person and present not in people:
            standing[present] = person
    return frozenset(told), standing


def _present(person: int, deputies: dict[int, int | None]) -> int:
    """Along the deputies to the first who is there; back to the person when nobody is."""
    seen = {person}
    current = person
    while current in deputies:
        following = deputies[current]
        if following is None or following in seen:
            return person
        seen.add(following)
        current = following
    return current
