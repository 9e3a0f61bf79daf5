"""A Chromium per worker, a fresh treasury per test, and no complaint of any page."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.fetch_chromium import HOW, find_chromium
from tests.browser.story import PLAYED, tell_story
from tests.browser.theatre import SEEDED, House, Theatre, running_house

# Playwright's synchronous interface keeps an event loop in this thread; nothing else runs in it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

expect.set_options(timeout=20_000)  # milliseconds: a machine that is busy with other tests

FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
]


@pytest.fixture(scope="session")
def browser_session() -> Iterator[Browser]:
    path = find_chromium()
    if path is None:
        if os.environ.get("BALLAST_REQUIRE_BROWSER"):
            pytest.fail(HOW, pytrace=False)
        pytest.skip(HOW)
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS, *sandbox])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def house(
    browser_session: Browser, django_db_setup: None, django_db_blocker: Any
) -> Iterator[House]:
    with django_db_blocker.unblock(), running_house() as found:
        yield found


def opened(house: House, browser: Browser) -> Iterator[Theatre]:
    found = Theatre(house.stage, house.chain, house.url, browser)
    yield found
    complaints = found.close_windows()
    assert complaints == []


@pytest.fixture
def theatre(house: House, browser_session: Browser) -> Iterator[Theatre]:
    """The seeded treasury as it was, and windows that must not complain."""
    house.restore(SEEDED)
    yield from opened(house, browser_session)


@pytest.fixture
def played(house: House, browser_session: Browser) -> Iterator[Theatre]:
    """A treasury in the middle of its life (`tests.browser.story`): something in every page."""
    if house.is_kept(PLAYED):
        house.restore(PLAYED)
    else:
        house.restore(SEEDED)
        tell_story(house.stage)
        house.keep(PLAYED)
    yield from opened(house, browser_session)
