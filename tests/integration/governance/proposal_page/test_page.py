"""The page over HTTP: what it costs, who sees it, what it does when something is missing."""

from __future__ import annotations

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from governance.models import Proposal
from governance.selectors.proposals import proposal_by_id
from tests.integration.governance.conftest import Stage

QUERIES_MAX = 15


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


def test_page__waiting_for_signatures__few_queries(stage: Stage) -> None:
    proposal, client = collecting(stage), reader(stage, "sofia")
    with CaptureQueriesContext(
        connection,
    ) as seen:
        answer = client.get(path(proposal))
    assert answer.status_code == 200
    for q in seen.captured_queries:
        print(q["sql"][:170])
    assert len(seen) <= QUERIES_MAX, len(seen)
