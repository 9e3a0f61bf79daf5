"""The policy document: JSON types in, one consistent `TierPolicy` out, and back.

The document has exactly the fields of `TierPolicy` (`treasury.core.policies`): amounts of USD as
text with at most 8 decimals, units and wei as numbers or text, shares in whole bps. What is
checked here is what a policy can contradict by itself; what needs the database or the chain (is
the asset on the tier's Safe, does the role match) is checked where those are known. Not done:
EIP-55 checksums of addresses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from treasury.core.amounts import USD_DECIMALS
from treasury.core.canonical import digest, plain
from treasury.core.halting.problems import halt_problems
from treasury.core.policies import Band, BandKind, LotMethod, TierPolicy, TriggerKind
from treasury.core.revival import RevivalError, revive
from treasury.core.triggering.checks import (
    check_calendar,
    check_damping,
    check_events,
    check_yields,
)

FULL_WEIGHT_BPS = 10_000
UNITS_LIMIT = 2**128
"""Roles' allowances are uint128; no token amount of a policy needs more."""

MOST_HOPS, MOST_PARTS = 2, 4
"""Each hop and each part is one more swap that people have to read before they sign."""

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)

Problem = tuple[str, str]
"""JSON pointer, and what is wrong there with how to mend it."""


class PolicyDocumentError(ValueError):
    """The document is no policy. `pointer` (RFC 6901) says where, `message` what and how to mend
    it."""

    def __init__(self, pointer: str, message: str) -> None:
        super().__init__(f"{pointer or '(document)'}: {message}")
        self.pointer = pointer
        self.message = message


def parse_policy(document: Mapping[str, Any]) -> TierPolicy:
    """The policy that a document describes; the first problem found is raised."""
    try:
        policy = revive(TierPolicy, document)
    except RevivalError as error:
        raise PolicyDocumentError(error.pointer, error.message) from error
    for check in _CHECKS:
        for pointer, message in check(policy):
            raise PolicyDocumentError(pointer, message)
    return policy


def policy_document(policy: TierPolicy) -> dict[str, Any]:
    """The document of a policy: `parse_policy(policy_document(p)) == p`."""
    document: dict[str, Any] = plain(policy)
    return document


def policy_hash(policy: TierPolicy) -> str:
    """SHA-256 of the canonical document, lower-case hex: equal policies, equal hash."""
    return digest(policy)


def _check_targets(policy: TierPolicy) -> Iterator[Problem]:
    if not policy.targets:
        yield "/targets", "a policy needs at least one target; add one"
    total = sum(target.weight_bps for target in policy.targets)
    for index, target in enumerate(policy.targets):
        pointer = f"/targets/{index}"
        yield from _address(f"{pointer}/asset", target.asset)
        yield from _bps(f"{pointer}/weight_bps", target.weight_bps)
        yield from _units(f"{pointer}/reserve_units", target.reserve_units)
        yield from _bps(f"{pointer}/band/absolute_bps", target.band.absolute_bps)
        yield from _bps(f"{pointer}/band/relative_bps", target.band.relative_bps)
    yield from _distinct("/targets", "/asset", [target.asset.lower() for target in policy.targets])
    if total != FULL_WEIGHT_BPS:
        yield (
            "/targets",
            f"weights sum to {total} bps; change weight_bps so that they sum to {FULL_WEIGHT_BPS}",
        )


def _check_bands(policy: TierPolicy) -> Iterator[Problem]:
    for index, target in enumerate(policy.targets):
        if target.weight_bps:
            yield from _band(f"/targets/{index}/band", target.band)


def _band(pointer: str, band: Band) -> Iterator[Problem]:
    """A band of width 0 on a wanted asset is always broken: each observation would trade."""
    yield from _bps(f"{pointer}/absolute_bps", band.absolute_bps)
    yield from _bps(f"{pointer}/relative_bps", band.relative_bps)
    if band.kind in (BandKind.ABSOLUTE, BandKind.NARROWER) and band.absolute_bps == 0:
        yield f"{pointer}/absolute_bps", f"a {band.kind} band needs more than 0; widen it"
    if band.kind in (BandKind.RELATIVE, BandKind.NARROWER) and band.relative_bps == 0:
        yield f"{pointer}/relative_bps", f"a {band.kind} band needs more than 0; widen it"
    if band.kind is BandKind.WIDER and band.absolute_bps == 0 and band.relative_bps == 0:
        yield pointer, "a WIDER band needs absolute_bps or relative_bps above 0; widen one"


def _check_groups(policy: TierPolicy) -> Iterator[Problem]:
    weights = {target.asset: target.weight_bps for target in policy.targets}
    members: list[str] = []
    for index, group in enumerate(policy.groups):
        pointer = f"/groups/{index}"
        if not group.name.strip():
            yield f"{pointer}/name", "an empty name; name the group"
        if len(group.assets) < 2:
            yield f"{pointer}/assets", "a group needs at least two assets; add one or remove it"
        for place, asset in enumerate(group.assets):
            if asset not in weights:
                yield f"{pointer}/assets/{place}", f"{asset} is not among the targets; add a target"
            if asset in members:
                yield f"{pointer}/assets/{place}", f"{asset} is in a group already; remove one"
            members.append(asset)
        if not sum(weights.get(asset, 0) for asset in group.assets):
            yield f"{pointer}/assets", "their targets sum to 0; leave unwanted assets alone"
        yield from _band(f"{pointer}/band", group.band)
    yield from _distinct("/groups", "/name", [group.name for group in policy.groups])


