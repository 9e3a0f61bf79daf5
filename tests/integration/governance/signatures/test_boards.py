"""Who has signed and who is missing, as the page shows it; and that signatures wait for the end of
the review time."""

from __future__ import annotations

from dataclasses import replace

from config.local.seed.policies import strategic_shift
from execution.selectors.transactions import rejection_of
from governance.core.lifecycle import ProposalState
from governance.selectors.pages.proposal.board import Board
from governance.selectors.proposals import proposal_by_id
from tests.integration.governance.conftest import Stage
from tests.integration.governance.signatures.signing import (
    address,
    ask_for_rejection,
    board,
    collecting,
    give,
)


def states(found: Board) -> dict[str, str]:
    return {seat.address: seat.state for seat in found.seats}


def test_board__some_signed__says_who_is_missing(stage: Stage) -> None:
    proposal = collecting(stage)
    safe = stage.seeded.deployment.safes.board
    give(stage, proposal, "owner1", "board1")
    url = f"/api/v1/proposals/{proposal.public_id}/declines"
    assert stage.client("selma").post(url, {"reason": "no"}).status_code == 201
    found = board(stage, proposal)
    assert states(found) == {
        address("owner1"): "SIGNED",
        address("owner2"): "MISSING",
        address("owner3"): "DECLINED",
        address("owner4"): "MISSING",
        safe: "MISSING",
    }
    assert (found.threshold, found.signed) == (3, 1)
    (seat,) = (seat for seat in found.seats if seat.address == safe)
    assert (seat.members, seat.needs) == (("bea",), 2)
    assert set(seat.has_signed) == {address("board1")}
    assert set(seat.may_sign) == {address("board1"), address("board2")}
    give(stage, proposal, "board2", "owner2")
    assert board(stage, proposal).signed == 3


def test_board__a_rejection_is_asked_for__has_signatures_of_its_own(stage: Stage) -> None:
    proposal = collecting(stage)
    give(stage, proposal, "owner1")
    ask_for_rejection(stage, proposal)
    give(stage, proposal, "owner2", of_rejection=True)
    found = board(stage, proposal)
    assert [seat.address for seat in found.seats if seat.state == "SIGNED"] == [address("owner1")]
    assert proposal.safe_transaction_id is not None
    rejection = rejection_of(proposal.safe_transaction_id)
    assert rejection is not None
    assert {(one.safe_transaction_id, one.owner) for one in found.given} == {
        (proposal.safe_transaction_id, address("owner1")),
        (rejection.pk, address("owner2")),
    }


def test_board__operator_safe__the_executor_signs_later(stage: Stage) -> None:
    stage.move("WETH", 1_100)
    proposal = stage.propose("core")
    stage.sweep()
    found = board(stage, proposal)
    assert sorted(states(found).values()) == ["LATER", "MISSING"]
    assert (found.threshold, found.signed) == (1, 0)
    assert [seat.name for seat in found.seats if seat.state == "MISSING"] == ["olga"]


def test_review_time__signed_at_once__waits_and_says_so(stage: Stage) -> None:
    policy = strategic_shift(stage.seeded.deployment)
    stage.seeded.publish(
        "strategic", replace(policy, review=replace(policy.review, min_review_seconds=600))
    )
    proposal = stage.propose("strategic")
    stage.sweep()
    give(stage, proposal, "owner1", "owner2", "owner3")
    stage.market.mine(12)
    stage.sweep()
    found = proposal_by_id(proposal.pk)
    assert found.state == ProposalState.COLLECTING
    assert "review time" in found.state_reason
    stage.market.hold(600)
    done = stage.settle(proposal, {"DONE", "SUPERSEDED", "FROZEN"})
    assert (done.state, done.outcome) == ("DONE", "EXECUTED"), done.state_reason
