"""A Chromium per worker, a fresh treasury per test, and no complaint of any page."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.fetch_chromium import HOW, find_chromium
from tests.browser.theatre import House, Theatre, running_house

# Playwright's synchronous interface keeps an event loop in this thread; nothing else runs in it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

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


@pytest.fixture
def theatre(house: House, browser_session: Browser, settings: Any) -> Iterator[Theatre]:
    """The seeded treasury as it was, and windows that must not complain."""
    house.restore()
    opened = Theatre(house.stage, house.chain, house.url, browser_session)
    yield opened
    complaints = opened.close_windows()
    assert complaints == []
