"""Who has signed or approved and who is missing, as stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Q, Value

from execution.selectors.transactions import Given, given_rows, signatories
from governance.models import Approval, ApprovalKind, Proposal, Wallet

KINDS = {
    "EOA": "signature",
    "ETH_SIGN": "signature (eth_sign)",
    "APPROVED_HASH": "approval on the chain",
    "CONTRACT": "signature of a Safe",
}
SAID, NAMED = 0, -1
"""Stand for the Safe transaction in the rows of decisions and of names: no transaction has them."""


@dataclass(frozen=True, slots=True)
class Seat:
    """One owner, or one operator. `state` is SIGNED, INVALID, DECLINED, MISSING or LATER; `note`
    says how, or why not. Of an owner that is a Safe: `members` are the names of those who signed,
    of `needs` (0: a key); `may_sign` are the addresses of all, `has_signed` of those who did and
    are members still."""

    name: str
    address: str
    state: str
    note: str
    at: datetime | None
    members: tuple[str, ...] = ()
    needs: int = 0
    may_sign: tuple[str, ...] = ()
    has_signed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seats:
    """Who can sign a Safe's transactions: `inner` are threshold and members of each owner that is a
    Safe; `later` signs when it submits, so it is never missing."""

    owners: tuple[str, ...]
    threshold: int
    inner: Mapping[str, tuple[int, tuple[str, ...]]]
    later: str = ""


@dataclass(frozen=True, slots=True)
class Board:
    """`threshold` is None where the chain does not ask for owners. `given` is what is stored of the
    signatures that the seats were made from, and of those that were read along."""

    seats: tuple[Seat, ...]
    threshold: int | None
    asked_at: datetime | None
    given: tuple[Given, ...] = ()

    @property
    def signed(self) -> int:
        return sum(seat.state == "SIGNED" for seat in self.seats)


@dataclass(frozen=True, slots=True)
class Said:
    """One person's decision in Ballast, oldest first where there are several."""

    name: str
    kind: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Votes:
    """What is stored: decisions, signatures, and the names of the addresses among them."""

    said: tuple[Said, ...]
    given: tuple[Given, ...]
    names: Mapping[str, str]


def votes(proposal: Proposal, *, addresses: Iterable[str], also: Iterable[int] = ()) -> Votes:
    """`addresses` are named beside those that signed; `also` are further Safe transactions whose
    signatures are read along. One query."""
    asked = [key for key in (proposal.safe_transaction_id, *also) if key is not None]
    known = Q(address__in=list(addresses))
    for rows in signatories(asked):
        known |= Q(address__in=rows)
    names = Wallet.objects.filter(known).order_by()
    said = Approval.objects.filter(proposal=proposal).order_by()
    nothing = Value("")
    rows = given_rows(asked).union(
        said.values_list(
            Value(SAID), "user__username", nothing, "kind", Value(True), "reason", "created_at"
        ),
        names.values_list(
            Value(NAMED), "address", "user__username", nothing, Value(True), nothing, "created_at"
        ),
        all=True,
    )
    found = sorted((Given(*row) for row in rows), key=lambda one: one.at)
    return Votes(
        tuple(
            Said(row.owner, row.kind, row.invalid_reason, row.at)
            for row in found
            if row.safe_transaction_id == SAID
        ),
        tuple(row for row in found if row.safe_transaction_id not in {SAID, NAMED}),
        {row.owner: row.member for row in found if row.safe_transaction_id == NAMED},
    )


def board(proposal: Proposal, *, roster: Seats | None, also: Iterable[int] = ()) -> Board:
    """Owners of this minute with what is stored of them. One query."""
    asked = proposal.safe_transaction
    found = votes(proposal, addresses=roster.owners if roster else (), also=also)
    if asked is None:
        return Board(tuple(_approvals(found.said)), None, None)
    rows: dict[str, Given] = {}
    inner: dict[str, list[str]] = {}
    for row in found.given:
        if row.safe_transaction_id != asked.pk:
            continue
        if row.member:
            inner.setdefault(row.owner, []).append(row.member)
        else:
            rows[row.owner] = row
    listed = sorted({*(roster.owners if roster else ()), *rows}, key=str.lower)
    people = found.names
    no = {row.name: row for row in found.said if row.kind != ApprovalKind.APPROVE}
    seats = []
    for owner in listed:
        if roster and owner == roster.later:
            seats.append(Seat("The executor", owner, "LATER", "signs when it submits", None))
            continue
        name = people.get(owner, "")
        needs, may_sign = (roster.inner if roster else {}).get(owner, (0, ()))
        signed = tuple(m for m in inner.get(owner, ()) if m in may_sign or not may_sign)
        members = tuple(people.get(member, member) for member in signed)
        seat = _owner(name, owner, rows.get(owner), no.get(name))
        seats.append(
            replace(seat, members=members, needs=needs, may_sign=may_sign, has_signed=signed)
        )
    threshold = roster.threshold - bool(roster.later) if roster else None
    return Board(tuple(seats), threshold, asked.created_at, found.given)


def _owner(name: str, owner: str, row: Given | None, no: Said | None) -> Seat:
    if row is not None:
        state = "SIGNED" if row.is_valid else "INVALID"
        note = KINDS.get(row.kind, row.kind) if row.is_valid else row.invalid_reason
        return Seat(name, owner, state, note, row.at)
    if no is not None:
        return Seat(name, owner, "DECLINED", no.reason, no.at)
    return Seat(name, owner, "MISSING", "", None)


def _approvals(rows: Iterable[Said]) -> Iterable[Seat]:
    states = {ApprovalKind.APPROVE: "SIGNED", ApprovalKind.DECLINE: "DECLINED"}
    for row in rows:
        state = states.get(ApprovalKind(row.kind), "DECLINED")
        yield Seat(row.name, "", state, row.reason, row.at)
