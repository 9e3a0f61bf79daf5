"""The cheapest flows that bring every asset within its band, by mixed-integer programming (D8,
DE-44, DE-46).

One variable per market option: its value as a share of V, whether it is used (gas is paid once),
and its impact. Impact v^2 / depth is convex: it is bounded from below by tangents, and a tangent is
added wherever an answer lies below the true curve, until none does.

This is one of the few files of the engine that compute in floats. Nothing of it is booked or
signed: values leave it rounded down to cents, become whole units by the same code as the rules'
list, and are checked again exactly (`treasury.engine.alternatives.comparing`, DE-45). The answer
depends on the inputs alone: one thread, a limit on nodes instead of time. Not done: risk-weighted
drift, lot tranches as variables.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import ROUND_DOWN, Decimal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from treasury.core.amounts import BPS
from treasury.core.types import Address, PairCost
from treasury.engine.alternatives.problem import Answer, Problem
from treasury.engine.matching import Flow

CENT = Decimal("0.01")
MARGIN = 1e-6
"""Share of V by which bands are drawn in, so that rounding to units does not leave them again."""
SLACK_PRICE = 10.0
"""Cost of a share of V outside a band: more than any allowed trade may cost for the same move."""
CUTS = 12
"""Most rounds of tangents after the first answer."""
CURVE_TOLERANCE = 1e-8
FIRST_CUTS = (1 / 81, 1 / 27, 1 / 9, 1 / 3, 1.0)
"""Where the first tangents touch, as shares of the most that an option carries."""
COST_SCALE = 1e4
"""The solver stops within 1e-6 of the least cost, whatever the unit: shares of V are too coarse."""
NODES = 2_000
GAP = 1e-6

Row = tuple[dict[int, float], float, float]
"""Coefficients by variable, lower and upper end."""


def cheapest_flows(problem: Problem) -> Answer:
    """Flows of least cost within all bands; where no list reaches a band, as near as limits let it.
    No flows and a status when the solver found nothing."""
    if not problem.options or problem.total_usd <= 0:
        return Answer((), "nothing to trade")
    model = _Model(problem)
    tangents: list[Row] = [row for option in range(model.count) for row in model.first_cuts(option)]
    found = model.solve(tangents)
    if found is None:
        return Answer((), "no list found")
    for _ in range(CUTS):
        more = list(model.missing_cuts(found))
        refined = model.solve([*tangents, *more], choices=found) if more else None
        if refined is None:
            break
        tangents, found = [*tangents, *more], refined
    return Answer(tuple(model.flows(found)), "solved")


class _Model:
    """The linear program of one problem. Variables: x (share of V), I (impact), z (used) per
    option; per holder how far below and above its band, and whether it is bought (1) or sold
    (0)."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.scale = float(problem.total_usd)
        self.count, self.assets = len(problem.options), len(problem.holders)
        self.size = 3 * self.count + 3 * self.assets
        self.place = {holder.asset: index for index, holder in enumerate(problem.holders)}
        self.weight = [float(holder.value_usd) / self.scale for holder in problem.holders]
        self.fee = [float(option.fee_bps / BPS) for option in problem.options]
        self.gas = [
            float(problem.gas.cost_usd(option.gas_units)) / self.scale for option in problem.options
        ]
        self.curve = [
            0.0 if option.depth_usd is None else self.scale / float(option.depth_usd)
            for option in problem.options
        ]
        self.most = [self._most(option) for option in problem.options]
        self.least = min(1.0, float(problem.min_trade_usd) / self.scale)
        self.rows = list(self._rows())

    # ------------------------------------------------------------------------- variables
    def used(self, option: int) -> int:
        return 2 * self.count + option

    def impact(self, option: int) -> int:
        return self.count + option

    def below(self, holder: int) -> int:
        return 3 * self.count + holder

    def above(self, holder: int) -> int:
        return 3 * self.count + self.assets + holder

    def bought(self, holder: int) -> int:
        return 3 * self.count + 2 * self.assets + holder

    def _most(self, option: PairCost) -> float:
        """A pair carries no more than its own asset and the largest trade allow; the settlement
        asset may grow by what is sold first."""
        largest = min(1.0, float(self.problem.max_trade_usd) / self.scale)
        if option.sell != self.problem.settlement:
            largest = min(largest, self.weight[self.place[option.sell]])
        return largest

    # ------------------------------------------------------------------------------ rows
    def _rows(self) -> Iterator[Row]:
        yield from self._sizes()
        yield from self._bands()
        yield from self._stocks()
        yield from self._sides()
        turnover = max(0.0, float(self.problem.turnover_usd) / self.scale)
        yield dict.fromkeys(range(self.count), 1.0), -np.inf, turnover

    def _sizes(self) -> Iterator[Row]:
        """Minimum and maximum trade, the cap on cost (DE-22), one venue and one direction a
        pair."""
        cap = self.problem.cost_cap_bps / float(BPS)
        for option in range(self.count):
            used = self.used(option)
            yield {option: 1.0, used: -self.most[option]}, -np.inf, 0.0
            yield {option: 1.0, used: -self.least}, 0.0, np.inf
            yield (
                {
                    option: self.fee[option] - cap,
                    self.impact(option): 1.0,
                    used: self.gas[option],
                },
                -np.inf,
                0.0,
            )
        pairs: dict[frozenset[Address], dict[int, float]] = {}
        for index, pair in enumerate(self.problem.options):
            pairs.setdefault(frozenset((pair.sell, pair.buy)), {})[self.used(index)] = 1.0
        yield from ((row, 0.0, 1.0) for row in pairs.values())

    def _change(self, holder: int) -> dict[int, float]:
        """What the trades do to a holder's value: sold x leaves, x less fee and impact arrives."""
        asset = self.problem.holders[holder].asset
        change: dict[int, float] = {}
        for index, option in enumerate(self.problem.options):
            if option.sell == asset:
                change[index] = -1.0
            elif option.buy == asset:
                change[index] = 1.0 - self.fee[index]
                change[self.impact(index)] = -1.0
        return change

    def _bands(self) -> Iterator[Row]:
        """Weights are shares of what is left after costs: v' between low V' and high V'."""
        for index, holder in enumerate(self.problem.holders):
            low, high = float(holder.low), float(holder.high)
            if high - low > 2 * MARGIN:
                low, high = low + (MARGIN if low > 0 else 0.0), high - MARGIN
            ends = ((low, self.below(index), 1.0), (high, self.above(index), -1.0))
            for edge, slack, sign in ends:
                row = dict(self._change(index))
                for option in range(self.count):
                    row[option] = row.get(option, 0.0) + edge * self.fee[option]
                    row[self.impact(option)] = row.get(self.impact(option), 0.0) + edge
                row[slack] = sign
                here = edge - self.weight[index]
                yield (row, here, np.inf) if sign > 0 else (row, -np.inf, here)

    def _stocks(self) -> Iterator[Row]:
        """Nobody sells what is not there, nor more than the role's allowance."""
        kept = 1.0 - self.problem.slip_bps / float(BPS)
        for index, holder in enumerate(self.problem.holders):
            sold = {
                option: 1.0
                for option, pair in enumerate(self.problem.options)
                if pair.sell == holder.asset
            }
            if holder.room_usd is not None:
                yield sold, -np.inf, max(0.0, float(holder.room_usd) / self.scale)
            if holder.asset == self.problem.settlement:
                sold = dict(sold)
                for option, pair in enumerate(self.problem.options):
                    if pair.buy == holder.asset:
                        sold[option] = -kept * (1.0 - self.fee[option])
                        sold[self.impact(option)] = kept
            yield sold, -np.inf, self.weight[index]

    def _sides(self) -> Iterator[Row]:
        """An asset is bought or sold, not both; only the settlement asset passes value on."""
        for index, holder in enumerate(self.problem.holders):
            if holder.asset == self.problem.settlement:
                continue
            for option, pair in enumerate(self.problem.options):
                if pair.buy == holder.asset:
                    yield {self.used(option): 1.0, self.bought(index): -1.0}, -np.inf, 0.0
                elif pair.sell == holder.asset:
                    yield {self.used(option): 1.0, self.bought(index): 1.0}, -np.inf, 1.0

    # -------------------------------------------------------------------------- tangents
    def first_cuts(self, option: int) -> Iterator[Row]:
        """I >= c (2 s x - s^2): the tangent of c x^2 at s."""
        if self.curve[option]:
            for part in FIRST_CUTS:
                yield self._cut(option, part * self.most[option])

    def missing_cuts(self, found: NDArray[np.float64]) -> Iterator[Row]:
        for option in range(self.count):
            size = float(found[option])
            true = self.curve[option] * size * size
            if true - float(found[self.impact(option)]) > CURVE_TOLERANCE:
                yield self._cut(option, size)

    def _cut(self, option: int, at: float) -> Row:
        slope = 2 * self.curve[option] * at
        return {option: slope, self.impact(option): -1.0}, -np.inf, self.curve[option] * at * at

    # ---------------------------------------------------------------------------- solver
    def solve(
        self, tangents: Sequence[Row], choices: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64] | None:
        """With the `choices` of an earlier answer only sizes are free, which is fast."""
        cost = np.zeros(self.size)
        cost[: self.count] = self.fee
        cost[self.count : 2 * self.count] = 1.0
        cost[2 * self.count : 3 * self.count] = self.gas
        slack = slice(3 * self.count, 3 * self.count + 2 * self.assets)
        cost[slack] = SLACK_PRICE
        lower, upper = np.zeros(self.size), np.ones(self.size)
        upper[: self.count] = self.most
        upper[slack] = np.inf
        whole = np.zeros(self.size, dtype=np.int64)
        whole[2 * self.count : 3 * self.count] = 1
        whole[3 * self.count + 2 * self.assets :] = 1
        if choices is not None:
            lower = np.where(whole == 1, np.round(choices), lower)
            upper = np.where(whole == 1, np.round(choices), upper)
            whole = np.zeros(self.size, dtype=np.int64)
        rows = [*self.rows, *tangents]
        matrix = np.zeros((len(rows), self.size))
        for number, (coefficients, _, _) in enumerate(rows):
            matrix[number, list(coefficients)] = list(coefficients.values())
        lows, highs = [row[1] for row in rows], [row[2] for row in rows]
        result = milp(
            cost * COST_SCALE,
            constraints=LinearConstraint(matrix, lows, highs),
            integrality=whole,
            bounds=Bounds(lower, upper),
            options={"node_limit": NODES, "mip_rel_gap": GAP},
        )
        return None if result.x is None else np.asarray(result.x, dtype=np.float64)

    def flows(self, found: NDArray[np.float64]) -> Iterator[Flow]:
        """Whole cents, rounded down but not below the minimum trade."""
        for index, option in enumerate(self.problem.options):
            value = Decimal(repr(float(found[index]))) * self.problem.total_usd
            value = value.quantize(CENT, rounding=ROUND_DOWN)
            if found[self.used(index)] > 0.5 and value > 0:
                yield Flow(option, max(value, self.problem.min_trade_usd))
