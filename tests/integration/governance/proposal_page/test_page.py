"""The page over HTTP: who sees it, and what it does when something is missing."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from governance.models import Comment, Proposal, Reading
from governance.selectors.proposals import proposal_by_id
from tests.integration.governance.conftest import Stage
from treasury.core.decisions import Decision
from treasury.core.revival import revive


def collecting(stage: Stage) -> Proposal:
    stage.seeded.shift_strategy()
    proposal = stage.propose("strategic")
    stage.sweep()
    return proposal_by_id(proposal.pk)


def path(proposal: Proposal, part: str = "") -> str:
    return f"/proposals/{proposal.public_id}/{part}"


def reader(stage: Stage, name: str) -> Client:
    client = Client()
    client.force_login(stage.people[name])
    return client


def test_page__signed_out__leads_to_the_login_and_back(stage: Stage) -> None:
    proposal = collecting(stage)
    answer = Client().get(path(proposal))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/login")
    assert proposal.public_id in answer["Location"]


def test_page__unknown__not_found(stage: Stage) -> None:
    assert (
        reader(stage, "sofia").get("/proposals/prop_01ARZ3NDEKTSV4RRFFQ69G5FAV/").status_code == 404
    )


@pytest.mark.parametrize("name", ["arne", "fiona", "sofia", "olga"])
def test_page__every_reader__says_what_it_does(stage: Stage, name: str) -> None:
    text = reader(stage, name).get(path(collecting(stage))).content.decode()
    assert "Sell 94,986.42 DAI for at least" in text
    assert ("Sign with your wallet" in text) is (name == "sofia")
    assert ("Decline" in text) is (name != "arne")


def test_page__optimiser_found_another_list__shown_beside_with_its_saving(stage: Stage) -> None:
    proposal = stage.propose("yield")
    other = revive(Decision, json.loads(proposal.decision.result)).alternative
    text = " ".join(reader(stage, "sofia").get(path(proposal)).content.decode().split())
    assert other is not None
    assert f"The optimiser would: {len(other.trades)} trade" in text
    assert "less than the one above, by the estimates before quotes." in text
    assert "It brings every asset within its band, no farther." in text


def test_live_part__nothing_new__204(stage: Stage) -> None:
    client, proposal = reader(stage, "fiona"), collecting(stage)
    html = client.get(path(proposal, "live/")).content.decode()
    seen = html.split("seen=")[1][:16]
    assert client.get(path(proposal, f"live/?seen={seen}")).status_code == 204


def test_comment__empty__refused_with_what_was_typed(stage: Stage) -> None:
    client, proposal = reader(stage, "fiona"), collecting(stage)
    answer = client.post(path(proposal, "comments/"), {"text": "   "})
    assert answer.status_code == 422
    assert "Write something first." in answer.content.decode()
    assert not Comment.objects.exists()


def test_auditor__may_not_comment(stage: Stage) -> None:
    client, proposal = reader(stage, "arne"), collecting(stage)
    assert client.post(path(proposal, "comments/"), {"text": "x"}).status_code == 403
    assert not Comment.objects.exists()


def test_reading__opened_twice__kept_once_with_its_sections(stage: Stage) -> None:
    client, proposal = reader(stage, "sofia"), collecting(stage)
    for section in ("", "verify", "calls", "verify", "nonsense"):
        assert client.post(path(proposal, "readings/"), {"section": section}).status_code == 204
    (row,) = Reading.objects.all()
    assert (row.user, row.sections) == (stage.people["sofia"], ["verify", "calls"])
