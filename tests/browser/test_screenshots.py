"""A picture of every page, desktop and phone, and an index that says what each is for.

`make screenshots` draws into docs/screenshots; otherwise the pictures go to a folder of the run,
and the test still checks that the shipped ones are complete.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.browser.every_page import Place, places
from tests.browser.story import look_again
from tests.browser.theatre import Theatre

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "docs" / "screenshots"
WIDTHS = {"desktop": False, "phone": True}


@pytest.mark.parametrize("place", places(), ids=lambda place: place.name)
def test_screenshot__page_at_both_widths__is_drawn(
    played: Theatre, place: Place, tmp_path: Path
) -> None:
    wanted = os.environ.get("BALLAST_SCREENSHOTS")
    folder = ROOT / wanted if wanted else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    for width, phone in WIDTHS.items():
        visitor = played.visitor(phone=phone)
        if place.person:
            visitor.already_signed_in(place.person)
        look_again(played.stage)
        visitor.go(place.path())
        visitor.page.wait_for_load_state("networkidle")
        target = folder / f"{place.name}-{width}.png"
        visitor.page.screenshot(path=target, full_page=True)
        assert target.stat().st_size > 5_000


def test_screenshots__index__names_every_page_and_both_pictures() -> None:
    index = (SHIPPED / "INDEX.md").read_text()
    for place in places():
        for width in WIDTHS:
            name = f"{place.name}-{width}.png"
            assert name in index, f"docs/screenshots/INDEX.md does not show {name}"
            assert (SHIPPED / name).exists(), f"run `make screenshots`: {name} is missing"
