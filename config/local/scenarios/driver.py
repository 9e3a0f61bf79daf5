"""Steps a world: market, then one tick of the service, then drain until nothing is left to do.

The tasks are the ones that beat starts in production, called in this process: the clock is the
chain's, and the chain only moves here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from config.local.chain.market import Market
from config.local.scenarios.judge import Judge
from config.local.scenarios.people import People
from config.local.seed.treasury import head
from governance.core.lifecycle import OPEN
from governance.selectors.proposals import all_proposals
from governance.services.sweeping import settle
from governance.tasks import generate_proposals

BLOCK_SECONDS: Final = 12
MOST_ROUNDS: Final = 60


class DoesNotSettleError(RuntimeError):
    """Something is still open after `MOST_ROUNDS` blocks: a proposal that nobody can finish."""


class Driver:
    def __init__(
        self,
        *,
        market: Market,
        people: People,
        judge: Judge,
        rpc_url: str,
        finality_depth: int,
        tell: Callable[[dict[str, Any]], None],
    ) -> None:
        self.market = market
        self._people = people
        self._judge = judge
        self._rpc_url = rpc_url
        self._finality_depth = finality_depth
        self._tell = tell
        self._step = 0

    def step(
        self,
        what: str,
        *,
        seconds: int,
        shocks: Mapping[str, int] | None = None,
        before: Callable[[], object] | None = None,
    ) -> None:
        """One step of the script: the world moves by `seconds`, the service reacts to the end."""
        self._step += 1
        if before is not None:
            before()
        moved = self.market.step(seconds, shocks)
        generate_proposals()
        rounds = self._drain()
        self._judge.note_step()
        self._tell(
            {
                "step": self._step,
                "what": what,
                "block": moved.number,
                "timestamp": moved.timestamp,
                "prices": {symbol: str(price) for symbol, price in moved.prices.items()},
                "blocks_to_settle": rounds,
            }
        )

    def _drain(self) -> int:
        """Blocks that it took until no proposal was open any more."""
        for rounds in range(MOST_ROUNDS):
            self._sweep()
            if self._people.act():
                self._sweep()
            if not _open():
                return rounds
            self.market.mine(BLOCK_SECONDS)
        raise DoesNotSettleError(f"still open: {'; '.join(_open())}")

    def _sweep(self) -> None:
        """At one block until nothing is due any more: what waits has put itself off."""
        block = head(self._rpc_url)
        settle(block=block, rpc_url=self._rpc_url, finality_depth=self._finality_depth)


def _open() -> list[str]:
    rows = all_proposals().filter(state__in=sorted(OPEN))
    return [f"{row.tier.name} {row.state}: {row.state_reason}" for row in rows]
