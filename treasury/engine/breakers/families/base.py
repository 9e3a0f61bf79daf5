"""What a breaker is: a pure rule that reads facts of one block and says where it stands.

To add one: a function in the file of its family (or a new file), its line in `registry.py`, words
in `governance.core.following.halt_words`, an entry in the runbook, and a case in the test that
trips each one between approval and broadcast. The rule only reads: who keeps memory and opens Halts
is the caller (`memory.py` has the rule of time).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from treasury.core.amounts import bps_of, exact
from treasury.core.canonical import decimal_text
from treasury.engine.breakers.facts import TierFacts, TreasuryFacts
from treasury.engine.breakers.ladder import Level


class Standing(StrEnum):
    """OVER its limit; BETWEEN reset level and limit, where everything stays as it was; CLEAN at or
    below the reset level; UNKNOWN: too little to judge, which neither trips nor counts as clean."""

    CLEAN = "CLEAN"
    UNKNOWN = "UNKNOWN"
    BETWEEN = "BETWEEN"
    OVER = "OVER"


class Ends(StrEnum):
    """What two people need beside their reasons to end a Halt of this breaker. CLEAN: a fresh
    reading at or below the reset level, for the policy's minimum time. LOOKED_AT: nothing; what
    happened stays true, and people judge it (a drain, a failed series, new code)."""

    CLEAN = "CLEAN"
    LOOKED_AT = "LOOKED_AT"


@dataclass(frozen=True, slots=True)
class BreakerReading:
    """One look at one breaker. `value`, `limit` and `reset` are texts with their unit; `level` is
    what it sets when tripped; `severity` tells which of several readings of one breaker is the
    worst (value / limit)."""

    breaker: str
    scope: str
    standing: Standing
    value: str
    limit: str
    reset: str
    level: str
    reason: str
    severity: Decimal = Decimal(0)

    @property
    def tripped(self) -> bool:
        return self.standing is Standing.OVER


@dataclass(frozen=True, slots=True)
class TierBreaker:
    """`read` gives no reading where the policy does not ask for this breaker or the tier has
    nothing that it could be asked of; where it could not be judged now, an UNKNOWN one; several
    where it looks at several assets, contracts or pairs: the worst one stands for all.
    `has_patience`: the policy's `patience_seconds` may pass before it becomes a Halt; until then it
    holds the tier until it is clean."""

    level: Level
    ends: Ends
    read: Callable[[TierFacts], tuple[BreakerReading, ...]]
    has_patience: bool = False


@dataclass(frozen=True, slots=True)
class TreasuryBreaker:
    """The same for a whole treasury."""

    level: Level
    ends: Ends
    read: Callable[[TreasuryFacts], tuple[BreakerReading, ...]]


@exact
def standing_of(*, value: Decimal, limit: Decimal, reset: Decimal) -> Standing:
    """At the limit is inside, at the reset level is clean."""
    if value > limit:
        return Standing.OVER
    return Standing.CLEAN if value <= reset else Standing.BETWEEN


@exact
def measured(
    *,
    key: str,
    level: Level,
    scope: str,
    value: Decimal,
    limit: Decimal,
    reset_bps: int,
    show: Callable[[Decimal], str],
    reason: str,
) -> BreakerReading:
    """A reading of a number against a limit; the reset level is a share of the limit. `reason` is
    kept when it is over the limit."""
    reset = bps_of(value=limit, bps=reset_bps)
    standing = standing_of(value=value, limit=limit, reset=reset)
    return BreakerReading(
        breaker=key,
        scope=scope,
        standing=standing,
        value=show(value),
        limit=show(limit),
        reset=show(reset),
        level=level,
        reason=reason if standing is Standing.OVER else "",
        severity=value / limit if limit > 0 else Decimal(0),
    )


def unknown(*, key: str, level: Level, scope: str, limit: str, reason: str) -> BreakerReading:
    """Nothing to judge by, and why."""
    return BreakerReading(
        breaker=key,
        scope=scope,
        standing=Standing.UNKNOWN,
        value="not known",
        limit=limit,
        reset="-",
        level=level,
        reason=reason,
    )


def unpriced(facts: TierFacts, key: str, level: Level, limit: str) -> BreakerReading:
    """A rule of the policy that cannot be judged while the tier has assets without a price: what
    it held, it goes on holding."""
    reason = "; ".join(f"{gap.asset}: {gap.reason}" for gap in facts.gaps)
    return unknown(key=key, level=level, scope=facts.scope, limit=limit, reason=reason)


def worst_of(readings: tuple[BreakerReading, ...]) -> BreakerReading:
    """The one that stands for all of one breaker: over before between before unknown before clean,
    then the severest, then the first."""
    order = tuple(Standing)
    return max(readings, key=lambda item: (order.index(item.standing), item.severity))


def bps_words(value: Decimal) -> str:
    return f"{decimal_text(value.quantize(Decimal('0.01')))} bps"


def wei_words(value: Decimal) -> str:
    return f"{int(value)} wei"


def seconds_words(value: Decimal) -> str:
    return f"{int(value)} s"
