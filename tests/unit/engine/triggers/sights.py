"""What a trigger sees, for tests: two assets of equal targets, bands of 5 percentage points."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from tests.unit.engine.tiers import NOW, A, B
from treasury.core.decisions import TriggerState
from treasury.core.drift import AssetDrift, asset_drift
from treasury.core.policies import Band, BandKind, Target, TriggerKind, TriggerRule
from treasury.core.triggering.observed import Point, Series
from treasury.core.types import Address, Holding
from treasury.engine.triggers import Evaluated, Sight, evaluate_trigger

HOUR, DAY = 3600, 86_400
RULE = TriggerRule(TriggerKind.THRESHOLD, interval_seconds=0, max_age_seconds=0, cooldown_seconds=0)
ABSOLUTE_5 = Band(BandKind.ABSOLUTE, 500, 0)
TOPIC = "0x" + "11" * 32


def drifts(weight: str) -> tuple[AssetDrift, ...]:
    return (
        asset_drift(target=Target(A, 5000, ABSOLUTE_5), weight=Decimal(weight), symbol="AAA"),
        asset_drift(target=Target(B, 5000, ABSOLUTE_5), weight=1 - Decimal(weight), symbol="BBB"),
    )


def holding(asset: Address, units: int, price: str = "1") -> Holding:
    """6 decimals."""
    return Holding(asset, asset[2].upper(), 6, units * 10**6, Decimal(price))


def series(asset: Address, *points: tuple[int, str]) -> Series:
    """Points as (seconds before NOW, value), oldest first."""
    return Series(asset, "test", tuple(Point(NOW - ago, Decimal(value)) for ago, value in points))


def sight(weight: str = "0.5", **changes: Any) -> Sight:
    base = Sight(rule=RULE, drifts=drifts(weight), state=TriggerState(), now=NOW, settlement=B)
    return replace(base, **changes)


def look(weight: str = "0.5", **changes: Any) -> Evaluated:
    return evaluate_trigger(sight(weight, **changes))


def told(found: Evaluated, rule: str) -> list[dict[str, str]]:
    """The records of one rule: its numbers, subject and outcome."""
    return [
        {**dict(item.inputs), "subject": item.subject, "outcome": item.outcome}
        for item in found.records
        if item.rule == rule
    ]
