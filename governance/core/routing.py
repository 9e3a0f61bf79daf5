"""Which degree of human control a proposal gets, and what a halt still lets happen (P5, X7).

The route starts from the policy's mode and only ever becomes more manual: by escalation, by a
difference between the policy's limits and the chain's, by a halt. The first reason that decides
is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from treasury.core.policies import Mode, TierPolicy

BPS = Decimal(10_000)


class RouteKind(StrEnum):
    RECORD_ONLY = "RECORD_ONLY"
    AUTOMATIC = "AUTOMATIC"
    OPERATOR = "OPERATOR"
    MULTISIG = "MULTISIG"


class Level(StrEnum):
    """The ladder of degradation from the least to the most severe. Automatic moves only go down."""

    SEMI = "SEMI"
    MANUAL_PRICES = "MANUAL_PRICES"
    MONITOR = "MONITOR"
    FROZEN = "FROZEN"


LADDER: tuple[Level, ...] = (Level.SEMI, Level.MANUAL_PRICES, Level.MONITOR, Level.FROZEN)

BY_MODE: dict[Mode, RouteKind] = {
    Mode.MANUAL: RouteKind.MULTISIG,
    Mode.SEMI: RouteKind.OPERATOR,
    Mode.AUTOMATIC: RouteKind.AUTOMATIC,
}

BLOCKED_BY: dict[Level, frozenset[RouteKind]] = {
    Level.SEMI: frozenset({RouteKind.AUTOMATIC}),
    Level.MANUAL_PRICES: frozenset({RouteKind.AUTOMATIC, RouteKind.OPERATOR}),
    Level.MONITOR: frozenset(RouteKind) - {RouteKind.RECORD_ONLY},
    Level.FROZEN: frozenset(RouteKind) - {RouteKind.RECORD_ONLY},
}
"""Routes that may not go on to an execution while a halt of this level is open."""


@dataclass(frozen=True, slots=True)
class RouteDecision:
    route: RouteKind
    reason: str


def worst(levels: tuple[str, ...]) -> Level | None:
    """The most severe of the open halts' levels; an unknown level counts as MONITOR."""
    if not levels:
        return None
    known = [Level(level) if level in set(Level) else Level.MONITOR for level in levels]
    return max(known, key=LADDER.index)


def is_blocked(route: str, level: Level | None) -> bool:
    """Whether a proposal of this route may not be handed over, sent or sent again now."""
    return level is not None and RouteKind(route) in BLOCKED_BY[level]


def allows_proposals(level: Level | None) -> bool:
    """From MONITOR on the service watches, evaluates and alerts, but proposes nothing."""
    return level not in {Level.MONITOR, Level.FROZEN}


def route(
    *,
    policy: TierPolicy,
    value_usd: Decimal,
    nav_usd: Decimal,
    turnover_usd: Decimal,
    strategic: bool,
    limits_match: bool,
    level: Level | None,
) -> RouteDecision:
    """`nav_usd` is the treasury's, `turnover_usd` what the tier already moved in the policy's
    window without this proposal. Limits on the chain are compared where a role may act: outside
    MANUAL."""
    if policy.mode is Mode.MANUAL:
        return RouteDecision(RouteKind.MULTISIG, "the tier's policy is manual")
    escalation = escalation_reason(
        policy=policy,
        value_usd=value_usd,
        nav_usd=nav_usd,
        turnover_usd=turnover_usd,
        strategic=strategic,
    )
    if escalation:
        return RouteDecision(RouteKind.MULTISIG, escalation)
    if not limits_match:
        return RouteDecision(
            RouteKind.MULTISIG, "the role's limits on the chain differ from the policy's"
        )
    if policy.mode is Mode.AUTOMATIC and policy.operator_safe and level in {None, Level.SEMI}:
        return RouteDecision(RouteKind.OPERATOR, "the role's member is the operator Safe")
    if level is Level.SEMI and policy.mode is Mode.AUTOMATIC:
        return RouteDecision(RouteKind.OPERATOR, "an open halt lowers the tier to SEMI")
    if level is not None and level is not Level.SEMI:
        return RouteDecision(RouteKind.MULTISIG, f"an open halt lowers the tier to {level}")
    return RouteDecision(BY_MODE[policy.mode], f"the tier's policy is {policy.mode.lower()}")


def escalation_reason(
    *,
    policy: TierPolicy,
    value_usd: Decimal,
    nav_usd: Decimal,
    turnover_usd: Decimal,
    strategic: bool,
) -> str:
    """Why P5 wants the multisig, empty when it does not. At or above a limit counts; a treasury
    without a known value counts as reached."""
    rule = policy.escalation
    if strategic or rule.strategic:
        return "strategic: the policy or the proposal says so"
    if value_usd >= rule.value_usd:
        return f"value {value_usd:.2f} USD reaches {rule.value_usd:.2f} USD"
    if nav_usd <= 0:
        return "the treasury's value is not known"
    share = value_usd / nav_usd * BPS
    if share >= rule.nav_share_bps:
        return f"{share:.2f} bps of the treasury reach {rule.nav_share_bps} bps"
    total = turnover_usd + value_usd
    if total >= rule.turnover_usd:
        return (
            f"turnover {total:.2f} USD in {rule.turnover_window_seconds} s"
            f" reaches {rule.turnover_usd:.2f} USD"
        )
    return ""
