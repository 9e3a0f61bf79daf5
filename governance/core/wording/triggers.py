"""When a tier acts and what keeps it from acting, in words (G9)."""

from __future__ import annotations

from collections.abc import Iterator

from governance.core.wording.numbers import gwei, listed, percent, span
from treasury.core.policies import TriggerKind, TriggerRule
from treasury.core.triggering.rules import FULL_BPS, DampingRule


def trigger_words(rule: TriggerRule) -> str:
    """After "act when": every cause that the policy names."""
    return listed([_kind_words(rule), *_event_words(rule)], word="or").replace(", or", " or")


def restraint_words(rule: TriggerRule) -> str:
    """One sentence per restraint that is on; the cool-down always is."""
    said = [f"never within {span(rule.cooldown_seconds)} of the latest proposal"]
    if rule.damping.max_proposals_per_day:
        said.append(f"at most {rule.damping.max_proposals_per_day} times in any 24 hours")
    return " ".join([f"{'; '.join(said)}.", *_damping_words(rule.damping)])


def _kind_words(rule: TriggerRule) -> str:
    breach = "an asset is outside its band"
    match rule.kind:
        case TriggerKind.CALENDAR if rule.calendar.cron:
            return f"the calendar says so (cron {rule.calendar.cron}, {rule.calendar.time_zone})"
        case TriggerKind.CALENDAR:
            return f"{span(rule.interval_seconds)} have passed since the latest proposal"
        case TriggerKind.THRESHOLD:
            return breach
        case TriggerKind.HYBRID:
            return f"{breach}, or the latest rebalance is {span(rule.max_age_seconds)} old"


def _event_words(rule: TriggerRule) -> Iterator[str]:
    events, yields = rule.events, rule.yields
    if days := rule.calendar.full_reset_days:
        yield f"the latest full reset is {span(days * 86_400)} old (then everything to its target)"
    if events.price_move_bps:
        within = span(events.price_move_seconds)
        yield f"a price moved by more than {percent(events.price_move_bps)} within {within}"
    if events.volatility_bps:
        yield (
            f"an asset's volatility over {span(events.volatility_seconds)} is above "
            f"{percent(events.volatility_bps)} a year"
        )
    if events.depeg_bps:
        yield f"a pegged asset is more than {percent(events.depeg_bps)} off its peg"
    if events.flow_bps:
        yield (
            f"{percent(events.flow_bps)} of the tier's value came in or went out within "
            f"{span(events.flow_seconds)}"
        )
    if events.logs:
        contracts = listed(sorted({watched.contract for watched in events.logs}), word="or")
        yield f"a watched contract emits its event ({contracts})"
    if events.upgrade_lead_seconds:
        yield f"an announced upgrade is less than {span(events.upgrade_lead_seconds)} away"
    if events.gas_below_wei:
        yield f"the base fee falls to {gwei(events.gas_below_wei)}"
    if yields.spread_bps:
        yield (
            f"another vault yields {percent(yields.spread_bps)} a year more than a held one, "
            f"measured over {span(yields.window_seconds)}, in {yields.confirm_count} of "
            f"{yields.confirm_of} observations, and the gain over {yields.horizon_days} days pays "
            "for the move"
        )


def _damping_words(rule: DampingRule) -> Iterator[str]:
    if rule.hysteresis_bps < FULL_BPS:
        yield (
            f"A broken band counts until the asset is back within {percent(rule.hysteresis_bps)} "
            "of it."
        )
    if rule.confirm_of > 1:
        yield f"A broken band counts after {rule.confirm_count} of {rule.confirm_of} observations."
    if rule.confirm_seconds:
        yield f"A broken band counts after {span(rule.confirm_seconds)} without a break."
    if rule.asset_cooldown_seconds:
        yield (
            f"What was sold or bought is not sold or bought again for "
            f"{span(rule.asset_cooldown_seconds)}."
        )
    if rule.flip_window_seconds:
        yield (
            f"For {span(rule.flip_window_seconds)} after a trade the opposite one needs twice the "
            "band."
        )
