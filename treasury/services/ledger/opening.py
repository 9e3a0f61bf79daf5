"""What was there before Ballast: one lot per holding, at fair value of a snapshot."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from treasury.core.entries import EntrySource, opening
from treasury.core.journal import AccountKey, AccountKind, EntryDraft
from treasury.core.types import NATIVE, Actor, Address
from treasury.models import JournalEntry, Position, Snapshot
from treasury.selectors.lots import booked_units
from treasury.selectors.snapshots import block_of
from treasury.selectors.snapshots import positions as positions_of
from treasury.services.ledger.posting import post_entries


def open_books(*, treasury_id: int, snapshot_id: int, actor: Actor) -> list[JournalEntry]:
    """Books every holding of the snapshot that the books do not know yet, and returns the
    openings. Calling it again changes nothing; after a new asset it books just that one. A holding
    without a price opens at cost 0 and is marked incomplete (AC-6). Historic costs are not done:
    this is the fair value on the day that Ballast begins."""
    snapshot = Snapshot.objects.select_related("treasury").get(
        id=snapshot_id, treasury_id=treasury_id
    )
    booked = booked_units(treasury_id=treasury_id)
    drafts = [
        _draft(snapshot, position)
        for position in positions_of(snapshot_id)
        if position.units > 0
        and (Address(position.holder), Address(position.asset.address)) not in booked
    ]
    return post_entries(
        treasury_id=treasury_id,
        drafts=drafts,
        proposal_ref="",
        safe_tx_hash="",
        actor=actor,
        block=block_of(snapshot),
    )


def _draft(snapshot: Snapshot, position: Position) -> EntryDraft:
    treasury, holder = snapshot.treasury, Address(position.holder)
    asset = Address(position.asset.address)
    draft = opening(
        source=EntrySource(
            external_ref=f"{treasury.chain_id}:OPENING:{holder}:{asset}",
            occurred_at=snapshot.block_timestamp,
            description=f"Opening balance of {position.asset.symbol}",
            block_number=snapshot.block_number,
        ),
        holder=holder,
        asset=asset,
        units=position.units,
        cost_usd=position.value_usd or Decimal(0),
        acquired_at=snapshot.block_timestamp,
    )
    if position.value_usd is None:
        draft = replace(draft, cost_basis_incomplete=True)
    if asset == NATIVE and holder == treasury.executor_address:
        draft = _in_gas_tank(draft, holder)
    return draft


def _in_gas_tank(draft: EntryDraft, executor: Address) -> EntryDraft:
    """The executor's currency is a stock of gas and no Safe's holding."""
    tank = AccountKey(AccountKind.GAS_TANK, executor, NATIVE)
    return replace(
        draft,
        postings=tuple(
            replace(line, account=tank) if line.units is not None else line
            for line in draft.postings
        ),
    )
