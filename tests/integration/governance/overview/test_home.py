"""The plain pages: who sees them, and what they say."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from config.local.chain.accounts import ACCOUNTS
from config.local.seed.treasury import PASSWORD
from governance.selectors.proposals import proposal_by_id
from governance.services import approvals
from tests.integration.governance.conftest import Stage
from tests.integration.governance.test_halts import stop
from treasury.core.types import Actor, ActorKind, Address


@pytest.fixture
def browser(stage: Stage) -> Client:
    return Client()


def sign_in(browser: Client, name: str, password: str = PASSWORD) -> int:
    return browser.post("/login", {"username": name, "password": password}).status_code


def test_home__nobody_signed_in__asks_to_sign_in(browser: Client) -> None:
    answer = browser.get("/")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/login")


@pytest.mark.parametrize("name", ["fiona", "olga", "sofia", "arne"])
def test_home__people_of_the_treasury__see_value_and_proposals(
    stage: Stage, browser: Client, name: str
) -> None:
    stage.propose("yield")
    assert sign_in(browser, name) == 302
    page = browser.get("/").content.decode()
    for words in ("Harbour DAO", "USD", "block", "Automated", "yield", "vUSDC", "Uniswap v3"):
        assert words in page


def test_home__no_role_anywhere__forbidden(stage: Stage, browser: Client) -> None:
    stage.people["fiona"].role_grants.all().delete()
    sign_in(browser, "fiona")
    assert browser.get("/").status_code == 403


def test_home__halt__is_told_first(stage: Stage, browser: Client) -> None:
    stop(stage)
    stage.evaluate("yield")
    sign_in(browser, "fiona")
    page = browser.get("/").content.decode()
    assert "1 halted" in page
    assert page.index("stopped, now FROZEN") < page.index("Harbour DAO")


def test_home__nothing_to_do__says_so_and_when_the_next_check_comes(
    stage: Stage, browser: Client
) -> None:
    sign_in(browser, "arne")
    page = browser.get("/").content.decode()
    assert "Nothing needs you" in page
    assert re.search(r"next check comes within \d+ s", page)


def test_home__signer__is_asked_until_the_signature_is_there(
    stage: Stage, browser: Client, sign: Callable[[str, str], bytes]
) -> None:
    stage.seeded.shift_strategy()
    proposal = stage.propose("strategic")
    stage.sweep()
    sign_in(browser, "sofia")
    page = browser.get("/").content.decode()
    assert "1 thing needs you" in page
    assert "1 to sign" in page
    assert f'href="/proposals/{proposal.public_id}">Open the oldest' in page
    assert "3 d left" in page
    signed = proposal_by_id(proposal.pk).safe_transaction
    assert signed is not None
    approvals.confirm(
        proposal_id=proposal.pk,
        owner=Address(ACCOUNTS["owner1"].address),
        signature=sign("owner1", signed.safe_tx_hash),
        kind=None,
        block=stage.head(),
        rpc_url=stage.url,
        actor=Actor(ActorKind.CHAIN, "test"),
        is_own_session=False,
    )
    page = browser.get("/").content.decode()
    assert "Nothing needs you" in page
    assert page.index("Under way, waiting for others") < page.index(proposal.public_id)


def test_home__member_of_an_owner_safe__is_asked_too(stage: Stage, browser: Client) -> None:
    stage.seeded.shift_strategy()
    stage.propose("strategic")
    stage.sweep()
    sign_in(browser, "bea")
    assert "1 to sign" in browser.get("/").content.decode()


def test_home__people_who_cannot_act__are_asked_for_nothing(stage: Stage, browser: Client) -> None:
    stage.seeded.shift_strategy()
    stage.propose("strategic")
    stage.sweep()
    for name in ("arne", "ada", "fiona", "olga"):
        sign_in(browser, name)
        assert "to sign" not in browser.get("/").content.decode()
        browser.post("/logout")


def test_home__live_part_unchanged__is_not_sent_again(stage: Stage, browser: Client) -> None:
    sign_in(browser, "arne")
    page = browser.get("/").content.decode()
    seen = page.split("?seen=")[1].split('"')[0]
    assert browser.get(f"/?seen={seen}").status_code == 204
    assert browser.get("/?seen=other").status_code == 200


def test_login__wrong_password__says_so_and_signs_nobody_in(browser: Client) -> None:
    assert sign_in(browser, "fiona", "a guess") == 200
    assert browser.get("/").status_code == 302


def test_pages__nothing_inline__the_policy_allows_only_our_own(browser: Client) -> None:
    for address in ("/login", "/api"):
        answer = browser.get(address)
        assert answer.status_code == 200
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        page = answer.content.decode()
        assert "<script>" not in page
        assert "<style" not in page
        assert " style=" not in page
