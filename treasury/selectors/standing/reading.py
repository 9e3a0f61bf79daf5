"""How treasuries stand at their latest snapshots: what each tier holds against its policy.

A fixed number of queries, however many treasuries, tiers and assets there are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject

from treasury.core.amounts import to_decimal
from treasury.core.drift import AssetDrift
from treasury.core.policies import Mode, TierPolicy
from treasury.core.revival import READING_ERRORS
from treasury.core.risk import Exposure
from treasury.core.types import Address, BlockRef, Holding, Portfolio
from treasury.engine.valuation import tier_view
from treasury.models import (
    AssetKind,
    Decision,
    JournalEntry,
    PolicyVersion,
    Position,
    PriceObservation,
    Snapshot,
    Tier,
    Treasury,
)
from treasury.selectors.policies import readable_policy
from treasury.selectors.standing.shapes import (
    Allowance,
    BandLine,
    DecisionRef,
    PolicyRef,
    PriceLine,
    SourceAnswer,
    Standing,
    TierStanding,
)


def standings(treasury_ids: Iterable[int]) -> tuple[Standing, ...]:
    """In the order of the treasuries' ids; three queries, one more for those without a snapshot."""
    wanted = sorted(treasury_ids)
    snapshots = {row.treasury_id: row for row in _snapshots(wanted)}
    rows = {treasury_id: row.treasury for treasury_id, row in snapshots.items()}
    if len(rows) < len(wanted):
        rows |= Treasury.objects.in_bulk([pk for pk in wanted if pk not in rows])
    held: dict[int, list[Any]] = {}
    for position in _positions([row.pk for row in snapshots.values()]):
        held.setdefault(position.snapshot_id, []).append(position)
    tiers: dict[int, list[Any]] = {}
    for tier in _tiers(wanted, snapshots):
        tiers.setdefault(tier.treasury_id, []).append(tier)
    return tuple(
        _standing(
            rows[pk],
            snapshots.get(pk),
            held.get(snapshots[pk].pk, []) if pk in snapshots else [],
            tiers.get(pk, []),
        )
        for pk in wanted
        if pk in rows
    )


def _snapshots(wanted: list[int]) -> QuerySet[Any]:
    """The latest of each treasury."""
    newest = Snapshot.objects.filter(treasury_id=OuterRef("pk")).order_by("-block_number", "-id")
    latest = Treasury.objects.filter(pk__in=wanted).values_list(Subquery(newest.values("pk")[:1]))
    entries = JournalEntry.objects.filter(treasury_id=OuterRef("treasury_id")).order_by("sequence")
    return (
        Snapshot.objects.filter(pk__in=latest)
        .select_related("treasury")
        .annotate(books_since=Subquery(entries.values("occurred_at")[:1]))
    )


def _positions(snapshot_ids: list[int]) -> QuerySet[Any]:
    """With what each price source said for the snapshot's block."""
    said = PriceObservation.objects.filter(
        source__asset_id=OuterRef("asset_id"), block_hash=OuterRef("snapshot__block_hash")
    ).order_by("source__name")
    answer = JSONObject(
        source="source__name",
        is_accepted="is_accepted",
        observed_at="observed_at",
        reason="reason",
    )
    return (
        Position.objects.filter(snapshot_id__in=snapshot_ids)
        .select_related("asset__underlying", "price")
        .annotate(answers=ArraySubquery(said.values(json=answer)))
        .order_by("snapshot_id", "id")
    )


def _tiers(wanted: list[int], snapshots: Mapping[int, Snapshot]) -> QuerySet[Any]:
    """With the policy in force at the latest snapshot of any of the treasuries (versions are not
    published seconds apart), and the latest evaluation."""
    now = max((row.block_timestamp for row in snapshots.values()), default=0)
    versions = PolicyVersion.objects.filter(tier_id=OuterRef("pk"), effective_at__lte=now)
    decisions = Decision.objects.filter(tier_id=OuterRef("pk")).order_by("-id")
    policy = JSONObject(
        public_id="public_id",
        number="number",
        effective_at="effective_at",
        digest="document_hash",
        document="document",
    )
    decision = JSONObject(
        id="id",
        public_id="public_id",
        outcome="outcome",
        is_fired="is_fired",
        trigger_kind="trigger_kind",
        reason="trigger_reason",
        at="snapshot__block_timestamp",
        block="snapshot__block_number",
        result="result",
    )
    return (
        Tier.objects.filter(treasury_id__in=wanted)
        .select_related("safe", "treasury")
        .annotate(
            policy_json=Subquery(versions.order_by("-number").values(json=policy)[:1]),
            decision_json=Subquery(decisions.values(json=decision)[:1]),
        )
        .order_by("treasury_id", "id")
    )


def _standing(row: Any, snapshot: Any | None, held: list[Any], tiers: list[Any]) -> Standing:
    block = (
        BlockRef(snapshot.block_number, snapshot.block_hash, snapshot.block_timestamp)
        if snapshot
        else BlockRef(0, "", 0)
    )
    return Standing(
        row=row,
        snapshot=snapshot,
        books_since=snapshot.books_since if snapshot else None,
        tiers=tuple(
            _tier(tier, [item for item in held if item.tier_id == tier.pk], block) for tier in tiers
        ),
        exposures=tuple(_exposure(item) for item in held if item.value_usd),
        prices=_prices(held),
        vaults=_vaults(held),
    )


