"""One sale over several paths, where that brings more than its gas costs.

At the best split the next unit brings the same everywhere, so two paths are levelled by bisection
of the exact maths: shares are whole units, they sum to the sale, and what each brings is what
its pools give for exactly that share. Paths are added one at a time as long as that pays; with
more than two, pairs are levelled in turn. Not done: a proof that greedy addition finds the best
set of three or more paths (two are compared with each of the others).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from execution.core.pools.paths import Outcome, Path, trade
from execution.core.pools.uniswap_v3 import BeyondKnownError

AROUND_GAS: Final = 85_000
"""Two approvals, router and transfers beside the pools' own work."""
HOP_GAS: Final = 90_000
TICK_GAS: Final = 22_000
SWEEPS: Final = 6
"""Rounds of levelling pairs; each brings three or more paths closer to one marginal price."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What bounds a sale: `most_parts` paths at a time, none below `least_units` (unless it is the
    only one), and what a unit of gas costs in units bought (0: not known, then it does not
    count)."""

    most_parts: int
    least_units: int
    buy_units_per_gas: Fraction


@dataclass(frozen=True, slots=True)
class Part:
    path: Path
    outcome: Outcome

    @property
    def gas_units(self) -> int:
        """An estimate for choosing; the venue's own answer replaces it."""
        return gas_of(self.path, self.outcome)


def gas_of(path: Path, outcome: Outcome) -> int:
    return AROUND_GAS + HOP_GAS * len(path.pools) + TICK_GAS * outcome.ticks_crossed


def net_units(parts: Sequence[Part], terms: Terms) -> Fraction:
    """What the sale brings, its gas taken off, in units bought."""
    gas = sum(part.gas_units for part in parts)
    return sum(part.outcome.buy_units for part in parts) - gas * terms.buy_units_per_gas


def best_parts(paths: Sequence[Path], units: int, terms: Terms) -> tuple[Part, ...]:
    """The parts that bring most net of gas, the largest first; empty when no path takes the sale
    (alone: a sale that only fits split is not looked for). Equal ones: the earlier path."""
    alone = [part for path in paths if (part := _part(path, units)) is not None]
    if not alone:
        return ()
    best: tuple[Part, ...] = (max(alone, key=lambda part: net_units((part,), terms)),)
    while len(best) < terms.most_parts:
        used = frozenset[str]().union(*(part.path.places for part in best))
        wider = [
            found
            for path in paths
            if not path.places & used
            and (found := _levelled((*(part.path for part in best), path), units, terms))
        ]
        if not wider:
            break
        widest = max(wider, key=lambda parts: net_units(parts, terms))
        if net_units(widest, terms) <= net_units(best, terms):
            break
        best = widest
    return tuple(sorted(best, key=lambda part: -part.outcome.sell_units))


def _part(path: Path, units: int) -> Part | None:
    try:
        return Part(path, trade(path, units))
    except BeyondKnownError:
        return None


def _levelled(paths: Sequence[Path], units: int, terms: Terms) -> tuple[Part, ...] | None:
    """Shares at one marginal price; None when a share would be below the least."""
    least = max(terms.least_units, 1)
    if units < least * len(paths):
        return None
    shares = [units // len(paths)] * len(paths)
    shares[0] += units - sum(shares)
    for _ in range(1 if len(paths) == 2 else SWEEPS):
        for one in range(len(paths)):
            for another in range(one + 1, len(paths)):
                together = shares[one] + shares[another]
                shares[one] = level(paths[one], paths[another], together, least)
                shares[another] = together - shares[one]
    parts = [_part(path, share) for path, share in zip(paths, shares, strict=True)]
    known = tuple(part for part in parts if part is not None)
    return known if len(known) == len(parts) else None


def level(one: Path, another: Path, units: int, least: int) -> int:
    """The share of the first of two paths: the largest at which its next unit still brings as much
    as the other's, within `least` and `units` - `least`."""
    low, high = least, units - least
    while low < high:
        middle = (low + high + 1) // 2
        (a, b), (c, d) = _slope(one, middle), _slope(another, units - middle)
        if a * d >= c * b:
            low = middle
        else:
            high = middle - 1
    return low


def _slope(path: Path, units: int) -> tuple[int, int]:
    """What the next unit would bring; nothing where the pools cannot take so many."""
    try:
        return trade(path, units).slope
    except BeyondKnownError:
        return 0, 1
