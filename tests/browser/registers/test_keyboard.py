"""Acts of the registers by keyboard alone: Tab, Enter, Space and typing."""

from __future__ import annotations

import re
from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import Page, expect

from governance.models import Absence, AddressEntry, ApiToken, Channel, Halt, Notice
from tests.browser.signing.test_keyboard import tab_to
from tests.browser.theatre import Theatre

ADDRESS = "0x000000000000000000000000000000000000dEaD"


def press(page: Page, name: str) -> None:
    tab_to(page, page.get_by_role("button", name=name, exact=True))
    page.keyboard.press("Enter")


def write(page: Page, label: str, text: str) -> None:
    tab_to(page, page.get_by_label(label, exact=True))
    page.keyboard.type(text)


def write_moment(page: Page, label: str, days: int) -> None:
    """Day, then time: the year takes six digits, so that Tab ends it."""
    write(page, label, day(days))
    page.keyboard.press("Tab")
    page.keyboard.type("0900AM")


def day(days: int) -> str:
    """As the keys of a date field take it in this browser's language."""
    return (timezone.now() + timedelta(days=days)).strftime("%m%d%Y")


def test_pause_and_end__two_people__by_keyboard(theatre: Theatre) -> None:
    page = theatre.visitor().sign_in("olga").page
    page.goto(theatre.url + "/monitoring/")
    write(page, "Why", "A feed looks wrong.")
    press(page, "Pause the treasury")
    expect(page.get_by_text("is paused")).to_be_visible()
    halt = Halt.objects.get()
    for name, button, said in (
        ("fiona", "Ask for a second person", "A second person has to agree."),
        ("sofia", "End the halt", "Closed by two people."),
    ):
        page = theatre.visitor().sign_in(name).page
        page.goto(theatre.url + f"/monitoring/halts/{halt.public_id}/")
        write(page, "What did you look at, and why may it go on?", "The feed is right again.")
        press(page, button)
        expect(page.get_by_text(said)).to_be_visible()
    halt.refresh_from_db()
    assert halt.closed_at is not None


def test_label__two_people__by_keyboard(theatre: Theatre) -> None:
    page = theatre.visitor().sign_in("fiona").page
    page.goto(theatre.url + "/addresses/")
    write(page, "Address", ADDRESS)
    write(page, "Label", "Nobody's")
    write(page, "Until and including", day(30))
    press(page, "Ask a second person")
    expect(page.get_by_text("A second person has to agree before it is shown.")).to_be_visible()
    entry = AddressEntry.objects.get()
    page = theatre.visitor().sign_in("sofia").page
    page.goto(theatre.url + f"/addresses/{entry.public_id}/")
    press(page, "Every character is right: agree")
    expect(page.get_by_text("is in the book.")).to_be_visible()
    assert AddressEntry.objects.get().approver is not None


def test_channel__made_and_tried__by_keyboard(theatre: Theatre) -> None:
    page = theatre.visitor().sign_in("olga").page
    page.goto(theatre.url + "/integrations/")
    write(page, "By", "email")
    write(page, "To", "olga@example.org")
    press(page, "Make it")
    expect(page.get_by_role("button", name="Send a test message")).to_be_visible()
    press(page, "Send a test message")
    expect(page.get_by_text("A test message is on its way")).to_be_visible()
    assert Channel.objects.get().notifications.count() == 1


def test_token__issued_and_revoked__by_keyboard(theatre: Theatre) -> None:
    page = theatre.visitor().sign_in("ada").page
    page.goto(theatre.url + "/integrations/tokens/new")
    write(page, "What it is for", "books")
    tab_to(page, page.get_by_role("checkbox", name="ledger:read"))
    page.keyboard.press("Space")
    write(page, "Until and including", day(30))
    press(page, "Issue it")
    expect(page.get_by_label("Secret")).to_have_value(re.compile("ballast_test_"))
    tab_to(page, page.get_by_role("link", name="I have it"))
    page.keyboard.press("Enter")
    press(page, "Revoke books")
    expect(page.get_by_text("books can do nothing any more.")).to_be_visible()
    assert ApiToken.objects.get().revoked_at is not None


def test_notice__written_and_withdrawn__by_keyboard(theatre: Theatre) -> None:
    page = theatre.visitor().sign_in("olga").page
    page.goto(theatre.url + "/notices/")
    write(page, "Title", "Upgrade of the network")
    write(page, "What it means for our proposals", "Blocks may be late.")
    write(page, "Source", "https://example.org/upgrade")
    write_moment(page, "From", 1)
    write_moment(page, "Until", 30)
    press(page, "Write it")
    expect(page.get_by_text("Written.")).to_be_visible()
    notice = Notice.objects.get()
    page.goto(theatre.url + f"/notices/{notice.public_id}/withdrawal/")
    write(page, "Why does it no longer hold?", "It was put off.")
    press(page, "Withdraw it")
    expect(page.get_by_text("Withdrawn.")).to_be_visible()
    notice.refresh_from_db()
    assert notice.withdrawn_at is not None


def test_absence__set__by_keyboard(theatre: Theatre) -> None:
    page = theatre.visitor().sign_in("sofia").page
    page.goto(theatre.url + "/signers/")
    write_moment(page, "From", 1)
    write_moment(page, "Until", 5)
    press(page, "Say so")
    expect(page.get_by_text("sofia:")).to_be_visible()
    assert Absence.objects.get().user.get_username() == "sofia"
