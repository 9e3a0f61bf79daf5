"""The public page: two people, nothing private, gone at once when withdrawn."""

from __future__ import annotations

import pytest
from django.test import Client

from config.local.seed.treasury import PASSWORD
from governance.models import Publication
from governance.selectors.audit import audit_events
from tests.integration.governance.conftest import Stage


def sign_in(name: str) -> Client:
    browser = Client()
    assert browser.login(username=name, password=PASSWORD)
    return browser


def path(stage: Stage) -> str:
    return f"/treasuries/{stage.seeded.treasury.public_id}/publication/"


def publish(stage: Stage) -> None:
    sign_in("fiona").post(path(stage), {"decision": "ask", "slug": "harbour"})
    sign_in("felix").post(path(stage), {"decision": "approve"})


def test_public__asked_by_one__is_not_there_until_another_publishes(stage: Stage) -> None:
    anybody = Client()
    fiona = sign_in("fiona")
    assert fiona.post(path(stage), {"decision": "ask", "slug": "harbour"}).status_code == 302
    assert anybody.get("/public/harbour/").status_code == 404
    alone = fiona.post(path(stage), {"decision": "approve"})
    assert alone.status_code == 409
    assert "Another person" in alone.content.decode()
    assert anybody.get("/public/harbour").status_code == 404
    assert "1 to publish" in sign_in("felix").get("/").content.decode()
    assert sign_in("felix").post(path(stage), {"decision": "approve"}).status_code == 302
    assert anybody.get("/public/harbour/").status_code == 200
    actions = [event.payload["action"] for event in audit_events()]
    assert actions[-2:] == ["publication.asked", "publication.approved"]


def test_public__shows_tiers_and_what_was_executed__and_no_person_nor_what_is_pending(
    stage: Stage,
) -> None:
    publish(stage)
    done = stage.settle(stage.propose("yield", forced_reason="fiona says so"), {"DONE"})
    stage.seeded.shift_strategy()
    pending = stage.propose("strategic")
    page = Client().get("/public/harbour/").content.decode()
    for words in ("Harbour DAO", "strategic", "vUSDC", "Executed", "by decision"):
        assert words in page
    assert done.transaction is not None
    assert done.transaction.mined_tx_hash in page
    for name in (*stage.people, pending.public_id, done.public_id, "says so", "Worst loss"):
        assert name not in page


def test_public__withdrawn__is_as_if_it_had_never_been(stage: Stage) -> None:
    publish(stage)
    sign_in("sofia").post(path(stage), {"decision": "withdraw"})
    assert Client().get("/public/harbour/").status_code == 404
    again = sign_in("fiona").post(path(stage), {"decision": "ask", "slug": "harbour"})
    assert again.status_code == 302
    assert Publication.objects.count() == 2


@pytest.mark.parametrize("slug", ["", "ab", "Harbour", "-harbour", "har bour", "x" * 61])
def test_ask__address_out_of_shape__says_the_shape_and_keeps_what_was_typed(
    stage: Stage, slug: str
) -> None:
    answer = sign_in("fiona").post(path(stage), {"decision": "ask", "slug": slug})
    assert answer.status_code == 409
    assert "small letters" in answer.content.decode()
    assert not Publication.objects.exists()


@pytest.mark.parametrize("name", ["olga", "arne", "ada"])
def test_publishing__people_who_may_not_decide__are_refused(stage: Stage, name: str) -> None:
    browser = sign_in(name)
    assert browser.get(path(stage)).status_code == 200
    answer = browser.post(path(stage), {"decision": "ask", "slug": "harbour"})
    assert answer.status_code == 403
    assert not Publication.objects.exists()
