"""One day of evaluations that did not fire, in a few numbers (T6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from treasury.core.canonical import decimal_text, digest
from treasury.core.decisions import Decision


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One of them: when its block was, what it decided, and the digest of its record."""

    at: int
    decision: Decision
    digest: str


@dataclass(frozen=True, slots=True)
class DaySummary:
    """`outcomes` and `reasons` (kind of the trigger that spoke) with how often each came; `weights`
    by asset, the least and the most in bps with the target and the band then; `digest` over the
    digests in order."""

    first_at: int
    last_at: int
    count: int
    outcomes: dict[str, int]
    reasons: dict[str, int]
    weights: dict[str, dict[str, str]]
    digest: str


def summarise(evaluations: Sequence[Evaluation]) -> DaySummary:
    """Of at least one evaluation, in the order in which they were recorded."""
    weights: dict[str, list[Decimal]] = {}
    bands: dict[str, tuple[int, Decimal]] = {}
    for item in evaluations:
        for weight in item.decision.weights:
            weights.setdefault(weight.asset, []).append(weight.before_bps)
            bands[weight.asset] = (weight.target_bps, weight.band_bps)
    return DaySummary(
        first_at=min(item.at for item in evaluations),
        last_at=max(item.at for item in evaluations),
        count=len(evaluations),
        outcomes=dict(Counter(item.decision.outcome.value for item in evaluations)),
        reasons=dict(Counter(item.decision.trigger.kind for item in evaluations)),
        weights={
            asset: {
                "least_bps": decimal_text(min(found)),
                "most_bps": decimal_text(max(found)),
                "target_bps": str(bands[asset][0]),
                "band_bps": decimal_text(bands[asset][1]),
            }
            for asset, found in sorted(weights.items())
        },
        digest=digest([item.digest for item in evaluations]),
    )
