"""The nonce queue of each Safe: what stands at which nonce, and what became of it (G5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Any

from execution.selectors.signing import slots
from governance.core.lifecycle import OPEN
from governance.models import Proposal
from governance.selectors.overview.listing import Names, action, symbols

SLOTS_MAX = 100


class SlotState(StrEnum):
    """What a person has to know of a slot. A signature lives until its nonce is used: what is
    superseded or replaced could still be executed by whoever has enough of them."""

    LIVE = "live"
    SUPERSEDED = "superseded"
    REPLACED = "replaced"
    DEAD = "dead"
    EXECUTED = "executed"


@dataclass(frozen=True, slots=True)
class QueueSlot:
    nonce: int
    state: SlotState
    is_rejection: bool
    text: str
    proposal: str
    safe_tx_hash: str
    signatures: int


@dataclass(frozen=True, slots=True)
class Queue:
    """Of one Safe, the highest nonce first. `gaps` are nonces between live slots at which nothing
    stands: what comes after a gap cannot be executed."""

    safe: str
    address: str
    slots: tuple[QueueSlot, ...]
    gaps: tuple[int, ...]


def queues(treasury_ids: Iterable[int]) -> tuple[Queue, ...]:
    """Three queries."""
    wanted = sorted(treasury_ids)
    rows = list(slots(treasury_ids=wanted, limit=SLOTS_MAX))
    signed = {row.pk for row in rows} | {row.rejects_id for row in rows if row.rejects_id}
    proposals = {
        proposal.safe_transaction_id: proposal
        for proposal in Proposal.objects.filter(safe_transaction_id__in=signed)
        .select_related("tier", "plan", "decision")
        .defer("decision__inputs", "plan__evidence")
    }
    names = symbols(wanted)
    return tuple(
        _queue([*group], proposals, names)
        for _, group in groupby(rows, key=lambda row: row.safe_id)
    )


def _queue(rows: list[Any], proposals: dict[int | None, Proposal], names: Names) -> Queue:
    found = tuple(_slot(row, proposals, names) for row in rows)
    taken = {slot.nonce for slot in found}
    live = [slot.nonce for slot in found if slot.state is SlotState.LIVE]
    gaps = [nonce for nonce in range(min(live), max(live)) if nonce not in taken] if live else []
    return Queue(rows[0].safe.name, rows[0].safe.address, found, tuple(gaps))


def _slot(row: Any, proposals: dict[int | None, Proposal], names: Names) -> QueueSlot:
    proposal = proposals.get(row.rejects_id or row.pk)
    if row.rejects_id:
        text = "Empty transaction: it uses the nonce up instead of what stands there"
    elif proposal is None:
        text = "Not of a proposal"
    else:
        text = action(proposal, names)
    return QueueSlot(
        nonce=row.nonce,
        state=_state(row, proposal),
        is_rejection=bool(row.rejects_id),
        text=text,
        proposal=proposal.public_id if proposal else "",
        safe_tx_hash=row.safe_tx_hash,
        signatures=len(row.owners),
    )


def _state(row: Any, proposal: Proposal | None) -> SlotState:
    if row.status == "EXECUTED":
        return SlotState.EXECUTED
    if row.status == "REPLACED":
        return SlotState.REPLACED
    if row.status == "DEAD":
        return SlotState.DEAD
    if proposal is not None and proposal.state not in OPEN:
        return SlotState.SUPERSEDED
    return SlotState.LIVE
