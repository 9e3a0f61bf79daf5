"""What a page costs does not depend on how much there is: at most fifteen queries each, with a
thousand proposals and a hundred tiers in the database. A first visit counts for nothing: who owns a
Safe is asked of the chain at most every 15 seconds, whoever looks.

The pages are found in the addresses of the service, so a new one is measured by itself."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import httpx
import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from config.local.seed.treasury import PASSWORD
from governance.core.lifecycle import OPEN
from governance.models import Proposal
from tests.browser.every_page import Place, places
from tests.browser.story import tell_story
from tests.integration.governance.conftest import Stage
from tests.integration.governance.overview.crowd import PROPOSALS, TIERS, crowd
from tests.integration.governance.signatures.signing import ask_for_rejection
from treasury.models import Tier

QUERIES_MAX = 15
NOT_THEIRS = {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}
"""What somebody sees of a page that is another person's."""
WITHOUT_CHAIN = {"home", "treasury", "tier", "proposals", "queue", "publishing"}
"""Pages of the overview: they show the latest snapshot and ask the chain only, at most every 15
seconds, for whose signature counts (two batches: owners, and members of owner Safes)."""
CHOICE = re.compile(r"\(\?P<\w+>([^|()]+)\|[^()]*\)")
"""A part of an address that is one of several words: the first one is taken."""
LIST_PATHS = (
    "/",
    "/proposals/",
    "/proposals/?tab=mine",
    "/proposals/?tab=done",
)


def full_house(stage: Stage) -> None:
    """The story that every page has something of, then a crowd."""
    tell_story(stage)
    stage.evaluate("core")
    if not Proposal.objects.filter(state__in=sorted(OPEN)).exists():
        stage.propose("core", forced_reason="something is under way")
    crowd(stage)


def test_every_page__a_thousand_proposals_a_hundred_tiers__fifteen_queries_at_most(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    full_house(stage)
    assert Proposal.objects.count() == PROPOSALS
    assert Tier.objects.count() == TIERS
    sent = count_requests(stage, monkeypatch)
    found: dict[str, tuple[int, int]] = {}
    may = {path: place.person for place, path in reachable()}
    for name, person, path in visits():
        answer, cost = visited(person, path, sent)
        if answer.status_code in NOT_THEIRS and person != may.get(path):
            continue
        assert is_shown(answer), f"{path} as {person}: {answer.status_code}"
        found[f"{name} as {person}"] = cost
    sys.stdout.write(told(found))
    assert {key: q for key, (q, _) in found.items() if q > QUERIES_MAX} == {}
    asking = {
        key: r for key, (_, r) in found.items() if r and key.split(" as ")[0] in WITHOUT_CHAIN
    }
    assert asking == {}


def test_proposal_page__whoever_has_something_to_do_there__fifteen_queries_at_most(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who is asked for a signature, who has signed, who may only look; then all of them
    once more while the rejection on the chain is asked for as well."""
    full_house(stage)
    sent = count_requests(stage, monkeypatch)
    found: dict[str, tuple[int, int]] = {}
    strategic = waiting_in(stage, "strategic")
    for proposal, person, offered in (
        (waiting_in(stage, "core"), "olga", "Sign with your wallet"),
        (strategic, "stefan", "Sign with your wallet"),
        (strategic, "bea", "a member of the owner"),
        (strategic, "sofia", "Nothing is missing from you"),
        (strategic, "fiona", "No wallet is known of you"),
    ):
        answer, cost = visited(person, f"/proposals/{proposal.public_id}/", sent)
        assert offered in answer.content.decode(), person
        found[f"{proposal.route} as {person}"] = cost
    ask_for_rejection(stage, strategic)
    for person in ("stefan", "bea", "sofia", "fiona"):
        answer, cost = visited(person, f"/proposals/{strategic.public_id}/", sent)
        assert ("Sign the rejection" in answer.content.decode()) is (person != "fiona"), person
        found[f"rejection as {person}"] = cost
    sys.stdout.write(told(found))
    assert {key: q for key, (q, _) in found.items() if q > QUERIES_MAX} == {}


def waiting_in(stage: Stage, tier: str) -> Proposal:
    rows = Proposal.objects.filter(tier_id=stage.tier_id(tier), state="COLLECTING")
    return rows.order_by("pk")[0]


def visited(person: str, path: str, sent: Counter[str]) -> tuple[Any, tuple[int, int]]:
    """The page, and what it cost: queries, requests to the node."""
    browser = Client()
    if person:
        assert browser.login(username=person, password=PASSWORD)
    cache.clear()
    browser.get(path)  # the first visit
    sent.clear()
    with CaptureQueriesContext(connection) as queries:
        answer = browser.get(path)
    return answer, (len(queries), sent["requests"])


def told(found: dict[str, tuple[int, int]]) -> str:
    return "\n".join(f"{key}: {q} queries, {r} requests" for key, (q, r) in found.items())


def is_shown(answer: Any) -> bool:
    """A step of the sign-in that has nothing to ask leads on, and is measured too; whoever is sent
    to sign in has seen nothing."""
    if answer.status_code == HTTPStatus.FOUND:
        return not answer["Location"].startswith("/login")
    return bool(answer.status_code == HTTPStatus.OK)


def reachable() -> Iterator[tuple[Place, str]]:
    """Pages whose object is there; that each has one is asked by the browser tests."""
    for place in places():
        try:
            yield place, CHOICE.sub(r"\1", place.path())
        except AssertionError:
            continue


def visits() -> Iterator[tuple[str, str, str]]:
    """(route, person, path): a signer with a wallet, for whom the chain is asked, wherever one may
    look; and the person whom the list of pages names."""
    for place, path in reachable():
        for person in dict.fromkeys((place.person, "sofia", "fiona")):
            yield place.name, person, path
    for path in LIST_PATHS:
        yield path, "sofia", path


def test_overview__whose_signature_counts_is_not_known_yet__two_requests_at_most(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.propose("yield")
    sent = count_requests(stage, monkeypatch)
    browser = Client()
    assert browser.login(username="sofia", password=PASSWORD)
    for place, path in reachable():
        if place.name not in WITHOUT_CHAIN:
            continue
        cache.clear()
        browser.login(username="sofia", password=PASSWORD)
        sent.clear()
        assert browser.get(path).status_code == 200
        assert sent["requests"] <= 2, place.name


def count_requests(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts what is sent to the node; it is sent all the same."""
    seen: Counter[str] = Counter()
    send = httpx.Client.send

    def counted(client: httpx.Client, request: httpx.Request, **options: object) -> httpx.Response:
        if str(request.url).rstrip("/") == stage.url.rstrip("/"):
            seen["requests"] += 1
        return send(client, request, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(httpx.Client, "send", counted)
    return seen
