"""Who has signed or approved and who is missing, as stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from execution.selectors.transactions import Given, given_for
from governance.models import Approval, ApprovalKind, Proposal
from governance.selectors.people import names_of_wallets

KINDS = {
    "EOA": "signature",
    "ETH_SIGN": "signature (eth_sign)",
    "APPROVED_HASH": "approval on the chain",
    "CONTRACT": "signature of a Safe",
}


@dataclass(frozen=True, slots=True)
class Seat:
    """One owner, or one operator. `state` is SIGNED, INVALID, DECLINED, MISSING or LATER; `note`
    says how, or why not. Of an owner that is a Safe: `members` are the names of those who signed,
    of `needs` (0: a key); `may_sign` are the addresses of all, `has_signed` of those who did."""

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
    """`threshold` is None where the chain does not ask for owners."""

    seats: tuple[Seat, ...]
    threshold: int | None
    asked_at: datetime | None

    @property
    def signed(self) -> int:
        return sum(seat.state == "SIGNED" for seat in self.seats)


def board(proposal: Proposal, *, roster: Seats | None) -> Board:
    """Owners of this minute with what is stored of them. Three queries at most."""
    asked = proposal.safe_transaction
    decisions = list(proposal.approvals.select_related("user").order_by("pk"))
    if asked is None:
        return Board(tuple(_approvals(decisions)), None, None)
    rows: dict[str, Given] = {}
    inner: dict[str, list[str]] = {}
    for row in given_for([asked.pk]):
        if row.member:
            inner.setdefault(row.owner, []).append(row.member)
        else:
            rows[row.owner] = row
    listed = sorted({*(roster.owners if roster else ()), *rows}, key=str.lower)
    people = names_of_wallets([*listed, *(m for found in inner.values() for m in found)])
    no = {row.user.get_username(): row for row in decisions if row.kind != ApprovalKind.APPROVE}
    seats = []
    for owner in listed:
        if roster and owner == roster.later:
            seats.append(Seat("The executor", owner, "LATER", "signs when it submits", None))
            continue
        name, members = people.get(owner, ""), tuple(people.get(m, m) for m in inner.get(owner, ()))
        needs, may_sign = (roster.inner if roster else {}).get(owner, (0, ()))
        seat = _owner(name, owner, rows.get(owner), no.get(name))
        signed = tuple(inner.get(owner, ()))
        seats.append(
            replace(seat, members=members, needs=needs, may_sign=may_sign, has_signed=signed)
        )
    threshold = roster.threshold - bool(roster.later) if roster else None
    return Board(tuple(seats), threshold, asked.created_at)


def _owner(name: str, owner: str, row: Given | None, no: Approval | None) -> Seat:
    if row is not None:
        state = "SIGNED" if row.is_valid else "INVALID"
        note = KINDS.get(row.kind, row.kind) if row.is_valid else row.invalid_reason
        return Seat(name, owner, state, note, row.at)
    if no is not None:
        return Seat(name, owner, "DECLINED", no.reason, no.created_at)
    return Seat(name, owner, "MISSING", "", None)


def _approvals(rows: Iterable[Approval]) -> Iterable[Seat]:
    states = {ApprovalKind.APPROVE: "SIGNED", ApprovalKind.DECLINE: "DECLINED"}
    for row in rows:
        state = states.get(ApprovalKind(row.kind), "DECLINED")
        yield Seat(row.user.get_username(), "", state, row.reason, row.created_at)
