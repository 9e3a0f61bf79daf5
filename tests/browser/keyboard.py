"""A person without a mouse: Tab, Enter, Space, arrows and typing. Nothing here clicks or focuses by
itself, so whatever is reached is reached by the order of the page.

`tests/architecture/pages/test_keyboard.py` reads which buttons are pressed: name them in the call
itself.
"""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import Locator, Page

TABS_MAX = 160
FOCUSED = "element => element === document.activeElement"


def tab_to(page: Page, wanted: Locator) -> None:
    for _ in range(TABS_MAX):
        if wanted.evaluate(FOCUSED):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {wanted}")


def press(page: Page, name: str) -> None:
    """The button of this name; of several, the first."""
    tab_to(page, page.get_by_role("button", name=name, exact=True).first)
    page.keyboard.press("Enter")


def unfold(page: Page, title: str) -> None:
    tab_to(page, page.locator("summary").filter(has_text=title).first)
    page.keyboard.press("Enter")


def write(page: Page, label: str, text: str) -> None:
    """Instead of what stands there."""
    tab_to(page, page.get_by_label(label, exact=True).first)
    page.keyboard.press("Control+A")
    page.keyboard.type(text)


def paste(page: Page, label: str, text: str) -> None:
    """As from the clipboard: what is too long to be typed."""
    tab_to(page, page.get_by_label(label, exact=True))
    page.keyboard.insert_text(text)


def mark(page: Page, label: str) -> None:
    """A check box, or a radio button that is the first of its group."""
    tab_to(page, page.get_by_label(label, exact=True))
    page.keyboard.press("Space")


def write_day(page: Page, label: str, days: int) -> None:
    """Part by part, as the keys of a date field take it in this browser's language."""
    tab_to(page, page.get_by_label(label, exact=True))
    page.keyboard.type((timezone.now() + timedelta(days=days)).strftime("%m%d%Y"))


def write_moment(page: Page, label: str, days: int) -> None:
    """Day, then time: the year takes six digits, so that Tab ends it."""
    write_day(page, label, days)
    page.keyboard.press("Tab")
    page.keyboard.type("0900AM")


def sign_in(page: Page, name: str, password: str) -> None:
    write(page, "User name", name)
    write(page, "Password", password)
    press(page, "Sign in")
