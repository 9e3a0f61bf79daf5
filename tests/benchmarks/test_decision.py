"""One decision of one tier with fifty assets: the pure engine, no database and no chain."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

from tests.benchmarks.conftest import Report
from tests.benchmarks.figures import TIMING, Table, in_turn
from tests.benchmarks.wide_tier import ASSETS, wide_tier
from treasury.core.decisions import DecisionInputs, Outcome
from treasury.engine.decision import decide

RUNS = 9
OFF = (100, -100)  # all outside their bands of 25 bps
HALF_SMALL = (
    100,
    -100,
    30,
    -30,
)  # 30 bps of the tier are below the minimum trade of the third case
CASES: dict[str, tuple[DecisionInputs, Outcome]] = {
    "all inside their bands": (wide_tier(), Outcome.NOT_FIRED),
    "all outside, trading over the settlement asset": (wide_tier(OFF), Outcome.TRADES),
    "the same, half of the moves too small to trade": (
        wide_tier(HALF_SMALL, min_trade_usd=Decimal(200_000)),
        Outcome.TRADES,
    ),
    "all outside, every asset trading with every other": (
        wide_tier(OFF, all_pairs=True),
        Outcome.TRADES,
    ),
}


def test_decision_of_a_tier_with_fifty_assets(report: Report) -> None:
    decisions = {name: decide(inputs) for name, (inputs, _) in CASES.items()}
    for name, (inputs, outcome) in CASES.items():
        assert len(inputs.policy.targets) == ASSETS
        assert decisions[name].outcome is outcome
        assert decide(inputs) == decisions[name]
    timings = in_turn([partial(decide, inputs) for inputs, _ in CASES.values()], runs=RUNS)
    rows = tuple(
        (
            name,
            f"{len(inputs.pairs):,}",
            f"{len(inputs.lots):,}",
            str(len(decisions[name].trades)),
            str(len(decisions[name].skipped)),
            *timing.cells,
        )
        for (name, (inputs, _)), timing in zip(CASES.items(), timings, strict=True)
    )
    columns = ("the tier", "pairs", "lots", "trades", "dropped", *TIMING)
    report("decision", Table(columns, rows))
