"""What keeps triggers from firing, and assets from being traded back and forth (DE-9, T5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from treasury.core.amounts import exact
from treasury.core.decisions import RuleRecord, TriggerOutcome
from treasury.core.drift import AssetDrift
from treasury.core.types import Address
from treasury.engine.explanation import TIER, Rule, fraction_text, record, seconds_text
from treasury.engine.triggers.base import Sight, Standing, age, age_text

Forbidding = tuple[TriggerOutcome | None, tuple[RuleRecord, ...]]


def cooldown(sight: Sight) -> Forbidding:
    """DE-9: nothing fires within `cooldown_seconds` of the tier's latest proposal."""
    passed = age(sight.state.latest_proposal_at, sight.now)
    cooling = passed is not None and passed < sight.rule.cooldown_seconds
    limit = seconds_text(sight.rule.cooldown_seconds)
    entry = record(
        Rule.COOLDOWN,
        TIER,
        "waiting" if cooling else "clear",
        since_latest_proposal=age_text(passed),
        cooldown=limit,
    )
    if not cooling:
        return None, (entry,)
    return (
        TriggerOutcome(False, "COOLDOWN", "within the cool-down", age_text(passed), limit),
        (entry,),
    )


def daily_limit(sight: Sight) -> Iterable[Forbidding]:
    """DE-9: at most so many proposals in any 24 hours; nothing where the policy sets no limit."""
    limit, made = sight.rule.damping.max_proposals_per_day, sight.observed.proposals_in_day
    if limit == 0:
        return ()
    reached = made >= limit
    entry = record(
        Rule.DAILY_LIMIT,
        TIER,
        "reached" if reached else "clear",
        proposals_in_24_hours=str(made),
        limit=str(limit),
    )
    outcome = TriggerOutcome(
        False, "DAILY_LIMIT", "the day's proposals are made", str(made), str(limit)
    )
    return ((outcome if reached else None, (entry,)),)


def held_back(sight: Sight, standing: Standing) -> Standing:
    """The band with the reason why its asset may not be traded now in the direction it asks for."""
    drift = standing.drift
    if drift.absolute == 0:
        return standing
    return replace(standing, held=why_held(sight, drift, is_sale=drift.absolute > 0))


def held_directions(sight: Sight) -> tuple[tuple[Address, bool], ...]:
    """(asset, whether selling) of everything that may not be traded now."""
    return tuple(
        (drift.asset, is_sale)
        for drift in sight.drifts
        for is_sale in (True, False)
        if why_held(sight, drift, is_sale=is_sale)
    )


@exact
def why_held(sight: Sight, drift: AssetDrift, *, is_sale: bool) -> str:
    """Why the asset may not be sold (or bought) now; empty when it may."""
    if drift.asset == sight.settlement:
        return ""
    damping = sight.rule.damping
    done, undone = ("sold", "bought") if is_sale else ("bought", "sold")
    same = _since_move(sight, drift.asset, is_sale=is_sale)
    if same is not None and same < damping.asset_cooldown_seconds:
        return f"{done} {age_text(same)} ago"
    other = _since_move(sight, drift.asset, is_sale=not is_sale)
    is_far = (drift.absolute > 0) is is_sale and _is_far(drift)
    if other is not None and other < damping.flip_window_seconds and not is_far:
        return f"{undone} {age_text(other)} ago, and inside twice its band"
    return ""


def restraint_records(sight: Sight, standing: Standing) -> tuple[RuleRecord, ...]:
    """The numbers of both rules for an asset that was traded; nothing where neither is on."""
    drift, damping = standing.drift, sight.rule.damping
    if drift.asset == sight.settlement:
        return ()
    is_sale = drift.absolute > 0
    same = _since_move(sight, drift.asset, is_sale=is_sale)
    other = _since_move(sight, drift.asset, is_sale=not is_sale)
    found = []
    if damping.asset_cooldown_seconds and same is not None:
        found.append(
            record(
                Rule.ASSET_COOLDOWN,
                drift.asset,
                "waiting" if same < damping.asset_cooldown_seconds else "clear",
                direction="sell" if is_sale else "buy",
                since_same_trade=age_text(same),
                cooldown=seconds_text(damping.asset_cooldown_seconds),
            )
        )
    if damping.flip_window_seconds and other is not None:
        within = other < damping.flip_window_seconds
        found.append(
            record(
                Rule.FLIP,
                drift.asset,
                "waiting" if within and not _is_far(drift) else "clear",
                direction="sell" if is_sale else "buy",
                since_opposite_trade=age_text(other),
                window=seconds_text(damping.flip_window_seconds),
                drift=fraction_text(abs(drift.absolute)),
                needed=fraction_text(2 * drift.half_width),
            )
        )
    return tuple(found)


def _is_far(drift: AssetDrift) -> bool:
    return abs(drift.absolute) > Decimal(2) * drift.half_width


def _since_move(sight: Sight, asset: Address, *, is_sale: bool) -> int | None:
    times = [
        move.at
        for move in sight.observed.moves
        if move.asset == asset and move.is_sale is is_sale and move.at <= sight.now
    ]
    return age(max(times, default=None), sight.now)
