"""What stands around every page."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.theatre import Theatre


def test_home__signed_in_by_password__shows_the_treasury(theatre: Theatre) -> None:
    page = theatre.visitor().sign_in("fiona").go("/")
    expect(page.get_by_role("heading", level=1)).to_have_count(1)


@pytest.mark.parametrize("phone", [False, True])
@pytest.mark.parametrize("path", ["/login", "/", "/api"])
def test_page__either_width__is_accessible_and_fits(
    theatre: Theatre, path: str, phone: bool
) -> None:
    visitor = theatre.visitor(phone=phone)
    if path != "/login":
        visitor.already_signed_in("fiona")
    visitor.go(path)
    assert not visitor.is_wider_than_window()
    if path != "/api":  # the viewer of the API description is another project's
        assert visitor.serious_violations() == []


def test_sabotage__inline_script__is_refused_and_heard(theatre: Theatre) -> None:
    """The ear itself works: an inline script is stopped by the policy and becomes a complaint."""
    visitor = theatre.visitor()
    visitor.go("/login")
    visitor.page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = '1';"
        " document.body.append(s) }"
    )
    expect(visitor.page.get_by_label("Password")).to_be_visible()
    assert any("script-src" in line for line in visitor.complaints)
    visitor.complaints.clear()
