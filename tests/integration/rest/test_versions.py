"""`ETag`, `If-None-Match`, `If-Match`: nobody reads twice for nothing, or acts on what is gone."""

from __future__ import annotations

from typing import Any

import pytest

from governance.core.lifecycle import ProposalState
from governance.models import Approval, Proposal
from governance.selectors.proposals import proposal_by_id
from tests.integration.governance.conftest import Stage
from tests.integration.governance.test_concurrency import at_once
from tests.integration.governance.test_people import asked_for_approval, collecting
from treasury.services.snapshots import take_snapshot


def act(stage: Stage, proposal: Proposal, action: str, tag: str | None, **body: Any) -> Any:
    url = f"/api/v1/proposals/{proposal.public_id}/{action}"
    headers = {"Idempotency-Key": "k"} | ({"If-Match": tag} if tag is not None else {})
    return stage.bare("olga").post(url, body, headers=headers)


def test_a_proposal__read_again__is_304_until_it_changes(stage: Stage) -> None:
    proposal, client = collecting(stage), stage.client("arne")
    url = f"/api/v1/proposals/{proposal.public_id}"
    first = client.get(url)
    tag = first.headers["ETag"]
    assert tag.startswith(f'"{proposal.version}-')
    same = client.get(url, headers={"If-None-Match": tag})
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", tag)
    act(stage, proposal, "vetoes", tag, reason="no")
    changed = client.get(url, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != tag


def test_a_treasury__with_a_new_nav__is_not_304(stage: Stage) -> None:
    """Its version does not count snapshots; its tag does."""
    client = stage.client("arne")
    url = f"/api/v1/treasuries/{stage.seeded.treasury.public_id}"
    tag = client.get(url).headers["ETag"]
    assert client.get(url, headers={"If-None-Match": tag}).status_code == 304
    stage.market.mine(12)
    take_snapshot(treasury_id=stage.seeded.treasury.pk, block=stage.head(), rpc_url=stage.url)
    assert client.get(url, headers={"If-None-Match": tag}).status_code == 200


def test_lists__unchanged__are_304(stage: Stage) -> None:
    client = stage.client("arne")
    tag = client.get("/api/v1/tiers").headers["ETag"]
    assert tag.startswith("W/")
    assert client.get("/api/v1/tiers", headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize("action", ["approvals", "declines", "vetoes", "executions"])
def test_an_action__without_the_version__is_428(stage: Stage, action: str) -> None:
    proposal = collecting(stage)
    body = {"reason": "no"} if action in {"declines", "vetoes"} else {}
    answer = act(stage, proposal, action, None, **body)
    assert (answer.status_code, answer.json()["code"]) == (428, "if_match_required")
    assert proposal_by_id(proposal.pk).version == proposal.version


@pytest.mark.parametrize("action", ["approvals", "declines", "vetoes", "executions"])
def test_an_action__on_an_older_version__is_412_and_changes_nothing(
    stage: Stage, action: str
) -> None:
    proposal = collecting(stage)
    body = {"reason": "no"} if action in {"declines", "vetoes"} else {}
    for stale in ('"0"', f'"{proposal.version - 1}-abc", "999"'):
        answer = act(stage, proposal, action, stale, **body)
        assert (answer.status_code, answer.json()["code"]) == (412, "version_changed")
        assert answer.json()["version"] == proposal.version
    assert act(stage, proposal, action, "seven", **body).status_code == 400
    assert proposal_by_id(proposal.pk).version == proposal.version
    assert not Approval.objects.exists()


def test_an_action__on_the_version_that_was_read__is_taken(stage: Stage) -> None:
    proposal = asked_for_approval(stage)
    tag = stage.client("olga").get(f"/api/v1/proposals/{proposal.public_id}").headers["ETag"]
    answer = act(stage, proposal, "approvals", tag)
    assert answer.status_code == 201
    assert answer.headers["ETag"] == f'"{answer.json()["version"]}"'


@pytest.mark.usefixtures("committed")
def test_one_version__acted_on_by_five_at_once__is_acted_on_once(stage: Stage) -> None:
    """Different keys, one tag: the row's lock lets the first one in, the others see its version."""
    proposal = collecting(stage)
    url = f"/api/v1/proposals/{proposal.public_id}/vetoes"

    def veto() -> Any:
        headers = {"If-Match": f'"{proposal.version}"'}
        return stage.client("olga").post(url, {"reason": "no"}, headers=headers)

    statuses = [answer.status_code for answer in at_once(5, veto)]
    assert sorted(statuses) == [201, 412, 412, 412, 412]
    assert Approval.objects.count() == 1


def test_a_rehearsed_veto__is_answered_and_forgotten(stage: Stage) -> None:
    proposal = collecting(stage)
    url = f"/api/v1/proposals/{proposal.public_id}/vetoes?dry_run=true"
    stale = stage.bare("olga").post(url, {"reason": "no"}, headers={"If-Match": '"0"'})
    assert stale.status_code == 412
    answer = stage.bare("olga").post(url, {"reason": "no"}, headers={"If-Match": "*"})
    assert (answer.status_code, answer.json()["state"]) == (200, "VETOED")
    assert proposal_by_id(proposal.pk).state == ProposalState.COLLECTING
    assert not Approval.objects.exists()
