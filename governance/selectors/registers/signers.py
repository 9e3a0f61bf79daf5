"""Signers & Safes: what the chain says, beside what we have on record and how people answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median_high
from typing import TYPE_CHECKING

from django.db.models import Count, Q

from execution.selectors.pins import changes_of, observed
from execution.selectors.responses import response_seconds
from governance.core.quorum import OwnerAvailability, QuorumCase, QuorumVerdict, forecast
from governance.models import Absence, Approval, ApprovalKind
from governance.selectors.registers.naming import Names
from treasury.core.types import Address
from treasury.selectors.portfolio import safes_of
from treasury.selectors.snapshots import latest_positions

if TYPE_CHECKING:
    from execution.core.signing.pinning import Difference
    from execution.services.signatures.configurations import SafeConfiguration
    from treasury.models import Position, SafeAccount


@dataclass(frozen=True, slots=True)
class SignerLine:
    """One who can sign. `members` of an owner that is a Safe, `needed` of them sign. Figures are of
    the person; listed in the chain's order, never by speed."""

    address: Address
    name: str
    confirmed: int
    declined: int
    median_seconds: int | None
    absent_until: datetime | None
    deputy: str
    members: tuple[SignerLine, ...] = ()
    needed: int = 0


@dataclass(frozen=True, slots=True)
class SafeLine:
    """`found` None: the chain does not answer now. `differences`: what is not as recorded.
    `changed`: field -> what was pinned, for each that is another one at the latest look."""

    row: SafeAccount
    found: SafeConfiguration | None
    owners: tuple[SignerLine, ...]
    differences: tuple[str, ...]
    changed: dict[str, str]
    holdings: tuple[Position, ...]


def safe_rows(treasury_id: int) -> list[SafeAccount]:
    """The main Safe first."""
    order = ("MAIN", "TIER", "OPERATOR")
    return sorted(safes_of(treasury_id), key=lambda safe: (order.index(safe.kind), safe.pk))


def safe_lines(
    *,
    rows: Sequence[SafeAccount],
    found: Sequence[SafeConfiguration],
    names: Names,
    away: Sequence[Absence],
    now: datetime,
) -> tuple[SafeLine, ...]:
    """`now` is wall time: absences are."""
    if not rows:
        return ()
    treasury_id = rows[0].treasury_id
    book = _Book(treasury_id, names, away, now)
    by_safe = {one.safe: one for one in found}
    main = next((row.address for row in rows if row.kind == "MAIN"), "")
    held = _holdings(treasury_id)
    pinned = {row.safe_id: changes_of(row) for row in observed(treasury_id)}
    return tuple(
        SafeLine(
            row=row,
            found=one,
            owners=book.owners(one) if one else (),
            differences=_differences(row, one, main) if one else (),
            changed={c.field.value: _pinned(c) for c in pinned.get(row.pk, ())},
            holdings=tuple(held.get(row.address, ())),
        )
        for row, one in ((row, by_safe.get(Address(row.address))) for row in rows)
    )


def quorum(lines: Sequence[SafeLine]) -> QuorumVerdict | None:
    """Whether enough signatures of the main Safe can come; None when the chain does not answer.
    How long a proposal may wait is left out here: the watcher, which tells people, counts it."""
    main = next((line for line in lines if line.row.kind == "MAIN" and line.found), None)
    if main is None or main.found is None:
        return None
    owners = tuple(_availability(owner) for owner in main.owners)
    return forecast(QuorumCase(owners, main.found.threshold))


def _availability(owner: SignerLine) -> OwnerAvailability:
    there = [member for member in owner.members if member.absent_until is None]
    return OwnerAvailability(
        name=owner.name or owner.address,
        is_known=bool(owner.name or owner.members),
        is_absent=len(there) < owner.needed if owner.members else owner.absent_until is not None,
        median_response_seconds=owner.median_seconds,
    )


def absence_of(*, user_id: int, public_id: str) -> Absence | None:
    """One's own only."""
    return Absence.objects.filter(user_id=user_id, public_id=public_id).first()


def absences(*, treasury_id: int, wallets: Iterable[str], now: datetime) -> list[Absence]:
    """Of people with a role in the treasury or one of the wallets; those that have not ended, by
    their start."""
    rows = Absence.objects.filter(
        Q(user__role_grants__treasury_id=treasury_id) | Q(user__wallets__address__in=list(wallets)),
        ends_at__gt=now,
    )
    return list(rows.select_related("user", "deputy").order_by("starts_at", "pk").distinct())


class _Book:
    """What we know of people, read once for all Safes."""

    def __init__(
        self, treasury_id: int, names: Names, away: Sequence[Absence], now: datetime
    ) -> None:
        self._names = names
        self._seconds = response_seconds(treasury_id)
        declined = (
            Approval.objects.filter(
                proposal__tier__treasury_id=treasury_id, kind=ApprovalKind.DECLINE
            )
            .values("user__username")
            .annotate(count=Count("id"))
        )
        self._declined = {row["user__username"]: row["count"] for row in declined}
        self._away = {row.user.username: row for row in away if row.starts_at <= now}

    def owners(self, one: SafeConfiguration) -> tuple[SignerLine, ...]:
        lines = []
        for owner in one.owners:
            inner = one.owner_safe(owner)
            members = tuple(self._line(m) for m in inner.members) if inner else ()
            lines.append(self._line(owner, members, inner.threshold if inner else 0))
        return tuple(lines)

    def _line(
        self, address: Address, members: tuple[SignerLine, ...] = (), needed: int = 0
    ) -> SignerLine:
        name = self._names.name(address)
        seconds = self._seconds.get(address, [])
        away = self._away.get(name)
        return SignerLine(
            address=address,
            name=name,
            confirmed=len(seconds),
            declined=self._declined.get(name, 0),
            median_seconds=median_high(seconds) if seconds else None,
            absent_until=away.ends_at if away else None,
            deputy=str(away.deputy) if away and away.deputy else "",
            members=members,
            needed=needed,
        )


def _differences(row: SafeAccount, one: SafeConfiguration, main: str) -> tuple[str, ...]:
    found = []
    if one.version.partition("+")[0] != row.version:
        found.append(f"version is {one.version}, on record {row.version}")
    if row.kind == "TIER" and one.owners != (main,):
        found.append("a tier Safe has one owner, the main Safe; this one has others")
    if one.guard is not None:
        found.append(f"a guard is set: {one.guard}")
    allowed = {row.modifier_address} - {""}
    found += [f"unknown module {module}" for module in one.modules if module not in allowed]
    if row.modifier_address and row.modifier_address not in one.modules:
        found.append("its Roles modifier is not enabled: automation cannot act")
    if one.has_more_modules:
        found.append("more than 50 modules")
    return tuple(found)


def _pinned(change: Difference) -> str:
    """What was accepted, as text."""
    was = change.pinned
    return (", ".join(was) if isinstance(was, list) else str(was)) or "none"


def _holdings(treasury_id: int) -> dict[str, list[Position]]:
    found: dict[str, list[Position]] = {}
    for row in latest_positions(treasury_id):
        found.setdefault(row.holder, []).append(row)
    return found