def _exposure(position: Position) -> Exposure:
    asset = position.asset
    beneath = asset.underlying or asset
    return Exposure(
        asset=beneath.address,
        value_usd=position.value_usd or Decimal(0),
        issuer=asset.issuer or beneath.issuer,
        protocol=asset.symbol if asset.kind == AssetKind.VAULT_SHARE else "",
        peg=asset.peg or beneath.peg,
    )


def _prices(held: list[Any]) -> tuple[PriceLine, ...]:
    """One line per asset, by symbol, however many Safes hold it."""
    found = {
        item.asset_id: PriceLine(
            asset=Address(item.asset.address),
            symbol=item.asset.symbol,
            decimals=item.asset.decimals,
            price_usd=item.price.price_usd if item.price else None,
            observed_at=item.price.observed_at if item.price else None,
            reason=_price_reason(item),
            answers=tuple(SourceAnswer(**answer) for answer in item.answers),
        )
        for item in held
    }
    return tuple(sorted(found.values(), key=lambda line: line.symbol))


def _vaults(held: list[Any]) -> tuple[tuple[Address, Address], ...]:
    pairs = {
        (Address(item.asset.address), Address(item.asset.underlying.address))
        for item in held
        if item.asset.kind == AssetKind.VAULT_SHARE and item.asset.underlying and item.units
    }
    return tuple(sorted(pairs))


# ------------------------------------------------------------------------------------ one tier
def _tier(row: Any, held: list[Position], block: BlockRef) -> TierStanding:
    policy = readable_policy(row.policy_json["document"]) if row.policy_json else None
    values = [item.value_usd for item in held]
    known = [value for value in values if value is not None]
    return TierStanding(
        row=row,
        nav_usd=sum(known, Decimal(0)) if held and len(known) == len(values) else None,
        lines=_lines(held, policy, block),
        policy=policy,
        version=_version(row.policy_json) if row.policy_json else None,
        decision=_decision(row.decision_json) if row.decision_json else None,
        allowances=_allowances(row, policy, held),
    )


def _lines(
    held: list[Position], policy: TierPolicy | None, block: BlockRef
) -> tuple[BandLine, ...]:
    drifts = _drifts(held, policy, block)
    targets = {target.asset: target.weight_bps for target in policy.targets} if policy else {}
    lines = [
        BandLine(
            asset=Address(item.asset.address),
            symbol=item.asset.symbol,
            tokens=to_decimal(units=item.units, decimals=item.asset.decimals),
            price_usd=item.price.price_usd if item.price else None,
            price_reason=_price_reason(item),
            value_usd=item.value_usd,
            target_bps=targets.get(Address(item.asset.address)),
            drift=drifts.get(Address(item.asset.address)),
        )
        for item in held
    ]
    return tuple(sorted(lines, key=lambda line: (-(line.target_bps or 0), line.symbol)))


def _price_reason(item: Position) -> str:
    if item.price is None:
        return "never observed at this block"
    return item.price.reason


def _drifts(
    held: list[Position], policy: TierPolicy | None, block: BlockRef
) -> dict[Address, AssetDrift]:
    """Of every target, as the engine weighs them; none when a price of a target is missing."""
    holdings = tuple(_holding(item) for item in held)
    if policy is None or any(holding is None for holding in holdings):
        return {}
    portfolio = Portfolio(block, tuple(holding for holding in holdings if holding is not None))
    if not {target.asset for target in policy.targets} <= {h.asset for h in portfolio.holdings}:
        return {}
    view = tier_view(portfolio=portfolio, policy=policy)
    if view.total_usd == 0:
        return {}
    return {position.asset: position.drift for position in view.positions}


def _holding(item: Position) -> Holding | None:
    if item.price is None or item.price.price_usd is None:
        return None
    return Holding(
        asset=Address(item.asset.address),
        symbol=item.asset.symbol,
        decimals=item.asset.decimals,
        units=item.units,
        price_usd=item.price.price_usd,
    )


def _version(found: dict[str, Any]) -> PolicyRef:
    return PolicyRef(found["public_id"], found["number"], found["effective_at"], found["digest"])


def _decision(found: dict[str, Any]) -> DecisionRef:
    """A result that somebody changed so that it cannot be read has no cost here; its proposal's
    page says what is wrong with it, and the others must not fall with it."""
    try:
        trades = json.loads(found.pop("result"))["trades"]
        costs = [sum(map(Decimal, trade["cost"].values()), Decimal(0)) for trade in trades]
    except READING_ERRORS:
        costs = []
    return DecisionRef(**found, cost_usd=sum(costs, Decimal(0)) if costs else None)


def _allowances(row: Any, policy: TierPolicy | None, held: list[Position]) -> tuple[Allowance, ...]:
    """What the policy says that the role allows; the engine stops when the chain says otherwise."""
    if policy is None or policy.mode is Mode.MANUAL or not row.member_address:
        return ()
    by_asset = {Address(item.asset.address): item for item in held}
    left = {asset: item.units for asset, item in by_asset.items()}
    found = []
    for limit in policy.unit_limits:
        item = by_asset.get(limit.asset)
        if item is None:  # an allowance for what the tier does not hold
            continue
        units = min(max(limit.refill_units, limit.max_refill_units), left[limit.asset])
        left[limit.asset] -= units
        price = item.price.price_usd if item.price else None
        tokens = to_decimal(units=units, decimals=item.asset.decimals)
        most = max(limit.refill_units, limit.max_refill_units)
        found.append(
            Allowance(
                key=limit.allowance_key,
                symbol=item.asset.symbol,
                tokens=to_decimal(units=most, decimals=item.asset.decimals),
                period_seconds=limit.period_seconds,
                value_usd=None if price is None else tokens * price,
            )
        )
    return tuple(found)
