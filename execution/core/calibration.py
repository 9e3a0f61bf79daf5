"""How far estimates were off, per venue: the factor that corrects the next estimate (R3).

Factor = sum of actual / sum of estimated costs over the executions given, so large trades weigh
more than dust. Clipped, because a handful of executions must not switch a venue off or make it
free.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

LOWEST = Decimal("0.5")
HIGHEST = Decimal(3)
NEUTRAL = Decimal(1)
PLACES = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class CostSample:
    """Estimated and actual cost of one fill, USD. The actual may be negative: a better price."""

    venue: str
    estimated_usd: Decimal
    actual_usd: Decimal


@dataclass(frozen=True, slots=True)
class Calibration:
    """`factor` is 1 until there are enough samples; `ratio` is what was measured, unclipped."""

    venue: str
    count: int
    ratio: Decimal | None
    factor: Decimal


def calibrate(samples: Iterable[CostSample], *, minimum_count: int) -> tuple[Calibration, ...]:
    """One line per venue, by name."""
    by_venue: dict[str, list[CostSample]] = defaultdict(list)
    for sample in samples:
        by_venue[sample.venue].append(sample)
    return tuple(_line(venue, rows, minimum_count) for venue, rows in sorted(by_venue.items()))


def _line(venue: str, rows: list[CostSample], minimum_count: int) -> Calibration:
    estimated = sum((row.estimated_usd for row in rows), Decimal(0))
    actual = sum((row.actual_usd for row in rows), Decimal(0))
    if estimated <= 0:
        return Calibration(venue, len(rows), None, NEUTRAL)
    ratio = (actual / estimated).quantize(PLACES)
    if len(rows) < minimum_count:
        return Calibration(venue, len(rows), ratio, NEUTRAL)
    return Calibration(venue, len(rows), ratio, min(max(ratio, LOWEST), HIGHEST))
