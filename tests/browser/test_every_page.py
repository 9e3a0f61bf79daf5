"""Every page, at both widths, light and dark: no complaint, accessible, fits its window."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.every_page import Place, places
from tests.browser.theatre import Theatre


@pytest.mark.parametrize("place", places(), ids=lambda place: place.name)
def test_page__both_widths_light_and_dark__is_accessible_and_fits(
    played: Theatre, place: Place
) -> None:
    path = place.path()
    for phone, dark in ((False, False), (True, True)):
        visitor = played.visitor(phone=phone, dark=dark)
        if place.person:
            visitor.already_signed_in(place.person)
        answer = visitor.page.goto(played.url + path)
        assert answer is not None
        assert answer.status == 200, path
        expect(visitor.page.get_by_role("heading", level=1)).to_have_count(1)
        assert not visitor.is_wider_than_window(), "scrolls sideways"
        assert visitor.serious_violations() == []
