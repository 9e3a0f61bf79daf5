"""Acts of the registers by keyboard alone."""

from __future__ import annotations

import re

from django.utils import timezone
from playwright.sync_api import Page, expect

from governance.models import (
    Absence,
    AddressEntry,
    ApiToken,
    Channel,
    Halt,
    Notice,
    Notification,
    NotificationState,
)
from tests.browser.keyboard import press, tab_to, write, write_day, write_moment
from tests.browser.theatre import Theatre

ADDRESS = "0x000000000000000000000000000000000000dEaD"
HOOK = "https://hooks.example.org/treasury"


def test_pause_and_end__two_people__by_keyboard(theatre: Theatre) -> None:
    page = theatre.visitor().sign_in("olga").page
    page.goto(theatre.url + "/monitoring/")
    write(page, "Why", "A feed looks wrong.")
    press(page, "Pause the treasury")
    expect(page.get_by_text("is paused")).to_be_visible()
    halt = Halt.objects.get()
    page = with_reason(theatre, halt, "fiona")
    press(page, "Ask for a second person")
    expect(page.get_by_text("A second person has to agree.")).to_be_visible()
    page = with_reason(theatre, halt, "sofia")
    press(page, "End the halt")
    expect(page.get_by_text("Closed by two people.")).to_be_visible()
    halt.refresh_from_db()
    assert halt.closed_at is not None


def with_reason(theatre: Theatre, halt: Halt, name: str) -> Page:
    page = theatre.visitor().sign_in(name).go(f"/monitoring/halts/{halt.public_id}/")
    write(page, "What did you look at, and why may it go on?", "The feed is right again.")
    return page


def test_label__two_people__by_keyboard(theatre: Theatre) -> None:
    page = theatre.visitor().sign_in("fiona").page
    page.goto(theatre.url + "/addresses/")
    write(page, "Address", ADDRESS)
    write(page, "Label", "Nobody's")
    write_day(page, "Until and including", 30)
    press(page, "Ask a second person")
    expect(page.get_by_text("A second person has to agree before it is shown.")).to_be_visible()
    entry = AddressEntry.objects.get()
    page = theatre.visitor().sign_in("sofia").page
    page.goto(theatre.url + f"/addresses/{entry.public_id}/")
    press(page, "Every character is right: agree")
    expect(page.get_by_text("is in the book.")).to_be_visible()
    assert AddressEntry.objects.get().approver is not None
    page.goto(theatre.url + f"/addresses/{entry.public_id}/")
    press(page, "Withdraw")
    expect(page.get_by_role("button", name="Withdraw", exact=True)).to_have_count(0)
    assert AddressEntry.objects.get().withdrawn_at is not None


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


def test_webhook__secret_rotated_message_told_again_off_and_on__by_keyboard(
    theatre: Theatre,
) -> None:
    page = theatre.visitor().sign_in("ada").go("/integrations/")
    tab_to(page, page.get_by_label("Mine", exact=True))
    page.keyboard.press("ArrowDown")
    write(page, "By", "webhook")
    write(page, "To", HOOK)
    press(page, "Make it")
    expect(page.get_by_label("Secret")).to_have_value(re.compile("whsec_"))
    channel = Channel.objects.get()
    at = f"/integrations/channels/{channel.public_id}/"
    page.goto(theatre.url + at)
    press(page, "Rotate the secret")
    expect(page.get_by_label("Secret")).to_have_value(re.compile("whsec_"))
    page.goto(theatre.url + at)
    press(page, "End the rotation: only the new secret signs")
    expect(page.get_by_role("button", name="End the rotation")).to_have_count(0)
    Notification.objects.create(
        channel=channel,
        topic="halt",
        dedupe_key="one",
        subject="A halt",
        body="-",
        state=NotificationState.FAILED,
        next_try_at=timezone.now(),
    )
    page.goto(theatre.url + at)
    press(page, "Tell again A halt")
    expect(page.get_by_text("It is told again, with the same id.")).to_be_visible()
    press(page, "Switch off")
    expect(page.get_by_text("Off since")).to_be_visible()
    press(page, "Switch on")
    expect(page.get_by_text("Off since")).to_have_count(0)
    channel.refresh_from_db()
    assert channel.disabled_at is None


def test_audit__filtered__by_keyboard(theatre: Theatre) -> None:
    page = theatre.visitor().sign_in("arne").go("/audit")
    write(page, "Actor", "nobody.of.that.name")
    press(page, "Filter")
    expect(page).to_have_url(re.compile("actor=nobody.of.that.name"))


def test_token__issued_and_revoked__by_keyboard(theatre: Theatre) -> None:
    page = theatre.visitor().sign_in("ada").page
    page.goto(theatre.url + "/integrations/tokens/new")
    write(page, "What it is for", "books")
    tab_to(page, page.get_by_role("checkbox", name="ledger:read"))
    page.keyboard.press("Space")
    write_day(page, "Until and including", 30)
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
    press(page, "I am back")
    expect(page.get_by_role("button", name="I am back")).to_have_count(0)
