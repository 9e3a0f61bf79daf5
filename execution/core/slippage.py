"""How far the market may move between quote and execution, in whole base units and basis points.

`max_slippage_bps` of a policy bounds both directions: the signed minimum lies half of it under
the quote, and submission refuses when the minimum lies more than all of it under the fresh
quote. So the other half is room for the market to improve while signatures are collected.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from execution.core.types import BalanceChange, Leg

BPS = 10_000


class SlippageError(ValueError):
    """A tolerance outside 0..10,000 bps, or a quote that is not positive."""


def minimum_out(*, quoted_units: int, max_slippage_bps: int) -> int:
    """The least that the signed calldata accepts: rounded up, so never below the tolerance."""
    _check(max_slippage_bps)
    if quoted_units <= 0:
        raise SlippageError(f"a quote of {quoted_units} units")
    return -(-quoted_units * (2 * BPS - max_slippage_bps) // (2 * BPS))


def is_below_bound(*, min_units: int, fresh_units: int, max_slippage_bps: int) -> bool:
    """Does the signed minimum lie more than the tolerance under the fresh quote? Then anybody who
    moves the price could take more than the policy allows: plan again."""
    _check(max_slippage_bps)
    return min_units * BPS < fresh_units * (BPS - max_slippage_bps)


def worse_by_bps(*, expected_units: int, fresh_units: int) -> int:
    """By how many bp the fresh quote is worse than the plan's, rounded up; 0 when it is not."""
    if expected_units <= 0:
        raise SlippageError(f"an expectation of {expected_units} units")
    lost = max(expected_units - fresh_units, 0)
    return -(-lost * BPS // expected_units)


def changes_worse_by_bps(legs: Sequence[Leg], changes: Sequence[BalanceChange]) -> int:
    """The same of a whole simulation: by how many bp the position that came off worst received less
    than the legs' quotes promised. What the same position sells is added back, so that a token
    bought and sold in one batch is compared as it was quoted."""
    promised: dict[tuple[str, str], int] = defaultdict(int)
    sold: dict[tuple[str, str], int] = defaultdict(int)
    for leg in legs:
        promised[leg.recipient, leg.buy] += leg.expected_buy_units
        sold[leg.safe, leg.sell] += leg.sell_units
    moved: dict[tuple[str, str], int] = defaultdict(int)
    for change in changes:
        moved[change.safe, change.asset] += change.units
    return max(
        (
            worse_by_bps(expected_units=units, fresh_units=moved[place] + sold.get(place, 0))
            for place, units in promised.items()
        ),
        default=0,
    )


def _check(max_slippage_bps: int) -> None:
    if not 0 <= max_slippage_bps < BPS:
        raise SlippageError(f"a tolerance of {max_slippage_bps} bps")