def _check_settlement(policy: TierPolicy) -> Iterator[Problem]:
    yield from _address("/settlement_asset", policy.settlement_asset)
    if policy.settlement_asset not in [target.asset for target in policy.targets]:
        yield (
            "/settlement_asset",
            "is not among the targets; add a target for it (its weight may be 0) or name another",
        )


def _check_trigger(policy: TierPolicy) -> Iterator[Problem]:
    rule = policy.trigger
    yield from _at_least("/trigger/interval_seconds", rule.interval_seconds, 0)
    yield from _at_least("/trigger/max_age_seconds", rule.max_age_seconds, 0)
    yield from _at_least("/trigger/cooldown_seconds", rule.cooldown_seconds, 0)
    if rule.kind is TriggerKind.CALENDAR and not (rule.interval_seconds or rule.calendar.cron):
        yield (
            "/trigger/interval_seconds",
            "a CALENDAR trigger needs an interval above 0, or calendar.cron; set one",
        )
    if rule.kind is TriggerKind.HYBRID and rule.max_age_seconds == 0:
        yield "/trigger/max_age_seconds", "a HYBRID trigger needs a maximum age above 0; set it"
    for found in (
        check_calendar(rule.calendar),
        check_damping(rule.damping, destination_bps=policy.destination_bps),
        check_events(rule.events),
        check_yields(rule.yields),
    ):
        for pointer, message in found:
            yield f"/trigger{pointer}", message


def _check_scope(policy: TierPolicy) -> Iterator[Problem]:
    yield from _at_least("/worst_count", policy.worst_count, 1)
    yield from _bps("/destination_bps", policy.destination_bps)


def _check_trade_limits(policy: TierPolicy) -> Iterator[Problem]:
    yield from _usd("/min_trade_usd", policy.min_trade_usd)
    yield from _usd("/max_trade_usd", policy.max_trade_usd)
    yield from _usd("/max_turnover_usd", policy.max_turnover_usd)
    if policy.max_trade_usd == 0:
        yield "/max_trade_usd", "0 forbids every trade; raise it"
    if policy.min_trade_usd > policy.max_trade_usd:
        yield "/min_trade_usd", "is above max_trade_usd; lower it or raise max_trade_usd"
    if policy.min_trade_usd > policy.max_turnover_usd:
        yield "/max_turnover_usd", "is below min_trade_usd, so nothing could trade; raise it"
    yield from _at_least("/turnover_window_seconds", policy.turnover_window_seconds, 1)
    yield from _bps("/cost_cap_bps", policy.cost_cap_bps)
    yield from _bps("/max_slippage_bps", policy.max_slippage_bps)
    if policy.max_slippage_bps == FULL_WEIGHT_BPS:
        yield "/max_slippage_bps", "10000 accepts any price; lower it"
    yield from _at_least("/max_fee_per_gas_wei", policy.max_fee_per_gas_wei, 1)
    yield from _at_least("/proposal_ttl_seconds", policy.proposal_ttl_seconds, 1)


def _check_lots(policy: TierPolicy) -> Iterator[Problem]:
    rules, method = policy.lots, policy.lot_method
    yield from _at_least("/long_term_days", policy.long_term_days, 0)
    yield from _bps("/lots/short_rate_bps", rules.short_rate_bps)
    yield from _bps("/lots/long_rate_bps", rules.long_rate_bps)
    if method is LotMethod.MIN_TAX and rules.short_rate_bps == rules.long_rate_bps == 0:
        yield "/lots/short_rate_bps", "MIN_TAX compares taxes, and both rates are 0; set the rates"
    if method is LotMethod.SPECIFIC and not rules.named:
        yield "/lots/named", "SPECIFIC takes the named lots alone, and none is named; name them"
    if method is not LotMethod.SPECIFIC and rules.named:
        yield "/lots/named", f"{method} does not look at names; remove them or choose SPECIFIC"
    yield from _distinct("/lots/named", "", list(rules.named))


def _check_venues(policy: TierPolicy) -> Iterator[Problem]:
    for index, venue in enumerate(policy.venues):
        if not venue.strip():
            yield f"/venues/{index}", "an empty name; remove it or name the venue"
    yield from _distinct("/venues", "", list(policy.venues))


def _check_prices(policy: TierPolicy) -> Iterator[Problem]:
    rules = policy.prices
    yield from _at_least("/prices/min_sources", rules.min_sources, 1)
    yield from _at_least("/prices/min_on_chain", rules.min_on_chain, 0)
    if rules.min_on_chain > rules.min_sources:
        yield "/prices/min_on_chain", "is above min_sources; lower it or raise min_sources"
    yield from _bps("/prices/max_deviation_bps", rules.max_deviation_bps)


