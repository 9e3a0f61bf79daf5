"""A hold lasts as long as its reading, a Halt until two people end it; a look that fails sends
nothing."""

from __future__ import annotations

from typing import Any

from governance.core.lifecycle import ProposalState
from governance.models import Halt, Proposal
from governance.selectors.halts import open_halts
from governance.selectors.proposals import proposal_by_id
from governance.services.process import advance
from tests.integration.governance.breakers.acting import (
    ask_to_end,
    executor_nonce,
    open_halt,
    signed,
    state_of,
    step,
    with_rules,
)
from tests.integration.governance.breakers.cases import gas
from tests.integration.governance.breakers.liar import lying_provider
from tests.integration.governance.conftest import FINALITY, Stage

NOBODY = "http://127.0.0.1:1"


def holding(stage: Stage, tier: str = "yield") -> list[str]:
    treasury_id = stage.seeded.treasury.pk
    notices = open_halts(treasury_id=treasury_id, tier_id=stage.tier_id(tier))
    return [notice.breaker for notice in notices]


def nothing_was_sent(proposal: Proposal) -> bool:
    assert proposal.plan is not None
    return not proposal.plan.transactions.filter(attempts__sent_count__gt=0).exists()


def test_stale_feed__leaves_no_proposal__and_its_halt_outlives_it(stage: Stage) -> None:
    with_rules(stage, "core", patience_seconds=0)
    stage.market.stale("WETH")
    stage.market.hold(5_000)
    found = stage.evaluate("core", forced_reason="test")
    assert (found.proposal, found.decision.outcome) == (None, "GATED")
    assert not Proposal.objects.exists()
    halt = open_halt("NO_PRICE")
    stage.market.stale("WETH", on=False)
    stage.market.hold(12)
    stage.evaluate("core")
    assert state_of(stage, "NO_PRICE", "core").over_since is None
    halt.refresh_from_db()
    assert halt.closed_at is None
    ask_to_end(stage, halt, "fiona")
    assert ask_to_end(stage, halt, "felix").closed_at is not None


def test_hold__clean_before_its_patience_ends__held_and_leaves_nothing_behind(stage: Stage) -> None:
    with_rules(stage, "yield", patience_seconds=600)
    proposal, nonce = signed(stage), executor_nonce(stage)
    gas(stage, 90)
    proposal = step(stage, proposal)
    assert proposal.state == ProposalState.READY
    assert "halted" in proposal.state_reason
    assert holding(stage) == ["GAS"]
    assert not Halt.objects.exists()
    assert nothing_was_sent(proposal)
    assert executor_nonce(stage) == nonce

    gas(stage, 5)
    stage.market.mine(60)
    assert stage.settle(proposal, {"DONE"}).outcome == "EXECUTED"
    assert holding(stage) == []
    assert not Halt.objects.exists()


def test_hold__still_over_after_its_patience__becomes_a_halt(stage: Stage) -> None:
    with_rules(stage, "yield", patience_seconds=600)
    gas(stage, 90)
    stage.evaluate("yield")
    stage.market.hold(599)
    stage.evaluate("yield")
    assert not Halt.objects.exists()
    stage.market.hold(1)
    stage.evaluate("yield")
    assert open_halt("GAS").level == "SEMI"
    gas(stage, 5)
    stage.evaluate("yield")
    assert state_of(stage, "GAS").over_since is None
    assert holding(stage) == ["GAS"], "no halt ends by itself"


def test_look__fails_between_signing_and_sending__nothing_is_sent(stage: Stage) -> None:
    proposal, nonce = signed(stage), executor_nonce(stage)
    stage.market.mine(12)
    advance(proposal_id=proposal.pk, block=stage.head(), rpc_url=NOBODY, finality_depth=FINALITY)
    proposal = proposal_by_id(proposal.pk)
    assert proposal.failed_steps == 1
    assert proposal.transaction is not None
    assert proposal.transaction.state == "SIGNED_RAW"
    assert nothing_was_sent(proposal)
    assert executor_nonce(stage) == nonce
    stage.market.mine(60)
    assert stage.settle(proposal, {"DONE"}).outcome == "EXECUTED"


def test_look__a_second_provider_talks_nonsense__stops_nobody_and_says_nothing(
    stage: Stage, settings: Any
) -> None:
    with lying_provider(stage.url) as odd:
        odd.is_garbled = True
        settings.RPC_URLS = [stage.url, odd.url]
        stage.propose("yield")
    state = state_of(stage, "RPC_DISAGREEMENT", None)
    assert (state.standing, state.over_since) == ("UNKNOWN", None)
    assert "another shape" in state.reason
