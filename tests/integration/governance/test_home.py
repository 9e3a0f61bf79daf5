"""The plain pages: who sees them, and what they say."""

from __future__ import annotations

import pytest
from django.test import Client

from config.local.seed.treasury import PASSWORD
from tests.integration.governance.conftest import Stage
from tests.integration.governance.test_halts import stop


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
    for words in ("Harbour DAO", "USD", "at block", "AUTOMATIC", "yield", "vUSDC"):
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
    assert page.index("BY_HAND") < page.index("Under way")


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
