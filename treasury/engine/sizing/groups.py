"""Assets that move together count as one: only their sum is tested against the portfolio (DE-4).

Inside a group each member is tested against its share of what the group holds, so that opposite
drifts of members cost nothing as long as their own bands allow them (DE-17). Weights are exact
fractions of V without reserves. Not done: netting across tiers (DE-16), correlations (which assets
move together is the policy's word).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from treasury.core.amounts import BPS, exact
from treasury.core.decisions import RuleRecord
from treasury.core.drift import AssetDrift, band_half_width
from treasury.core.policies import Group, Scope
from treasury.core.types import Address
from treasury.engine.destination import NO_BOUNDS, Bounds, Destination, solve_destination
from treasury.engine.explanation import Rule, fraction_text, record, usd_text
from treasury.engine.sizing.cash_flow import drain, fill

Drifts = Mapping[Address, AssetDrift]


def group_key(group: Group) -> Address:
    """Stands where an asset's address stands; no address looks like it."""
    return Address(f"group:{group.name}")


@exact
def tested_drifts(
    *, drifts: tuple[AssetDrift, ...], groups: tuple[Group, ...]
) -> tuple[AssetDrift, ...]:
    """What is held against a band: each group, followed by its members as seen from inside, and the
    assets of no group. `drifts`: one per asset, in the policy's order, which is kept. A group that
    wants nothing in sum is none: its members stand for themselves."""
    by_asset = {drift.asset: drift for drift in drifts}
    group_of = {
        asset: group for group in groups if _target(group, by_asset) for asset in group.assets
    }
    found: dict[Address, AssetDrift] = {}
    for drift in drifts:
        group = group_of.get(drift.asset)
        if group is None:
            found[drift.asset] = drift
        elif group_key(group) not in found:
            found.update({item.asset: item for item in _of_group(group, by_asset)})
    return tuple(found.values())


def _of_group(group: Group, by_asset: Drifts) -> Iterable[AssetDrift]:
    weight = sum((by_asset[asset].weight for asset in group.assets), Decimal(0))
    target = _target(group, by_asset)
    half_width = band_half_width(band=group.band, weight_bps=int(target * BPS))
    yield AssetDrift(group_key(group), weight, target, half_width, group.name)
    for asset in group.assets:
        member = by_asset[asset]
        yield replace(member, target=member.target * weight / target)


def _target(group: Group, by_asset: Drifts) -> Decimal:
    return sum((by_asset[asset].target for asset in group.assets), Decimal(0))


@exact
def solve_grouped(
    *,
    drifts: tuple[AssetDrift, ...],
    tested: tuple[AssetDrift, ...],
    groups: tuple[Group, ...],
    scope: Scope,
    worst_count: int,
    destination_bps: int,
    bounds: Mapping[Address, Bounds] = NO_BOUNDS,
    inside: bool = True,
) -> Destination:
    """Wanted weights by asset. First groups and lone assets among each other (DE-10..12), then each
    group's change goes to the members that are farthest on its way, and only members that are
    outside their own bands then are traded inside the group. `tested` as `tested_drifts` made it of
    `drifts`, with what hysteresis still counts as broken. Without `inside` members are not traded
    for each other: all of a group moves one way."""
    by_key = {drift.asset: drift for drift in tested}
    by_asset = {drift.asset: drift for drift in drifts}
    active = [group for group in groups if group_key(group) in by_key]
    inner = {asset for group in active for asset in group.assets}
    outer = solve_destination(
        drifts=tuple(drift for drift in tested if drift.asset not in inner),
        scope=scope,
        worst_count=worst_count,
        destination_bps=destination_bps,
        bounds={**bounds, **{group_key(group): _sum(group, bounds) for group in active}},
    )
    weights, scoped, unplaced = dict(outer.weights), list(outer.scoped), outer.unplaced
    for group in active:
        total = weights.pop(group_key(group))
        members = tuple(by_asset[asset] for asset in group.assets)
        moved = _shared(members, total - by_key[group_key(group)].weight, bounds)
        if not inside:
            weights.update(moved)
            continue
        scale = total / _target(group, by_asset)
        found = solve_destination(
            drifts=tuple(
                replace(
                    by_key[member.asset],
                    weight=moved[member.asset],
                    target=member.target * scale,
                )
                for member in members
            ),
            scope=Scope.BREACHED,
            worst_count=worst_count,
            destination_bps=destination_bps,
            bounds=bounds,
        )
        weights.update(found.weights)
        scoped += found.scoped
        unplaced += found.unplaced
    return Destination(tuple(scoped), weights, outer.residual, unplaced)


@exact
def group_records(
    *,
    drifts: tuple[AssetDrift, ...],
    groups: tuple[Group, ...],
    wanted: Mapping[Address, Decimal],
    total_usd: Decimal,
) -> Iterable[RuleRecord]:
    """Each group with what its members' opposite drifts would have cost to trade: `cancelled` is
    the part of them that stays as it is (DE-17)."""
    by_asset = {drift.asset: drift for drift in drifts}
    for group in groups:
        members = [by_asset[asset] for asset in group.assets]
        weight = sum((member.weight for member in members), Decimal(0))
        target = _target(group, by_asset)
        opposite = _crossing(member.absolute for member in members)
        traded = _crossing(wanted[member.asset] - member.weight for member in members)
        half_width = band_half_width(band=group.band, weight_bps=int(target * BPS))
        yield record(
            Rule.GROUP,
            group.name,
            "breached" if abs(weight - target) > half_width else "inside",
            weight=fraction_text(weight),
            target=fraction_text(target),
            band=fraction_text(half_width),
            wanted=fraction_text(sum((wanted[asset] for asset in group.assets), Decimal(0))),
            cancelled=usd_text(max(opposite - traded, Decimal(0)) * total_usd),
        )


def _crossing(amounts: Iterable[Decimal]) -> Decimal:
    """The smaller of what is above and what is below zero, in sum."""
    known = list(amounts)
    above = sum((amount for amount in known if amount > 0), Decimal(0))
    return min(above, above - sum(known, Decimal(0)))


def _sum(group: Group, bounds: Mapping[Address, Bounds]) -> Bounds:
    each = [bounds.get(asset, Bounds()) for asset in group.assets]
    low = sum((item.low for item in each), Decimal(0))
    return Bounds(low, min(Decimal(1), sum((item.high for item in each), Decimal(0))))


def _shared(
    members: tuple[AssetDrift, ...], change: Decimal, bounds: Mapping[Address, Bounds]
) -> dict[Address, Decimal]:
    """The members' weights after the group's change, which goes to those that lack most (have most)
    of their targets (DE-14's rule). A member at its bound leaves its part to the others; what none
    can take stays undone."""
    weights = {member.asset: member.weight for member in members}
    free, left = list(members), change
    while free and left:
        values = {member.asset: weights[member.asset] for member in free}
        targets = {member.asset: member.target for member in free}
        parts = fill(values, targets, left) if left > 0 else drain(values, targets, -left)
        stuck = []
        for member in free:
            limits = bounds.get(member.asset, Bounds())
            aim = weights[member.asset] + (1 if left > 0 else -1) * parts[member.asset]
            weights[member.asset] = min(max(aim, limits.low), limits.high)
            if weights[member.asset] != aim:
                stuck.append(member)
        left = change - sum((weights[item.asset] - item.weight for item in members), Decimal(0))
        if not stuck:
            break
        free = [member for member in free if member not in stuck]
    return weights
