"""Each breaker, tripped between approval and broadcast: nothing is sent, nothing is lost, and one
person alone cannot end it."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest

from governance.core.lifecycle import ProposalState
from governance.models import Halt
from governance.services.halts import HaltError
from tests.integration.governance.breakers.acting import (
    ask_to_end,
    executor_nonce,
    open_halt,
    signed,
    state_of,
    step,
    with_rules,
)
from tests.integration.governance.breakers.cases import CASES
from tests.integration.governance.conftest import Stage
from treasury.engine.breakers import TIER_BREAKERS, TREASURY_BREAKERS

BREAKERS = sorted({*TIER_BREAKERS, *TREASURY_BREAKERS})
LEVELS = {key: breaker.level.value for key, breaker in TIER_BREAKERS.items()}
LEVELS |= {key: breaker.level.value for key, breaker in TREASURY_BREAKERS.items()}
OFF = {
    "patience_seconds": 0,
    "gas_median_percent": 0,
    "max_volatility_bps": 0,
    "max_basket_volatility_bps": 0,
    "max_drawdown_bps": 0,
    "depeg_bps": 0,
    "slippage_budget_bps": 0,
    "watch_code": False,
}


def test_breakers__cases__are_exactly_the_registered_ones() -> None:
    assert set(CASES) == set(BREAKERS)


@pytest.mark.parametrize("breaker", BREAKERS)
def test_breaker__tripped_between_approval_and_broadcast__nothing_is_sent(
    stage: Stage, settings: Any, breaker: str
) -> None:
    case = CASES[breaker]
    scope = None if breaker in TREASURY_BREAKERS else "yield"
    with case.settings(stage, settings) if case.settings else nullcontext():
        with_rules(stage, "yield", **{**OFF, **case.rules})
        case.prepare(stage)
        proposal = signed(stage)
        nonce = executor_nonce(stage)
        case.trip(stage, proposal)
        for _ in range(2):
            proposal = step(stage, proposal)
            stage.market.mine(31)
        assert executor_nonce(stage) == nonce
        plan = proposal.plan
        assert plan is not None
        assert not plan.transactions.filter(attempts__sent_count__gt=0).exists()
        assert proposal.state == ProposalState.READY, proposal.state_reason
        assert state_of(stage, breaker, scope).over_since is not None
        halt = open_halt(breaker)
        assert halt.level == LEVELS[breaker]
        assert halt.reason

        case.clean(stage)
        proposal = step(stage, proposal)
        halt.refresh_from_db()
        assert halt.closed_at is None, "no halt ends by itself"
        for other in Halt.objects.filter(closed_at=None).exclude(pk=halt.pk):
            for name in ("fiona", "felix"):  # two sources that disagree are also no price
                ask_to_end(stage, other, name)
        ask_to_end(stage, halt, "fiona")
        with pytest.raises(HaltError, match="another person"):
            ask_to_end(stage, halt, "fiona")
        assert step(stage, proposal).state == ProposalState.READY
        assert executor_nonce(stage) == nonce
        assert ask_to_end(stage, halt, "felix").closed_at is not None
        stage.market.mine(60)
        done = stage.settle(proposal, {"DONE", "EXPIRED", "SUPERSEDED"})
        assert (done.state, done.outcome) == ("DONE", "EXECUTED") or done.state in {
            "EXPIRED",
            "SUPERSEDED",
        }
        sent = plan.transactions.filter(attempts__sent_count__gt=0).distinct().count()
        assert sent == int(done.state == "DONE")
