"""What exists: treasuries, Safes, assets with decimals pinned from the chain, tiers."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from treasury.adapters.chain import TokenFacts, open_rpc, read_token
from treasury.core.types import NATIVE, Actor, Address, BlockRef
from treasury.models import (
    Asset,
    AssetKind,
    SafeAccount,
    SafeKind,
    Tier,
    TierAsset,
    Treasury,
)
from treasury.services.record import record_audit

__all__ = [
    "AssetKind",
    "AssetMismatchError",
    "SafeKind",
    "add_asset",
    "add_safe",
    "assign_asset",
    "create_tier",
    "create_treasury",
]


class AssetMismatchError(ValueError):
    """The chain says otherwise than the person who adds the asset."""

    problem_code = "asset_mismatch"


def create_treasury(
    *,
    name: str,
    chain_id: int,
    executor_address: Address,
    actor: Actor,
    block: BlockRef | None = None,
) -> Treasury:
    with transaction.atomic():
        row = Treasury.objects.create(
            name=name, chain_id=chain_id, executor_address=executor_address
        )
        after = {"name": name, "chain_id": chain_id, "executor_address": executor_address}
        _record(actor, "treasury.created", "treasury", row.public_id, block, after)
    return row


def add_safe(
    *,
    treasury_id: int,
    name: str,
    address: Address,
    kind: SafeKind,
    actor: Actor,
    modifier_address: Address | None = None,
    version: str = "1.4.1",
    block: BlockRef | None = None,
) -> SafeAccount:
    """Takes the caller's word for owners and threshold: those are read from the chain when
    used."""
    with transaction.atomic():
        row = SafeAccount.objects.create(
            treasury_id=treasury_id,
            name=name,
            address=address,
            kind=kind,
            version=version,
            modifier_address=modifier_address or "",
        )
        after = {"name": name, "address": address, "kind": str(kind), "modifier": modifier_address}
        _record(actor, "safe.added", "safe", row.public_id, block, after)
    return row


def add_asset(
    *,
    treasury_id: int,
    address: Address,
    decimals: int,
    rpc_url: str,
    actor: Actor,
    kind: AssetKind = AssetKind.ERC20,
    symbol: str = "",
    underlying_id: int | None = None,
    issuer: str = "",
    peg: str = "",
    block: BlockRef | None = None,
) -> Asset:
    """Pins the decimals. They are read from the chain and must equal what the person says: a wrong
    exponent is a wrong amount by powers of ten. `symbol` names the asset where the contract gives
    none or an ambiguous one. NATIVE stands for the chain's currency. `issuer` and `peg` are what
    the person declares of a token that somebody stands behind."""
    with open_rpc(rpc_url) as rpc:
        found: TokenFacts = read_token(rpc, address, block=block)
    if found.decimals != decimals:
        raise AssetMismatchError(
            f"{address} has {found.decimals} decimals on the chain, not {decimals}"
        )
    row = Asset(
        treasury_id=treasury_id,
        address=address,
        symbol=(symbol or found.symbol)[:24],
        decimals=found.decimals,
        kind=AssetKind.NATIVE if address == NATIVE else kind,
        underlying_id=underlying_id,
        issuer=issuer,
        peg=peg,
    )
    with transaction.atomic():
        row.save(force_insert=True)
        after = {
            "address": address,
            "symbol": row.symbol,
            "decimals": row.decimals,
            "issuer": issuer,
            "peg": peg,
        }
        _record(actor, "asset.added", "asset", row.public_id, block, after)
    return row


def create_tier(
    *,
    treasury_id: int,
    name: str,
    objective: str,
    safe_id: int,
    actor: Actor,
    role_key: str = "",
    member_address: Address | None = None,
    block: BlockRef | None = None,
) -> Tier:
    with transaction.atomic():
        row = Tier.objects.create(
            treasury_id=treasury_id,
            name=name,
            objective=objective,
            safe=SafeAccount.objects.get(id=safe_id, treasury_id=treasury_id),
            role_key=role_key,
            member_address=member_address or "",
        )
        after = {"name": name, "safe": row.safe.address, "role_key": role_key}
        _record(actor, "tier.created", "tier", row.public_id, block, after)
    return row


def assign_asset(
    *, tier_id: int, asset_id: int, actor: Actor, block: BlockRef | None = None
) -> TierAsset:
    """Gives the pair (the tier's Safe, asset) to the tier; a pair belongs to one tier only."""
    with transaction.atomic():
        tier = Tier.objects.select_related("safe").get(id=tier_id)
        asset = Asset.objects.get(id=asset_id, treasury_id=tier.treasury_id)
        row = TierAsset.objects.create(tier=tier, safe=tier.safe, asset=asset)
        after = {"safe": tier.safe.address, "asset": asset.address}
        _record(actor, "tier.asset_assigned", "tier", tier.public_id, block, after)
    return row


def _record(
    actor: Actor,
    action: str,
    object_type: str,
    object_id: str,
    block: BlockRef | None,
    after: Mapping[str, object],
) -> None:
    record_audit(
        actor=actor,
        action=action,
        object_type=object_type,
        object_id=object_id,
        block=block,
        after=dict(after),
    )
