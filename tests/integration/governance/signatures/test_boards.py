"""Who has signed and what is missing; and that signatures wait for the end of the review time."""

from __future__ import annotations

from dataclasses import replace

from config.local.seed.policies import strategic_shift
from governance.core.lifecycle import ProposalState
from governance.models import Proposal
from governance.selectors.proposals import proposal_by_id
from governance.services.signing import Board, signature_board
from tests.integration.governance.conftest import Stage
from tests.integration.governance.signatures.signing import (
    address,
    ask_for_rejection,
    collecting,
    give,
)
from treasury.core.types import Address


def board(stage: Stage, proposal: Proposal, *, of_rejection: bool = False) -> Board:
    found = signature_board(
        proposal_id=proposal.pk, block=stage.head(), rpc_url=stage.url, of_rejection=of_rejection
    )
    assert found is not None
    return found


def states(found: Board) -> dict[Address, str]:
    return {line.owner: line.state.value for line in found.owners}


def test_board__some_signed__says_what_is_missing(stage: Stage) -> None:
    proposal = collecting(stage)
    safe = Address(stage.seeded.deployment.safes.board)
    give(stage, proposal, "owner1", "board1")
    url = f"/api/v1/proposals/{proposal.public_id}/declines"
    assert stage.client("selma").post(url, {"reason": "no"}).status_code == 201
    found = board(stage, proposal)
    assert states(found) == {
        address("owner1"): "CONFIRMED",
        address("owner2"): "MISSING",
        address("owner3"): "DECLINED",
        address("owner4"): "MISSING",
        safe: "PARTLY",
    }
    assert (found.threshold, found.confirmed) == (3, 1)
    (line,) = (line for line in found.owners if line.owner == safe)
    assert (line.members_signed, line.member_threshold) == (1, 2)
    assert {member.name for member in line.members} == {"bea", "boris"}
    assert found.text.startswith("2 more signatures are needed, from: ")
    assert "stefan" in found.text
    assert "selma" not in found.text
    assert "(1 of 2 members)" in found.text
    give(stage, proposal, "board2", "owner2")
    complete = board(stage, proposal)
    assert (complete.confirmed, complete.text) == (3, "")


def test_board__of_a_rejection__has_its_own_lines(stage: Stage) -> None:
    proposal = collecting(stage)
    assert (
        signature_board(
            proposal_id=proposal.pk, block=stage.head(), rpc_url=stage.url, of_rejection=True
        )
        is None
    )
    give(stage, proposal, "owner1")
    ask_for_rejection(stage, proposal)
    give(stage, proposal, "owner2", of_rejection=True)
    found = board(stage, proposal, of_rejection=True)
    assert found.is_rejection
    assert [line.owner for line in found.owners if line.state == "CONFIRMED"] == [address("owner2")]


def test_board__operator_safe__the_executor_signs_later(stage: Stage) -> None:
    stage.move("WETH", 1_100)
    proposal = stage.propose("core")
    stage.sweep()
    found = board(stage, proposal)
    assert sorted(states(found).values()) == ["LATER", "MISSING"]
    assert found.text == "1 more signature is needed, from: olga"


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
