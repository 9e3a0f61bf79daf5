"""Whether enough signatures can come, for each main Safe; a change for the worse is told (G11)."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from execution.services.signatures.rosters import Roster, read_rosters
from governance.core.quorum import (
    OwnerAvailability,
    Quorum,
    QuorumCase,
    QuorumVerdict,
    forecast,
    median,
)
from governance.models import Proposal, Wallet
from governance.services.notifying.audience import deputies_at
from treasury.core.policies import Mode
from treasury.core.types import Actor, ActorKind, Address, BlockRef
from treasury.selectors.events import latest_event
from treasury.selectors.policies import NoPolicyInForceError, policy_in_force
from treasury.selectors.portfolio import main_safes, tiers
from treasury.services.record import emit_event, record_audit

if TYPE_CHECKING:
    from treasury.models import SafeAccount

WATCHER = Actor(ActorKind.SYSTEM, "governance.quorum")
AT_RISK, RESTORED = "safe.quorum_at_risk", "safe.quorum_restored"
ANSWERS_LOOKED_AT = 400


def watch_quorum(*, block: BlockRef, now: datetime, rpc_url: str) -> int:
    """Tell each change of a forecast, once; how many there were. `now` is wall time: people are
    away by the calendar."""
    safes = list(main_safes())
    rosters = read_rosters(safes=[safe_address(s) for s in safes], block=block, rpc_url=rpc_url)
    return sum(
        _tell(safe, quorum_of(rosters[safe_address(safe)], safe.treasury_id, now, block), block)
        for safe in safes
    )


def safe_address(safe: SafeAccount) -> Address:
    return Address(safe.address)


def quorum_of(roster: Roster, treasury_id: int, now: datetime, block: BlockRef) -> QuorumVerdict:
    """The forecast for one main Safe, from the owners that the chain names and what we know of the
    people behind them."""
    away = frozenset(deputies_at(now))
    people = _people(roster)
    answered = _response_seconds(roster.safe)
    owners = tuple(
        _availability(roster, Address(owner), people, away, answered)
        for owner in roster.state.owners
    )
    return forecast(QuorumCase(owners, roster.state.threshold, _strictest_life(treasury_id, block)))


def _availability(
    roster: Roster,
    owner: Address,
    people: dict[str, tuple[int, str]],
    away: frozenset[int],
    answered: dict[str, tuple[int, ...]],
) -> OwnerAvailability:
    median_seconds = median(answered.get(owner, ()))
    inner = roster.owner_safe(owner)
    if inner is None:
        person = people.get(owner)
        return OwnerAvailability(
            name=person[1] if person else owner,
            is_known=person is not None,
            is_absent=person is not None and person[0] in away,
            median_response_seconds=median_seconds,
        )
    known = [people[member] for member in inner.members if member in people]
    gone = [person for person in known if person[0] in away]
    return OwnerAvailability(
        name=f"Safe {owner}",
        is_known=len(known) >= inner.threshold,
        is_absent=len(inner.members) - len(gone) < inner.threshold,
        median_response_seconds=median_seconds,
    )


def _people(roster: Roster) -> dict[str, tuple[int, str]]:
    """Wallet -> id and name of the person behind it."""
    addresses = {*roster.state.owners, *roster.members}
    rows = Wallet.objects.filter(address__in=addresses).select_related("user")
    return {row.address: (row.user_id, row.user.username) for row in rows}


def _response_seconds(safe: Address) -> dict[str, tuple[int, ...]]:
    """Owner -> seconds from being asked to signing, of its latest signatures. Wall time."""
    signed = "safe_transaction__confirmations__"
    rows = (
        Proposal.objects.filter(safe_transaction__safe__address=safe)
        .exclude(**{f"{signed}owner": None})
        .order_by("-pk")
        .values_list(f"{signed}owner", f"{signed}created_at", "safe_transaction__created_at")
    )
    found: dict[str, list[int]] = defaultdict(list)
    for owner, signed_at, asked_at in rows[:ANSWERS_LOOKED_AT]:
        found[owner].append(int((signed_at - asked_at).total_seconds()))
    return {owner: tuple(seconds) for owner, seconds in found.items()}


def _strictest_life(treasury_id: int, block: BlockRef) -> int | None:
    """The shortest life of a proposal that always needs the Safe; None without such a tier."""
    lives = []
    for tier in tiers(treasury_id):
        try:
            _, policy = policy_in_force(tier_id=tier.pk, now=block.timestamp)
        except NoPolicyInForceError:
            continue
        if policy.mode is Mode.MANUAL:
            lives.append(policy.proposal_ttl_seconds)
    return min(lives, default=None)


def _tell(safe: SafeAccount, verdict: QuorumVerdict, block: BlockRef) -> int:
    with transaction.atomic():
        known = latest_event(treasury_id=safe.treasury_id, kinds=(AT_RISK, RESTORED))
        before = known.payload["level"] if known else Quorum.SAFE.value
        if before == verdict.level:
            return 0
        payload = {
            "id": safe.public_id,
            "level": verdict.level.value,
            "present": verdict.present,
            "threshold": verdict.threshold,
            "reason": verdict.words,
        }
        kind = RESTORED if verdict.level is Quorum.SAFE else AT_RISK
        emit_event(treasury_id=safe.treasury_id, kind=kind, payload=payload)
        record_audit(
            actor=WATCHER,
            action=kind,
            object_type="safe",
            object_id=safe.public_id,
            block=block,
            before={"level": before},
            after=payload,
        )
    return 1
