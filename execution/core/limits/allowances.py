"""A policy's unit limits beside what the Roles modifier holds: what is left, and every difference
(X6). Whole base units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from treasury.core.decisions import RemainingAllowance
from treasury.core.policies import UnitLimit


@dataclass(frozen=True, slots=True)
class Allowance:
    """One allowance of the modifier. `remaining_units` includes the refill due at the block."""

    key: str
    refill_units: int
    max_refill_units: int
    period_seconds: int
    remaining_units: int


@dataclass(frozen=True, slots=True)
class LimitsReport:
    """Any difference stops automation: policy and chain must say exactly the same."""

    remaining: tuple[RemainingAllowance, ...]
    differences: tuple[str, ...]


def compare(
    limits: Sequence[UnitLimit], found: Sequence[Allowance], *, role_missing: str = ""
) -> LimitsReport:
    """`found` in the order of `limits`, one each (ValueError otherwise). `role_missing` says
    that the role is not held, empty when it is."""
    differences = [role_missing] if role_missing else []
    remaining = []
    for limit, on_chain in zip(limits, found, strict=True):
        differences += _differences(limit, on_chain)
        remaining.append(
            RemainingAllowance(limit.allowance_key, limit.asset, on_chain.remaining_units)
        )
    return LimitsReport(tuple(remaining), tuple(differences))


def _differences(limit: UnitLimit, found: Allowance) -> list[str]:
    pairs = (
        ("refill", limit.refill_units, found.refill_units),
        ("maximum", limit.max_refill_units, found.max_refill_units),
        ("period", limit.period_seconds, found.period_seconds),
    )
    return [
        f"allowance {limit.allowance_key}: {name} is {there} on the chain, {ours} in the policy"
        for name, ours, there in pairs
        if ours != there
    ]
