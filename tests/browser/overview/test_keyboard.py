"""Acts of the overview by keyboard alone."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from governance.models import Halt, Publication
from tests.browser.keyboard import press, tab_to, unfold, write
from tests.browser.theatre import Theatre
from treasury.models import Decision


def test_proposals__filtered__by_keyboard(theatre: Theatre) -> None:
    page = theatre.visitor().sign_in("fiona").go("/proposals/")
    tab_to(page, page.get_by_role("combobox").first)
    page.keyboard.press("ArrowDown")
    press(page, "Filter")
    expect(page).to_have_url(re.compile(r"\?.+"))


def test_tier__checked_and_lowered__by_keyboard(theatre: Theatre) -> None:
    tier = theatre.stage.seeded.tiers["core"]
    page = theatre.visitor().sign_in("olga").go(f"/tiers/{tier.public_id}/")
    press(page, "Check now")
    expect(page.get_by_role("status").first).to_be_visible()
    assert Decision.objects.filter(tier=tier).exists()
    unfold(page, "Lower the tier")
    write(page, "Why", "A venue looks wrong.")
    press(page, "Lower to SEMI")
    expect(page.get_by_role("heading", name="Lowered to SEMI")).to_be_visible()
    assert Halt.objects.get().scope.tier_id == tier.pk


def test_public_page__asked_published_withdrawn__by_keyboard(theatre: Theatre) -> None:
    at = f"/treasuries/{theatre.stage.seeded.treasury.public_id}/publication/"
    page = theatre.visitor().sign_in("fiona").go(at)
    write(page, "Address", "harbour")
    press(page, "Ask for it")
    expect(page.get_by_text("Another person has to publish it.")).to_be_visible()
    page = theatre.visitor().sign_in("sofia").go(at)
    press(page, "Publish")
    expect(page.get_by_role("link", name="/public/harbour/")).to_be_visible()
    press(page, "Withdraw")
    expect(page.get_by_role("region", name="Now")).to_contain_text("Not public")
    assert Publication.objects.get().withdrawn_at is not None


def test_sign_out__by_keyboard(theatre: Theatre) -> None:
    page = theatre.visitor().sign_in("fiona").go("/")
    press(page, "Sign out fiona")
    expect(page.get_by_label("Password")).to_be_visible()
