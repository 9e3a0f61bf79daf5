"""What exists and what a tier holds at a snapshot."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from django.db.models import Exists, Max, OuterRef, Q, QuerySet, Subquery

from treasury.core.decisions import PriceGap
from treasury.core.policies import TierPolicy
from treasury.core.types import Address, BlockRef, Holding, Portfolio
from treasury.models import (
    Asset,
    PolicyVersion,
    Position,
    Price,
    SafeAccount,
    SafeKind,
    Snapshot,
    Tier,
    TierAsset,
    Treasury,
)
from treasury.selectors.policies import NoPolicyInForceError, policy_in_force
from treasury.selectors.prices import DEFAULT_RULES, price_gaps, prices_of


def treasuries() -> QuerySet[Treasury]:
    return Treasury.objects.order_by("id")


def tiers(treasury_id: int) -> QuerySet[Tier]:
    return Tier.objects.filter(treasury_id=treasury_id).select_related("safe").order_by("id")


def tiers_of(treasury_ids: Iterable[int]) -> QuerySet[Tier]:
    return Tier.objects.filter(treasury_id__in=list(treasury_ids)).order_by("name", "id")


def latest_block_time(treasury_ids: Iterable[int]) -> int:
    """Of the latest snapshot of any of them; 0 before the first one."""
    rows = Snapshot.objects.filter(treasury_id__in=list(treasury_ids))
    found = rows.aggregate(at=Max("block_timestamp"))["at"]
    return found or 0


def tier_by_id(tier_id: int) -> Tier:
    return Tier.objects.select_related("safe", "treasury").get(id=tier_id)


def main_safes() -> QuerySet[SafeAccount]:
    """The main Safe of every treasury."""
    return SafeAccount.objects.filter(kind=SafeKind.MAIN).select_related("treasury").order_by("id")


def signing_safes() -> QuerySet[SafeAccount]:
    """Safes whose owners are people: main and operator Safes, of every treasury."""
    people_own = [SafeKind.MAIN, SafeKind.OPERATOR]
    return SafeAccount.objects.filter(kind__in=people_own).order_by("id")


def safes_of(treasury_id: int) -> QuerySet[SafeAccount]:
    """Every Safe of the treasury, of any kind."""
    return SafeAccount.objects.filter(treasury_id=treasury_id).order_by("id")


def safe_by_address(*, treasury_id: int, address: Address) -> SafeAccount:
    return SafeAccount.objects.get(treasury_id=treasury_id, address=address)


def safes_at(*, address: Address) -> QuerySet[SafeAccount]:
    """The treasuries' rows of one Safe."""
    return SafeAccount.objects.filter(address=address).select_related("treasury").order_by("id")


def asset_by_address(*, treasury_id: int, address: Address) -> Asset:
    return Asset.objects.get(treasury_id=treasury_id, address=address)


def assets(treasury_id: int) -> QuerySet[Asset]:
    return Asset.objects.filter(treasury_id=treasury_id).order_by("id")


def assets_of(treasury_ids: Iterable[int]) -> QuerySet[Asset]:
    """Of several treasuries."""
    return Asset.objects.filter(treasury_id__in=list(treasury_ids)).order_by("id")


def tier_assets(tier_id: int) -> QuerySet[TierAsset]:
    return (
        TierAsset.objects.filter(tier_id=tier_id).select_related("asset").order_by("asset__address")
    )


def tier_portfolio(*, tier_id: int, snapshot_id: int) -> tuple[Portfolio, tuple[PriceGap, ...]]:
    """What the tier held at the snapshot, valued at the block's prices, and which of its assets
    have no price good enough for its policy.

    Every asset of the tier is there, held or not. An asset without any price stands with price 0
    and is named among the gaps, which forbid trading; so does an asset whose price has fewer or
    less agreeing sources than the tier's policy wants."""
    snapshot = Snapshot.objects.get(id=snapshot_id)
    block = BlockRef(snapshot.block_number, snapshot.block_hash, snapshot.block_timestamp)
    tier = tier_by_id(tier_id)
    of_tier = [row.asset for row in tier_assets(tier_id)]
    held = dict(
        Position.objects.filter(
            snapshot_id=snapshot_id, holder=tier.safe.address, asset__in=of_tier
        ).values_list("asset_id", "units")
    )
    prices = prices_of(asset_ids=[asset.id for asset in of_tier], block_hash=block.hash)
    holdings = tuple(
        Holding(
            asset=Address(asset.address),
            symbol=asset.symbol,
            decimals=asset.decimals,
            units=held.get(asset.id, 0),
            price_usd=_price_or_zero(prices.get(asset.id)),
        )
        for asset in of_tier
    )
    policy = _policy(tier_id, block.timestamp)
    wanted = {target.asset for target in policy.targets} if policy else set()
    needed = [asset for asset in of_tier if asset.address in wanted or held.get(asset.id, 0) > 0]
    rules = policy.prices if policy else DEFAULT_RULES
    return Portfolio(block, holdings), price_gaps(assets=needed, block=block, rules=rules)


def holdings_by_tier(*, treasury_id: int) -> dict[int, tuple[Holding, ...]]:
    """By the tier's row: what `tier_portfolio` says it holds at the latest snapshot, for all tiers
    in one query. An asset without a price stands with price 0; which prices are good enough is not
    asked. Empty before the first snapshot."""
    newest = Snapshot.objects.filter(treasury_id=treasury_id).order_by("-block_number", "-id")
    held = Position.objects.filter(
        snapshot_id=Subquery(newest.values("pk")[:1]),
        holder=OuterRef("tier__safe__address"),
        asset_id=OuterRef("asset_id"),
    )
    price = Price.objects.filter(
        asset_id=OuterRef("asset_id"), block_hash=Subquery(newest.values("block_hash")[:1])
    )
    rows = (
        TierAsset.objects.filter(Exists(newest), tier__treasury_id=treasury_id)
        .annotate(held=Subquery(held.values("units")[:1]))
        .annotate(price=Subquery(price.values("price_usd")[:1]))
        .select_related("asset")
        .order_by("asset__address")
    )
    found: dict[int, tuple[Holding, ...]] = {}
    for row in rows:
        holding = Holding(
            asset=Address(row.asset.address),
            symbol=row.asset.symbol,
            decimals=row.asset.decimals,
            units=int(row.held or 0),
            price_usd=row.price or Decimal(0),
        )
        found[row.tier_id] = (*found.get(row.tier_id, ()), holding)
    return found


def policy_hashes(*, treasury_id: int) -> set[str]:
    """Of every policy version that any tier of the treasury ever had."""
    rows = PolicyVersion.objects.filter(tier__treasury_id=treasury_id)
    return set(rows.values_list("document_hash", flat=True))


def _policy(tier_id: int, now: int) -> TierPolicy | None:
    try:
        return policy_in_force(tier_id=tier_id, now=now)[1]
    except NoPolicyInForceError:
        return None


def _price_or_zero(price: Price | None) -> Decimal:
    return Decimal(0) if price is None or price.price_usd is None else price.price_usd


def treasury_named(name: str) -> Treasury:
    """By name or public id; "" stands for the only one. Raises Treasury.DoesNotExist otherwise."""
    if name:
        return Treasury.objects.get(Q(name=name) | Q(public_id=name))
    found = list(treasuries()[:2])
    if len(found) != 1:
        raise Treasury.DoesNotExist(f"{len(found)} treasuries")
    return found[0]
