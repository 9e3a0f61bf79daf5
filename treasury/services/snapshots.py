"""All balances of a treasury at one block, valued at that block's prices."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction

from treasury.adapters.chain import ChainState, Pair, open_rpc, read_state
from treasury.core.amounts import quantize_usd, value_usd
from treasury.core.canonical import digest
from treasury.core.lots import total_usd
from treasury.core.types import NATIVE, Actor, ActorKind, Address, BlockRef
from treasury.models import (
    Asset,
    Position,
    Price,
    SafeAccount,
    Snapshot,
    TierAsset,
    TierNav,
    Treasury,
)
from treasury.selectors.portfolio import assets, tiers
from treasury.selectors.prices import prices_of
from treasury.services.prices import observe_prices
from treasury.services.record import record_audit

OBSERVER = Actor(ActorKind.SYSTEM, "treasury.take_snapshots")


@dataclass(frozen=True, slots=True)
class _Slot:
    """One balance that a snapshot keeps: of a pair, with the tier it belongs to, if any."""

    pair: Pair
    asset: Asset
    tier_id: int | None


def take_snapshot(*, treasury_id: int, block: BlockRef, rpc_url: str) -> Snapshot:
    """Every Safe's balance of every asset and the executor's native balance, in one multicall. A
    second call for the same block returns the first one's row.

    A position is kept when something is held or when a tier expects the asset there. NAV is null
    when something is held that has no price: a sum that leaves it out would look like a loss."""
    existing = Snapshot.objects.filter(treasury_id=treasury_id, block_hash=block.hash).first()
    if existing is not None:
        return existing
    observe_prices(treasury_id=treasury_id, block=block, rpc_url=rpc_url)
    slots = _slots(treasury_id)
    with open_rpc(rpc_url) as rpc:
        state = read_state(rpc, [slot.pair for slot in slots], block=block)
    with transaction.atomic():
        treasury = Treasury.objects.select_for_update(no_key=True).get(id=treasury_id)
        existing = Snapshot.objects.filter(treasury=treasury, block_hash=block.hash).first()
        return existing or _store(treasury, slots, state)


def _slots(treasury_id: int) -> list[_Slot]:
    """Pairs to read, without duplicates, in a stable order."""
    treasury = Treasury.objects.get(id=treasury_id)
    owners = {
        (row.safe_id, row.asset_id): row.tier_id
        for row in TierAsset.objects.filter(tier__treasury=treasury)
    }
    known = list(assets(treasury_id))
    slots = [
        _Slot(
            Pair(Address(safe.address), Address(asset.address)),
            asset,
            owners.get((safe.id, asset.id)),
        )
        for safe in SafeAccount.objects.filter(treasury=treasury).order_by("id")
        for asset in known
    ]
    executor = Address(treasury.executor_address)
    tank = [
        _Slot(Pair(executor, NATIVE), asset, None) for asset in known if asset.address == NATIVE
    ]
    return slots + tank


def _store(treasury: Treasury, slots: list[_Slot], state: ChainState) -> Snapshot:
    block = state.block
    prices = prices_of(asset_ids={slot.asset.id for slot in slots}, block_hash=block.hash)
    positions = [
        _position(slot, units, prices.get(slot.asset.id))
        for slot, units in zip(slots, state.units, strict=True)
        if units > 0 or slot.tier_id is not None or slot.pair.holder == treasury.executor_address
    ]
    snapshot = Snapshot.objects.create(
        treasury=treasury,
        block_number=block.number,
        block_hash=block.hash,
        block_timestamp=block.timestamp,
        base_fee_wei=state.base_fee_wei,
        nav_usd=_nav(positions),
        round_trips=state.round_trips,
    )
    for position in positions:
        position.snapshot = snapshot
    Position.objects.bulk_create(positions)
    TierNav.objects.bulk_create(
        TierNav(
            snapshot=snapshot,
            tier=tier,
            nav_usd=_nav([item for item in positions if item.tier_id == tier.id]),
        )
        for tier in tiers(treasury.id)
    )
    record_audit(
        actor=OBSERVER,
        action="snapshot.taken",
        object_type="snapshot",
        object_id=snapshot.public_id,
        block=block,
        after={"nav_usd": snapshot.nav_usd, "positions_digest": _digest(positions)},
    )
    return snapshot


def _position(slot: _Slot, units: int, price: Price | None) -> Position:
    value = Decimal(0) if units == 0 else None
    if price is not None and price.price_usd is not None:
        value = quantize_usd(
            value_usd(units=units, decimals=slot.asset.decimals, price_usd=price.price_usd)
        )
    return Position(
        holder=slot.pair.holder,
        asset=slot.asset,
        tier_id=slot.tier_id,
        units=units,
        price=price,
        value_usd=value,
    )


def _nav(positions: list[Position]) -> Decimal | None:
    values = [item.value_usd for item in positions]
    known = [value for value in values if value is not None]
    return total_usd(known) if len(known) == len(values) else None


def _digest(positions: list[Position]) -> str:
    return digest([[item.holder, item.asset.address, item.units] for item in positions])
