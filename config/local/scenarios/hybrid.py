"""`hybrid`: one treasury, three tiers, three ways of control, some weeks of an ordinary life.

Yield works by itself inside its allowance, core waits for its operator, the strategic tier moves
only when finance shifts the allocation and three of five owners sign. In between a feed goes stale
and nothing happens; at the end a fall in prices makes core's correction too large for its operator.
"""

from __future__ import annotations

from typing import Final

from config.local.scenarios.base import Stage

HOUR: Final = 3600


def hybrid(stage: Stage) -> None:
    drive = stage.driver
    drive.step("opening: idle dollars of the yield tier go to work", seconds=300)
    for day in range(3):
        drive.step(f"an ordinary day {day + 1}", seconds=HOUR)
    drive.step("WETH rises by 9 %", seconds=HOUR, shocks={"WETH": 900})
    drive.step("the pools' average follows", seconds=HOUR)
    drive.step(
        "finance shifts the strategic allocation",
        seconds=HOUR,
        before=stage.shift_strategy,
    )
    drive.step(
        "WETH falls by 4 % while its feed is silent",
        seconds=2 * HOUR,
        shocks={"WETH": -400},
        before=lambda: drive.market.stale("WETH"),
    )
    drive.step(
        "the feed speaks again", seconds=HOUR, before=lambda: drive.market.stale("WETH", on=False)
    )
    drive.step("WETH falls by 9 %", seconds=HOUR, shocks={"WETH": -900})
    drive.step("and by 9 % again", seconds=HOUR, shocks={"WETH": -900})
    drive.step("the pools' average follows", seconds=8 * HOUR)
    drive.step("a quiet hour", seconds=HOUR)
