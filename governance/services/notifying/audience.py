"""Who is told: people by role, by owning a tier, by owning the Safe now; deputies for those who are
away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from governance.core.roles import Role
from governance.core.telling.topics import (
    AUDIENCES,
    DISPENSABLE_AUTHOR,
    Audience,
    stand_ins,
)
from governance.models import Absence, RoleGrant, TierOwner, User, Wallet
from governance.services.notifying.telling import Telling
from governance.services.signers import signers_of
from treasury.core.types import Address
from treasury.selectors.portfolio import main_safes

ROLES = {
    Audience.OPERATORS: Role.OPERATOR,
    Audience.FINANCE: Role.FINANCE,
    Audience.AUDITORS: Role.AUDITOR,
    Audience.ADMINS: Role.ADMIN,
}


@dataclass(frozen=True, slots=True)
class Circle:
    """What does not change while a batch of events is handed on. `signers`: people by treasury;
    `deputies`: everybody who is away, with their deputy."""

    signers: Mapping[int, frozenset[int]]
    deputies: dict[int, int | None]


@dataclass(frozen=True, slots=True)
class Told:
    """User ids; `standing`: deputy -> name of whom they stand for."""

    people: frozenset[int]
    standing: Mapping[int, str]


def signers_by_treasury(*, rpc_url: str) -> dict[int, frozenset[int]]:
    """The people behind the owners of each main Safe now, members of owner Safes included. Asks
    the chain: outside transactions only. Raises OwnersUnknownError."""
    safes = {Address(safe.address): safe.treasury_id for safe in main_safes()}
    return {
        safes[safe]: people_behind(found.everybody)
        for safe, found in signers_of(safes, rpc_url=rpc_url).items()
    }


def people_behind(owners: Iterable[str]) -> frozenset[int]:
    rows = Wallet.objects.filter(address__in=list(owners))
    return frozenset(rows.values_list("user_id", flat=True))


def deputies_at(now: datetime) -> dict[int, int | None]:
    """Everybody who is away, with their deputy. Of two absences the one that began later counts."""
    rows = Absence.objects.filter(starts_at__lte=now, ends_at__gt=now).order_by("starts_at", "pk")
    return dict(rows.values_list("user_id", "deputy_id"))


def told(telling: Telling, circle: Circle) -> Told:
    """Whom the topic concerns, with deputies in the place of those who are away."""
    audiences = AUDIENCES[telling.topic]
    people = telling.named if Audience.NAMED in audiences else frozenset()
    roles = [ROLES[audience].value for audience in audiences if audience in ROLES]
    if roles:
        grants = RoleGrant.objects.filter(treasury_id=telling.treasury_id, role__in=roles)
        people |= frozenset(grants.values_list("user_id", flat=True))
    if Audience.SIGNERS in audiences:
        people |= circle.signers.get(telling.treasury_id, frozenset())
    if Audience.TIER_OWNERS in audiences:
        people |= _owners(telling)
    if telling.author_id is not None:
        if Audience.AUTHOR in audiences:
            people |= {telling.author_id}
        elif telling.topic in DISPENSABLE_AUTHOR:
            people -= {telling.author_id}
    present, standing = stand_ins(people, circle.deputies)
    names = dict(User.objects.filter(pk__in=standing.values()).values_list("pk", "username"))
    return Told(present, {deputy: names[absent] for deputy, absent in standing.items()})


def _owners(telling: Telling) -> frozenset[int]:
    rows = TierOwner.objects.filter(tier__treasury_id=telling.treasury_id)
    if telling.tier_id is not None:
        rows = rows.filter(tier_id=telling.tier_id)
    return frozenset(rows.values_list("user_id", flat=True))
