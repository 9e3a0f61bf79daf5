"""The door, as people see it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from config.local.chain.accounts import ACCOUNTS, CHAIN_ID
from config.local.seed.treasury import PASSWORD
from governance.models import SignInRequest, User
from tests.browser.theatre import Theatre, Visitor
from tests.integration.governance.identity.conftest import signature_of

SHOTS = os.environ.get("SCREENSHOTS_DIR", "")


def shoot(visitor: Visitor, name: str) -> None:
    if SHOTS:
        visitor.page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def test_sign_in__wrong_chain_and_one_decline__is_switched_told_and_then_in(
    theatre: Theatre,
) -> None:
    visitor, wallet = theatre.with_wallet("owner1")
    wallet.chain_id, wallet.declines = "0x1", True
    page = visitor.go("/login")
    page.get_by_role("button", name="Sign in with Test Wallet").click()
    status = page.locator("[data-wallet-status]")
    expect(status).to_have_text("You declined in the wallet. Nothing was sent.")
    assert wallet.chain_id == hex(CHAIN_ID)
    shoot(visitor, "declined")
    wallet.declines = False
    page.get_by_role("button", name="Sign in with Test Wallet").click()
    expect(page.get_by_role("button", name="Sign out sofia")).to_be_visible()
    assert wallet.prompts == 2
    page.get_by_role("button", name="Sign out sofia").click()
    expect(page.get_by_label("Password")).to_be_visible()


def test_sign_in__stranger__is_told_why(theatre: Theatre) -> None:
    people = User.objects.count()
    visitor, _ = theatre.with_wallet("stranger")
    page = visitor.go("/login")
    page.get_by_role("button", name="Sign in with Test Wallet").click()
    expect(page.get_by_role("alert")).to_contain_text("signs for no treasury here")
    shoot(visitor, "stranger")
    assert User.objects.count() == people


def test_sign_in__garbage_of_the_wallet__never_leaves_the_page(theatre: Theatre) -> None:
    visitor, wallet = theatre.with_wallet("owner1")
    wallet.garbage = "0x1234"
    page = visitor.go("/login")
    page.get_by_role("button", name="Sign in with Test Wallet").click()
    expect(page.locator("[data-wallet-status]")).to_contain_text("is no signature")


def test_sign_in__no_wallet_in_the_browser__says_so(theatre: Theatre) -> None:
    page = theatre.visitor().go("/login")
    expect(page.locator("[data-wallet-status]")).to_have_text(
        "No wallet was found in this browser."
    )


def test_sign_in__without_javascript_by_keyboard__pasted_signature(theatre: Theatre) -> None:
    visitor = theatre.visitor(java_script_enabled=False)
    page = visitor.go("/login")
    page.get_by_text("Sign in with a key that is elsewhere").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type(ACCOUNTS["owner2"].address)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Sign this text")).to_be_visible()
    asked = SignInRequest.objects.get()
    assert page.get_by_label("Text to sign").inner_text() == asked.text
    page.get_by_label("Signature").fill(signature_of("owner2", asked.text))
    page.get_by_role("button", name="Prove and sign in").click()
    expect(page.get_by_role("button", name="Sign out stefan")).to_be_visible()


def test_sign_in__password_by_keyboard_alone__error_beside_the_field_then_in(
    theatre: Theatre,
) -> None:
    visitor = theatre.visitor()
    page = visitor.go("/login?next=/api")
    page.get_by_label("User name").focus()
    page.keyboard.type("fiona")
    page.keyboard.press("Tab")
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("User name")).to_have_value("fiona")
    expect(page.get_by_label("Password")).to_have_attribute("aria-invalid", "true")
    shoot(visitor, "wrong-password")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/api")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("phone", [False, True])
def test_pages_of_the_door__each_width_and_scheme__are_accessible_and_fit(
    theatre: Theatre, phone: bool, dark: bool
) -> None:
    visitor, _ = theatre.with_wallet("owner1", phone=phone, dark=dark)
    suffix = f"{'phone' if phone else 'desktop'}-{'dark' if dark else 'light'}"
    page = visitor.go("/login")
    expect(page.get_by_role("button", name="Sign in with Test Wallet")).to_be_visible()
    assert visitor.serious_violations() == []
    assert not visitor.is_wider_than_window()
    shoot(visitor, f"login-{suffix}")
    page.get_by_text("Sign in with a key that is elsewhere").click()
    page.get_by_label("Address of the account").fill("0x12")
    page.get_by_role("button", name="Get the text to sign").click()
    expect(page.get_by_label("Address of the account")).to_have_value("0x12")
    assert visitor.serious_violations() == []
    shoot(visitor, f"bad-address-{suffix}")
    page.get_by_label("Address of the account").fill(ACCOUNTS["owner1"].address)
    page.get_by_role("button", name="Get the text to sign").click()
    expect(page.get_by_role("heading", name="Sign this text")).to_be_visible()
    assert visitor.serious_violations() == []
    assert not visitor.is_wider_than_window()
    shoot(visitor, f"text-{suffix}")
