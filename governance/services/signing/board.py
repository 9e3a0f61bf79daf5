"""Who has signed, who is missing, and what is missing in words: for the main Safe, the operator
Safe, and a rejection of either.

Owners and members are those of the block that is asked for; whether a stored signature still
counts is as last judged by the sweeper. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from execution.selectors.transactions import rejection_of, safe_transaction_by_id
from execution.services.signatures.rosters import OwnerSafe, Roster, read_rosters
from governance.models import Approval, ApprovalKind, Proposal, Wallet
from governance.selectors.people import names_of_wallets
from governance.selectors.proposals import proposal_by_id
from treasury.core.types import Address, BlockRef

if TYPE_CHECKING:
    from execution.models import Confirmation, SafeTransaction


class SignatureState(StrEnum):
    CONFIRMED = "CONFIRMED"
    PARTLY = "PARTLY"  # some members of an owner Safe have signed
    MISSING = "MISSING"
    DECLINED = "DECLINED"
    INVALID = "INVALID"  # signed, but it counts no longer
    LATER = "LATER"  # the executor, who signs when it submits


@dataclass(frozen=True, slots=True)
class MemberLine:
    address: Address
    name: str | None
    has_signed: bool
    has_declined: bool


@dataclass(frozen=True, slots=True)
class OwnerLine:
    """`members` and `member_threshold` only where the owner is itself a Safe: "1 of 2"."""

    owner: Address
    name: str | None
    state: SignatureState
    kind: str
    signed_at: datetime | None
    reason: str
    members: tuple[MemberLine, ...] = ()
    member_threshold: int = 0

    @property
    def members_signed(self) -> int:
        return sum(member.has_signed for member in self.members)


@dataclass(frozen=True, slots=True)
class Board:
    """One Safe transaction and its signatures. `asked_at` is wall time: since then it is asked for.
    `text` says what is missing; empty when nothing is."""

    safe: Address
    nonce: int
    safe_tx_hash: str
    status: str
    is_rejection: bool
    threshold: int
    asked_at: datetime
    owners: tuple[OwnerLine, ...]
    text: str

    @property
    def confirmed(self) -> int:
        counted = {SignatureState.CONFIRMED, SignatureState.LATER}
        return sum(line.state in counted for line in self.owners)


def signature_board(
    *, proposal_id: int, block: BlockRef, rpc_url: str, of_rejection: bool = False
) -> Board | None:
    """None when no signatures are asked for (yet). Raises RosterUnknownError when the chain does
    not answer. Two requests to the node."""
    proposal = proposal_by_id(proposal_id)
    if proposal.safe_transaction_id is None:
        return None
    row: SafeTransaction | None = safe_transaction_by_id(proposal.safe_transaction_id)
    if of_rejection:
        row = rejection_of(proposal.safe_transaction_id)
    if row is None:
        return None
    safe = Address(row.safe.address)
    roster = read_rosters(safes=[safe], block=block, rpc_url=rpc_url)[safe]
    lines = _lines(proposal, row, roster)
    return Board(
        safe=safe,
        nonce=row.nonce,
        safe_tx_hash=row.safe_tx_hash,
        status=row.status,
        is_rejection=of_rejection,
        threshold=roster.state.threshold,
        asked_at=row.created_at,
        owners=lines,
        text=missing_text(lines, roster.state.threshold),
    )


def missing_text(lines: Sequence[OwnerLine], threshold: int) -> str:
    """What is missing, in words; empty when nothing is."""
    counted = {SignatureState.CONFIRMED, SignatureState.LATER}
    missing = threshold - sum(line.state in counted for line in lines)
    if missing <= 0:
        return ""
    left = [line for line in lines if line.state not in counted]
    able = [line for line in left if line.state is not SignatureState.DECLINED]
    names = ", ".join(_called(line) for line in able)
    if len(able) < missing:
        return f"{missing} more needed, but only {len(able)} have not declined: {names or 'nobody'}"
    signatures = "signature is" if missing == 1 else "signatures are"
    return f"{missing} more {signatures} needed, from: {names}"


def _called(line: OwnerLine) -> str:
    name = line.name or line.owner
    if not line.members:
        return name
    return f"{name} ({line.members_signed} of {line.member_threshold} members)"


# ------------------------------------------------------------------------------------ lines
def _lines(proposal: Proposal, row: SafeTransaction, roster: Roster) -> tuple[OwnerLine, ...]:
    stored = {item.owner: item for item in row.confirmations.order_by("id")}
    signed = set(row.member_confirmations.values_list("owner", "member"))
    people = [*roster.state.owners, *roster.members]
    names = names_of_wallets(people)
    declined = frozenset() if row.rejects_id is not None else _declined(proposal)
    executor = row.safe.treasury.executor_address if row.safe.kind == "OPERATOR" else ""
    lines = []
    for owner in roster.state.owners:
        owner_safe = roster.owner_safe(owner)
        members = _members(owner_safe, signed, names, declined) if owner_safe else ()
        line = OwnerLine(
            owner=owner,
            name=names.get(owner),
            state=SignatureState.LATER if owner == executor else SignatureState.MISSING,
            kind="",
            signed_at=None,
            reason="signs when it submits" if owner == executor else "",
            members=members,
            member_threshold=owner_safe.threshold if owner_safe else 0,
        )
        lines.append(_judged(line, stored, owner in declined))
    return tuple(lines)


def _members(
    owner_safe: OwnerSafe,
    signed: set[tuple[str, str]],
    names: Mapping[str, str],
    declined: frozenset[str],
) -> tuple[MemberLine, ...]:
    return tuple(
        MemberLine(
            member,
            names.get(member),
            (owner_safe.owner, member) in signed,
            member in declined,
        )
        for member in owner_safe.members
    )


def _judged(line: OwnerLine, stored: Mapping[str, Confirmation], has_declined: bool) -> OwnerLine:
    found = stored.get(line.owner)
    if found is not None:
        state = SignatureState.CONFIRMED if found.is_valid else SignatureState.INVALID
        return replace(
            line,
            state=state,
            kind=found.kind,
            signed_at=found.created_at,
            reason=found.invalid_reason,
        )
    willing = sum(not member.has_declined for member in line.members)
    is_lost = bool(line.members) and willing < line.member_threshold
    if has_declined or is_lost:
        return replace(line, state=SignatureState.DECLINED)
    if line.members_signed:
        return replace(line, state=SignatureState.PARTLY)
    return line


def _declined(proposal: Proposal) -> frozenset[str]:
    rows = Approval.objects.filter(proposal=proposal, kind=ApprovalKind.DECLINE)
    wallets = Wallet.objects.filter(user__in=rows.values("user"))
    return frozenset(wallets.values_list("address", flat=True))