def _check_escalation(policy: TierPolicy) -> Iterator[Problem]:
    rules = policy.escalation
    yield from _usd("/escalation/value_usd", rules.value_usd)
    yield from _bps("/escalation/nav_share_bps", rules.nav_share_bps)
    yield from _usd("/escalation/turnover_usd", rules.turnover_usd)
    yield from _at_least("/escalation/turnover_window_seconds", rules.turnover_window_seconds, 1)


def _check_halts(policy: TierPolicy) -> Iterator[Problem]:
    yield from _at_least("/halts/max_base_fee_wei", policy.halts.max_base_fee_wei, 1)
    yield from _at_least("/halts/failure_streak", policy.halts.failure_streak, 1)
    yield from _at_least("/halts/max_nav_jump_bps", policy.halts.max_nav_jump_bps, 1)
    yield from halt_problems(policy.halts)


def _check_review(policy: TierPolicy) -> Iterator[Problem]:
    rules = policy.review
    yield from _at_least("/review/min_review_seconds", rules.min_review_seconds, 0)
    yield from _usd("/review/question_value_usd", rules.question_value_usd)
    yield from _at_least("/review/silence_seconds", rules.silence_seconds, 1)
    if rules.min_review_seconds >= policy.proposal_ttl_seconds:
        yield (
            "/review/min_review_seconds",
            "is not below proposal_ttl_seconds, so no proposal could ever execute; lower it",
        )


def _check_unit_limits(policy: TierPolicy) -> Iterator[Problem]:
    for index, limit in enumerate(policy.unit_limits):
        pointer = f"/unit_limits/{index}"
        yield from _address(f"{pointer}/asset", limit.asset)
        if not limit.allowance_key.strip():
            yield f"{pointer}/allowance_key", "an empty key; name the allowance"
        yield from _units(f"{pointer}/refill_units", limit.refill_units)
        yield from _units(f"{pointer}/max_refill_units", limit.max_refill_units)
        yield from _at_least(f"{pointer}/period_seconds", limit.period_seconds, 0)
        if limit.refill_units > limit.max_refill_units:
            yield f"{pointer}/refill_units", "is above max_refill_units; lower it or raise that"
        if limit.refill_units > 0 and limit.period_seconds == 0:
            yield f"{pointer}/period_seconds", "a refill needs a period above 0; set it"
    keys = [limit.allowance_key for limit in policy.unit_limits]
    yield from _distinct("/unit_limits", "/allowance_key", keys)


def _check_routing(policy: TierPolicy) -> Iterator[Problem]:
    rules = policy.routing
    for name, value, most in (
        ("max_hops", rules.max_hops, MOST_HOPS),
        ("max_parts", rules.max_parts, MOST_PARTS),
    ):
        yield from _at_least(f"/routing/{name}", value, 1)
        if value > most:
            yield f"/routing/{name}", f"{value} is above {most}; lower it"


_CHECKS: tuple[Callable[[TierPolicy], Iterator[Problem]], ...] = (
    _check_targets,
    _check_bands,
    _check_groups,
    _check_settlement,
    _check_trigger,
    _check_scope,
    _check_trade_limits,
    _check_lots,
    _check_venues,
    _check_prices,
    _check_escalation,
    _check_halts,
    _check_review,
    _check_unit_limits,
    _check_routing,
)


def _at_least(pointer: str, value: int, minimum: int) -> Iterator[Problem]:
    if value < minimum:
        yield pointer, f"{value} is below {minimum}; raise it"


def _bps(pointer: str, value: int) -> Iterator[Problem]:
    if not 0 <= value <= FULL_WEIGHT_BPS:
        yield pointer, f"{value} bps is outside 0..{FULL_WEIGHT_BPS}; choose one inside"


def _units(pointer: str, value: int) -> Iterator[Problem]:
    if not 0 <= value < UNITS_LIMIT:
        yield pointer, f"{value} units is outside 0..2^128-1; choose one inside"


def _usd(pointer: str, value: Decimal) -> Iterator[Problem]:
    """More decimals than the books keep would let a rounded value slip past its limit."""
    exponent = value.as_tuple().exponent
    if value < 0:
        yield pointer, f"{value} is below 0; raise it"
    if isinstance(exponent, int) and exponent < -USD_DECIMALS:
        yield pointer, f"has more than {USD_DECIMALS} decimals; round it"


def _address(pointer: str, value: str) -> Iterator[Problem]:
    if not _ADDRESS.fullmatch(value):
        yield pointer, f"{value!r} is no address; write 0x and 40 hex digits"


def _distinct(pointer: str, suffix: str, values: Sequence[str]) -> Iterator[Problem]:
    for index, value in enumerate(values):
        if value in values[:index]:
            yield f"{pointer}/{index}{suffix}", f"{value} appears twice; remove one"
