"""What of a policy the back-test reaches: the rules' part, and the kernel's part of that.

The rules replay whatever follows from prices, time and earlier trades. A field that came later
(`canonical.LATER`) is refused until it is named here: its inputs (events, yields, covariances) may
not be in a price table, and a silent "never fires" would be a wrong answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from itertools import pairwise

from treasury.core.amounts import BPS, exact
from treasury.core.backtests.price_tables import PriceTable
from treasury.core.backtests.results import BacktestSettings
from treasury.core.canonical import came_later, plain
from treasury.core.policies import Scope, TierPolicy, TriggerKind
from treasury.core.types import Address

REPLAYED_LATER = frozenset(
    {
        "/solver",
        "/groups",
        "/trigger/calendar/cron",
        "/trigger/calendar/time_zone",
        "/trigger/calendar/full_reset_days",
        "/trigger/damping/hysteresis_bps",
        "/trigger/damping/confirm_count",
        "/trigger/damping/confirm_of",
        "/trigger/damping/confirm_seconds",
        "/trigger/damping/asset_cooldown_seconds",
        "/trigger/damping/flip_window_seconds",
        "/trigger/damping/max_proposals_per_day",
        "/trigger/events/price_move_bps",
        "/trigger/events/price_move_seconds",
        "/trigger/events/volatility_bps",
        "/trigger/events/volatility_seconds",
    }
)
"""Pointers of fields that came later and that the rules replay."""
ROUNDING = Decimal("1E-15")
"""A base unit worth more of the first value than this would be seen beside floats."""


def later_fields(value: object, pointer: str = "") -> Iterator[str]:
    """Pointers of fields that came later and are set (RFC 6901), the innermost ones."""
    if isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from later_fields(item, f"{pointer}/{index}")
    if not is_dataclass(value):
        return
    for item in fields(value):
        found, place = getattr(value, item.name), f"{pointer}/{item.name}"
        if came_later(item) and found == item.default:
            continue
        if came_later(item) and not _all_came_later(found):
            yield place
        else:
            yield from later_fields(found, place)


def _all_came_later(value: object) -> bool:
    """Then its own fields say what is set."""
    return is_dataclass(value) and all(came_later(item) for item in fields(value))


def unreplayed_fields(policy: TierPolicy) -> tuple[str, ...]:
    """What is set and cannot be replayed; none: the rules take the policy."""
    return tuple(place for place in later_fields(policy) if place not in REPLAYED_LATER)


@exact
def swap_cost_bps(settings: BacktestSettings) -> Decimal:
    """What moving a value from one asset to another costs under DE-13: c/(1-c) of it when sold and
    c/(1+c) when bought, so 2c/(1 - c^2)."""
    cost = settings.cost
    return 2 * cost / (1 - cost * cost) * BPS


@exact
def kernel_objections(
    *,
    policy: TierPolicy,
    settings: BacktestSettings,
    table: PriceTable,
    decimals: Mapping[Address, int],
) -> tuple[str, ...]:
    """Why the kernel may not replay this, in words with the place; none: it may, unless its run
    shows a limit in force or a tie."""
    return tuple(
        text
        for wrong, text in (
            *((True, f"{place} is set") for place in later_fields(policy)),
            *_policy_objections(policy, settings, table),
            (settings.gas_usd != 0, "gas is not 0"),
            (settings.latency_rows != 0, "latency is not 0"),
            (_rounds(table, settings, decimals), "a base unit is too large a part of the value"),
        )
        if wrong
    )


def _policy_objections(
    policy: TierPolicy, settings: BacktestSettings, table: PriceTable
) -> Iterator[tuple[bool, str]]:
    trigger = policy.trigger
    times = table.times_at
    step = min(after - before for before, after in pairwise(times))
    yield policy.scope is not Scope.ALL, f"/scope is {policy.scope}, not ALL"
    yield (
        trigger.kind is not TriggerKind.THRESHOLD,
        f"/trigger/kind is {trigger.kind}, not THRESHOLD",
    )
    yield (
        trigger.cooldown_seconds > step,
        f"/trigger/cooldown_seconds is longer than a row ({step} s)",
    )
    yield policy.min_trade_usd != 0, f"/min_trade_usd is {plain(policy.min_trade_usd)}, not 0"
    yield (
        any(target.reserve_units for target in policy.targets),
        "a target has reserve_units",
    )
    yield (
        settings.cost_bps != 0 and swap_cost_bps(settings) >= policy.cost_cap_bps,
        f"a swap costs {swap_cost_bps(settings):.4f} bps, /cost_cap_bps is {policy.cost_cap_bps}",
    )


def _rounds(table: PriceTable, settings: BacktestSettings, decimals: Mapping[Address, int]) -> bool:
    """Whether rounding to whole units could be seen (a USDC of 6 decimals: yes)."""
    for place, asset in enumerate(table.assets):
        highest = max(row[place] for row in table.rows)
        if highest.scaleb(-decimals[asset]) > ROUNDING * settings.initial_usd:
            return True
    return False
