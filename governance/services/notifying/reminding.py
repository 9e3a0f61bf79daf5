"""When nobody acts: those who are missing are reminded, owners are told, the policy's consequence
follows (G11). Expiry itself is the process's; here people only hear of it in time.

Every word goes out as an event, so that each is told once, to machines as well. What a reminder
row says was said is never said again, however often, late or at once this is called.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from django.db import transaction

from execution.selectors.transactions import given_for, safe_transaction_by_id
from execution.services.confirming import confirmation_status
from execution.services.signatures.asking import open_requests
from execution.services.signatures.rosters import RosterUnknownError
from governance.core.lifecycle import ProposalState
from governance.core.roles import Role
from governance.core.routing import Level
from governance.core.telling.silence import is_expiring, period_at, turn
from governance.models import (
    Approval,
    Proposal,
    Reminder,
    ReminderKind,
    RoleGrant,
    Route,
    User,
    Wallet,
)
from governance.selectors.proposals import all_proposals
from governance.services.halts import Trip, trip
from treasury.core.policies import ReviewRules
from treasury.core.types import Actor, ActorKind, BlockRef
from treasury.selectors.policies import revive_policy
from treasury.services.record import emit_event, record_audit

log = structlog.get_logger(__name__)

REMINDER = Actor(ActorKind.SYSTEM, "governance.reminder")
SILENCE = "SILENCE"
KINDS = {
    ReminderKind.REMINDED: "proposal.reminded",
    ReminderKind.UNANSWERED: "proposal.unanswered",
    ReminderKind.EXPIRING: "proposal.expiring",
}


@dataclass(frozen=True, slots=True)
class Missing:
    """Whom the proposal waits for. `needed`: how many more; `strangers`: addresses of signers
    without a person, whom nobody can remind."""

    people: tuple[User, ...]
    strangers: tuple[str, ...]
    needed: int

    @property
    def lines(self) -> tuple[str, ...]:
        names = [*(person.username for person in self.people), *self.strangers]
        return (f"Still needed: {self.needed}", f"Not yet: {', '.join(names) or 'nobody left'}")


@dataclass(frozen=True, slots=True)
class Due:
    """What has to be said now; `period` 0: nobody is reminded."""

    period: int
    is_expiring: bool


def due_reminders(*, block: BlockRef) -> list[int]:
    """Ids of proposals that something has to be said about. Opens the first period of those that
    have just begun to wait."""
    found = []
    for proposal in all_proposals().filter(state=ProposalState.COLLECTING).order_by("pk"):
        due = _due(proposal, _asked_at(proposal, block), block.timestamp)
        if due.period or due.is_expiring:
            found.append(proposal.pk)
    return found


def watch_silence(*, block: BlockRef, rpc_url: str) -> int:
    """Say what is due, and how many proposals it was about. The chain is asked for who is missing
    before anything is written; while it does not answer, the reminder waits."""
    said = 0
    for proposal_id in due_reminders(block=block):
        proposal = all_proposals().get(pk=proposal_id)
        try:
            missing = missing_people(proposal, block=block, rpc_url=rpc_url)
        except RosterUnknownError:
            log.warning("reminder_waits", proposal=proposal.public_id)
            continue
        said += _say(proposal, missing, block)
    return said


def missing_people(proposal: Proposal, *, block: BlockRef, rpc_url: str) -> Missing:
    """Owners and members who may sign and have not; operators where one approval is asked for."""
    if proposal.route != Route.MULTISIG or proposal.safe_transaction_id is None:
        grants = RoleGrant.objects.filter(
            treasury_id=proposal.tier.treasury_id, role=Role.OPERATOR.value
        )
        operators = User.objects.filter(pk__in=grants.values("user_id")).order_by("pk")
        if proposal.author_id is not None:
            operators = operators.exclude(pk=proposal.author_id)
        return Missing(tuple(operators), (), 1)
    transaction_id = proposal.safe_transaction_id
    row, given = safe_transaction_by_id(transaction_id), given_for([transaction_id])
    asked = open_requests(row, given=given, block=block, rpc_url=rpc_url)
    status = confirmation_status(safe_transaction_id=transaction_id, block=block, rpc_url=rpc_url)
    addresses = {request.signer for request in asked}
    known = Wallet.objects.filter(address__in=addresses).select_related("user").order_by("user_id")
    people = {wallet.user_id: wallet.user for wallet in known}
    strangers = sorted(addresses - {wallet.address for wallet in known})
    needed = max(0, status.threshold - len(status.confirmed))
    return Missing(tuple(people.values()), tuple(strangers), needed)


def _asked_at(proposal: Proposal, block: BlockRef) -> int:
    """When the waiting began: the first block at which it was seen to wait."""
    row, _ = Reminder.objects.get_or_create(
        proposal=proposal,
        kind=ReminderKind.ASKED,
        period=0,
        defaults={"told_at": block.timestamp},
    )
    return row.told_at


def _due(proposal: Proposal, asked_at: int, now: int) -> Due:
    rules = _rules(proposal)
    period = period_at(asked_at=asked_at, now=now, silence_seconds=rules.silence_seconds)
    told = set(proposal.reminders.values_list("kind", "period"))
    ends = is_expiring(triggered_at=proposal.triggered_at, expires_at=proposal.expires_at, now=now)
    return Due(
        period=0 if (ReminderKind.REMINDED, period) in told else period,
        is_expiring=ends and (ReminderKind.EXPIRING, 0) not in told,
    )


def _rules(proposal: Proposal) -> ReviewRules:
    return revive_policy(proposal.policy_version).review


def _say(proposal: Proposal, missing: Missing, block: BlockRef) -> int:
    """All that is due, in one transaction that holds the proposal: a signature that came meanwhile
    moved it, and then nobody is reminded."""
    with transaction.atomic():
        proposal = all_proposals().select_for_update(of=("self",)).get(pk=proposal.pk)
        if proposal.state != ProposalState.COLLECTING:
            return 0
        due = _due(proposal, _asked_at(proposal, block), block.timestamp)
        said: list[ReminderKind] = []
        if due.period:
            said += _remind(proposal, missing, due.period, block)
        if due.is_expiring:
            said += _tell(
                proposal, ReminderKind.EXPIRING, block, people=missing.people, missing=missing
            )
        for kind in said:
            record_audit(
                actor=REMINDER,
                action=KINDS[kind],
                object_type="proposal",
                object_id=proposal.public_id,
                block=block,
                after={"period": due.period, "needed": missing.needed},
            )
    return int(bool(said))


def _remind(
    proposal: Proposal, missing: Missing, period: int, block: BlockRef
) -> list[ReminderKind]:
    acts = _acts(proposal)
    before = proposal.reminders.filter(
        kind__in=[ReminderKind.ASKED, ReminderKind.REMINDED]
    ).order_by("-period")[0]
    consequence = _rules(proposal).on_silence
    is_silence = (
        acts <= before.acts
        and consequence.asks_owners
        and not proposal.reminders.filter(kind=ReminderKind.UNANSWERED).exists()
    )
    if is_silence and consequence.lowers_tier:
        _degrade(proposal, block)  # before any event: who trips takes the halt's scope first
    by_id = {person.pk: person for person in missing.people}
    asked = turn(tuple(sorted(by_id)), needed=missing.needed, period=period)
    said = _tell(
        proposal,
        ReminderKind.REMINDED,
        block,
        people=[by_id[key] for key in asked],
        missing=missing,
        period=period,
        acts=acts,
    )
    if is_silence:
        said += _tell(proposal, ReminderKind.UNANSWERED, block, people=(), missing=missing)
    return said


def _tell(
    proposal: Proposal,
    kind: ReminderKind,
    block: BlockRef,
    *,
    people: Iterable[User],
    missing: Missing,
    period: int = 0,
    acts: int = 0,
) -> list[ReminderKind]:
    """The row that says it was said, and the event that says it; nothing when it was said."""
    _, created = Reminder.objects.get_or_create(
        proposal=proposal,
        kind=kind,
        period=period,
        defaults={"acts": acts, "told_at": block.timestamp},
    )
    if not created:
        return []
    emit_event(
        treasury_id=proposal.tier.treasury_id,
        kind=KINDS[kind],
        payload={
            "proposal": proposal.public_id,
            "state": proposal.state,
            "period": period,
            "people": [person.public_id for person in people],
            "lines": list(missing.lines),
        },
    )
    return [kind]


def _degrade(proposal: Proposal, block: BlockRef) -> None:
    trip(
        treasury_id=proposal.tier.treasury_id,
        tier_id=proposal.tier_id,
        found=Trip(
            breaker=SILENCE,
            level=Level.SEMI,
            value=proposal.public_id,
            limit=f"{_rules(proposal).silence_seconds} s",
            reason="nobody acted on a proposal in the time that the policy gives",
        ),
        actor=REMINDER,
        block=block,
    )


def _acts(proposal: Proposal) -> int:
    """What people did with it: approvals of any kind, and signatures."""
    acts = Approval.objects.filter(proposal=proposal).count()
    signed = proposal.safe_transaction
    if signed is None:
        return acts
    return acts + signed.confirmations.count() + signed.member_confirmations.count()
