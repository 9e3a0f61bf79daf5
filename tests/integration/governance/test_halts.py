"""Halts stop automation at every step before the first send, and only two people end them."""

from __future__ import annotations

import pytest

from governance.core.lifecycle import ProposalState
from governance.core.routing import Level
from governance.models import Halt, Proposal
from governance.selectors.proposals import proposal_by_id
from governance.services.halts import HaltError, Trip, close, trip
from governance.services.process import advance
from tests.integration.governance.conftest import FINALITY, Stage
from treasury.core.types import Actor, ActorKind

ACTOR = Actor(ActorKind.SYSTEM, "test")


def step(stage: Stage, proposal: Proposal) -> Proposal:
    advance(
        proposal_id=proposal.pk,
        block=stage.head(),
        rpc_url=stage.url,
        finality_depth=FINALITY,
    )
    return proposal_by_id(proposal.pk)


def stop(stage: Stage, tier: str | None = "yield", level: Level = Level.FROZEN) -> Halt:
    return trip(
        treasury_id=stage.seeded.treasury.pk,
        tier_id=stage.tier_id(tier) if tier else None,
        found=Trip("BY_HAND", level, "1", "0", "test"),
        actor=ACTOR,
        block=stage.head(),
    )


def agree_to_end(stage: Stage, halt: Halt, name: str) -> Halt:
    return close(
        halt_id=halt.pk,
        user=stage.people[name],
        reason="looked at",
        actor=ACTOR,
        block=stage.head(),
    )


def resume(stage: Stage, halt: Halt) -> None:
    for name in ("fiona", "felix"):
        agree_to_end(stage, halt, name)


def in_state(stage: Stage, transaction_state: str) -> Proposal:
    """An automatic proposal whose transaction is in that state."""
    proposal = stage.propose("yield")
    for _ in range(6):
        proposal = step(stage, proposal)
        if proposal.transaction and proposal.transaction.state == transaction_state:
            return proposal
    raise AssertionError(proposal.state_reason)


@pytest.mark.parametrize("scope", ["yield", None])
def test_halted_while_ready_nothing_is_authorised(stage: Stage, scope: str | None) -> None:
    proposal = step(stage, stage.propose("yield"))
    assert proposal.state == ProposalState.READY
    stop(stage, scope)
    for _ in range(3):
        proposal = step(stage, proposal)
    assert (proposal.state, proposal.transaction) == (ProposalState.READY, None)
    assert "halted" in proposal.state_reason
    assert proposal.failed_steps == 0


def test_halted_before_the_attempt_no_attempt_is_written(stage: Stage) -> None:
    proposal = in_state(stage, "EXEC_INTENT")
    halt = stop(stage)
    for _ in range(3):
        proposal = step(stage, proposal)
    assert proposal.state == ProposalState.HANDED_OVER
    assert proposal.transaction is not None
    assert proposal.transaction.state == "EXEC_INTENT"
    assert not proposal.transaction.attempts.exists()
    resume(stage, halt)
    stage.market.mine(60)
    assert stage.settle(proposal, {"DONE"}).outcome == "EXECUTED"


def test_halted_before_the_first_send_nothing_is_sent(stage: Stage) -> None:
    proposal = in_state(stage, "SIGNED_RAW")
    halt = stop(stage)
    proposal = step(stage, proposal)
    assert proposal.state == ProposalState.READY
    assert proposal.transaction is not None
    assert proposal.transaction.state == "CANCELLED"
    assert not proposal.transaction.attempts.filter(sent_count__gt=0).exists()
    resume(stage, halt)
    stage.market.mine(60)
    done = stage.settle(proposal, {"DONE"})
    assert done.outcome == "EXECUTED"
    assert done.plan is not None
    assert done.plan.transactions.filter(attempts__sent_count__gt=0).distinct().count() == 1


def test_after_the_first_send_it_is_tracked_to_its_end(stage: Stage) -> None:
    proposal = in_state(stage, "BROADCAST")
    stop(stage)
    assert stage.settle(proposal, {"DONE"}).outcome == "EXECUTED"


def test_a_semi_halt_turns_automation_into_an_approval(stage: Stage) -> None:
    stop(stage, level=Level.SEMI)
    proposal = stage.propose("yield")
    assert proposal.route == "OPERATOR"
    proposal = step(stage, proposal)
    assert (proposal.state, proposal.safe_transaction) == (ProposalState.COLLECTING, None)


@pytest.mark.parametrize("level", [Level.MONITOR, Level.FROZEN])
def test_from_monitor_on_nothing_is_proposed(stage: Stage, level: Level) -> None:
    stop(stage, level=level)
    found = stage.evaluate("yield")
    assert found.proposal is None
    assert found.decision.outcome == "HALTED"


def test_closing_takes_two_people_and_reasons(stage: Stage) -> None:
    halt = stop(stage)
    fiona, felix = stage.people["fiona"], stage.people["felix"]
    block = stage.head()
    with pytest.raises(HaltError, match="say why"):
        close(halt_id=halt.pk, user=fiona, reason=" ", actor=ACTOR, block=block)
    close(halt_id=halt.pk, user=fiona, reason="fine", actor=ACTOR, block=block)
    with pytest.raises(HaltError, match="another person"):
        close(halt_id=halt.pk, user=fiona, reason="fine", actor=ACTOR, block=block)
    halt.refresh_from_db()
    assert halt.closed_at is None
    closed = close(halt_id=halt.pk, user=felix, reason="fine", actor=ACTOR, block=block)
    assert closed.closed_at == block.timestamp
    with pytest.raises(HaltError, match="closed"):
        close(halt_id=halt.pk, user=felix, reason="fine", actor=ACTOR, block=block)


def test_a_worse_level_worsens_the_open_halt_and_voids_half_a_closing(stage: Stage) -> None:
    halt = stop(stage, level=Level.SEMI)
    agree_to_end(stage, halt, "fiona")
    worse = stop(stage, level=Level.FROZEN)
    assert (worse.pk, worse.level) == (halt.pk, Level.FROZEN)
    assert not agree_to_end(stage, halt, "felix").closed_at
    milder = stop(stage, level=Level.MONITOR)
    assert milder.level == Level.FROZEN
