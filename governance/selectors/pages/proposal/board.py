"""Who has signed or approved and who is missing, as stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

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
    """One owner, or one operator. `state` is SIGNED, INVALID, DECLINED or MISSING; `note` says how,
    or why not; `members` are those of an owner Safe that signed so far."""

    name: str
    address: str
    state: str
    note: str
    at: datetime | None
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Board:
    """`threshold` is None where the chain does not ask for owners."""

    seats: tuple[Seat, ...]
    threshold: int | None
    asked_at: datetime | None

    @property
    def signed(self) -> int:
        return sum(seat.state == "SIGNED" for seat in self.seats)


def board(proposal: Proposal, *, owners: Iterable[str], threshold: int | None) -> Board:
    """Owners of this minute with what is stored of them. Four queries at most."""
    asked = proposal.safe_transaction
    decisions = list(proposal.approvals.select_related("user").order_by("pk"))
    if asked is None:
        return Board(tuple(_approvals(decisions)), None, None)
    rows = {row.owner: row for row in asked.confirmations.order_by("pk")}
    inner: dict[str, list[str]] = {}
    for row in asked.member_confirmations.order_by("pk"):
        inner.setdefault(row.owner, []).append(row.member)
    listed = sorted({*owners, *rows}, key=str.lower)
    people = names_of_wallets([*listed, *(m for found in inner.values() for m in found)])
    no = {row.user.get_username(): row for row in decisions if row.kind != ApprovalKind.APPROVE}
    seats = []
    for owner in listed:
        row, name = rows.get(owner), people.get(owner, "")
        members = tuple(people.get(member, member) for member in inner.get(owner, ()))
        if row is not None:
            state = "SIGNED" if row.is_valid else "INVALID"
            note = KINDS.get(row.kind, row.kind) if row.is_valid else row.invalid_reason
            seats.append(Seat(name, owner, state, note, row.created_at, members))
        elif name in no:
            seats.append(Seat(name, owner, "DECLINED", no[name].reason, no[name].created_at))
        else:
            seats.append(Seat(name, owner, "MISSING", "", None, members))
    return Board(tuple(seats), threshold, asked.created_at)


def _approvals(rows: Iterable[Approval]) -> Iterable[Seat]:
    states = {ApprovalKind.APPROVE: "SIGNED", ApprovalKind.DECLINE: "DECLINED"}
    for row in rows:
        state = states.get(ApprovalKind(row.kind), "DECLINED")
        yield Seat(row.user.get_username(), "", state, row.reason, row.created_at)
