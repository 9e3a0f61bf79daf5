"""The account's pages, the second factor and the administrators' page, as people see them."""

from __future__ import annotations

import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.cache import cache
from playwright.sync_api import Page, expect

from config.local.seed.treasury import PASSWORD
from governance.core.identity.sessions import PROVED_AT
from governance.core.roles import Role
from governance.models import RoleGrant, Wallet
from governance.services.identity import create_user, grant_role
from tests.browser.identity.test_sign_in import shoot
from tests.browser.theatre import Theatre
from treasury.core.types import Actor, ActorKind


def code_of(secret: str) -> str:
    code: str = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    return code


def set_up(page: Page) -> tuple[str, list[str]]:
    """The app's key and the recovery codes, read from the pages."""
    page.get_by_role("button", name="Set it up").click()
    secret = page.locator("#secret").inner_text().replace(" ", "")
    page.get_by_label("The code that the app shows").fill(code_of(secret))
    page.get_by_role("button", name="Turn it on").click()
    codes = page.get_by_label("Recovery codes").inner_text().split()
    return secret, codes


def forget_proofs() -> None:
    """As if ten minutes had passed in every browser."""
    for row in Session.objects.all():
        kept = row.get_decoded()
        kept.pop(PROVED_AT, None)
        row.session_data = SessionStore().encode(kept)
        row.save()


def test_staff__second_factor_set_up_by_keyboard__is_asked_for_at_the_next_log_in(
    theatre: Theatre,
) -> None:
    visitor = theatre.visitor().sign_in("fiona")
    page = visitor.go("/account")
    page.get_by_role("button", name="Set it up").focus()
    page.keyboard.press("Enter")
    secret = page.locator("#secret").inner_text().replace(" ", "")
    page.get_by_label("The code that the app shows").fill("000000")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("This code is not right")
    page.get_by_label("The code that the app shows").fill(code_of(secret))
    page.keyboard.press("Enter")
    codes = page.get_by_label("Recovery codes").inner_text().split()
    assert len(codes) == 10
    shoot(visitor, "recovery-codes")
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("10 recovery codes left")).to_be_visible()
    page.get_by_role("button", name="Sign out fiona").click()
    page.get_by_label("User name").fill("fiona")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    field = page.get_by_label("Code of your authenticator app")
    expect(field).to_be_focused()
    shoot(visitor, "second-step")
    page.keyboard.type(codes[0])
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Sign out fiona")).to_be_visible()


def test_wallet__attached_after_a_stale_log_in__asks_for_the_proof_first(
    theatre: Theatre,
) -> None:
    visitor, wallet = theatre.with_wallet("stranger")
    visitor.sign_in("fiona")
    forget_proofs()
    page = visitor.go("/account")
    page.get_by_role("button", name="Attach Test Wallet").click()
    expect(page.get_by_role("heading", name="Show that it is you")).to_be_visible()
    shoot(visitor, "step-up")
    assert not Wallet.objects.filter(address=wallet.address).exists()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text(f"{wallet.address} is attached.")).to_be_visible()
    assert Wallet.objects.get(address=wallet.address).user.username == "fiona"


def test_step_up__signer_by_wallet__declined_then_proved(theatre: Theatre) -> None:
    visitor, wallet = theatre.with_wallet("owner1")
    page = visitor.go("/login")
    page.get_by_role("button", name="Sign in with Test Wallet").click()
    expect(page.get_by_role("button", name="Sign out sofia")).to_be_visible()
    forget_proofs()
    visitor.go("/login/again?next=/account")
    wallet.declines = True
    page.get_by_role("button", name="Prove with Test Wallet").click()
    expect(page.locator("[data-wallet-status]")).to_contain_text("You declined")
    wallet.declines = False
    page.get_by_role("button", name="Prove with Test Wallet").click()
    expect(page.get_by_role("heading", name="Account of sofia")).to_be_visible()


def test_people__one_asks_another_grants__new_person_comes_in(theatre: Theatre) -> None:
    system = Actor(ActorKind.SYSTEM, "test")
    anton = create_user(username="anton", password=PASSWORD, actor=system)
    treasury_id = theatre.stage.seeded.treasury.pk
    grant_role(user=anton, treasury_id=treasury_id, role=Role.ADMIN, actor=system)
    first = theatre.visitor().sign_in("ada")
    page = first.go("/people")
    page.get_by_label("User name").fill("gustav")
    page.get_by_label("Role", exact=True).select_option("AUDITOR")
    page.get_by_label("Reason").fill("The yearly audit begins in March")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_text("Another administrator has to grant it.")).to_be_visible()
    second = theatre.visitor().sign_in("anton")
    second.go("/people")
    second.page.get_by_role("button", name="Grant AUDITOR to gustav").click()
    link = second.page.locator(".banner .hash").inner_text()
    shoot(second, "people-granted")
    third = theatre.visitor()
    third.page.goto(link)
    third.page.get_by_label("New password", exact=True).fill("a password of one's own")
    third.page.get_by_label("confirmation").fill("a password of one's own")
    third.page.get_by_role("button", name="Set the password").click()
    expect(third.page.get_by_label("User name")).to_be_visible()
    assert RoleGrant.objects.filter(user__username="gustav", role="AUDITOR").exists()


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("phone", [False, True])
def test_pages_of_the_account__each_width_and_scheme__are_accessible_and_fit(
    theatre: Theatre, phone: bool, dark: bool
) -> None:
    suffix = f"{'phone' if phone else 'desktop'}-{'dark' if dark else 'light'}"
    visitor, _ = theatre.with_wallet("owner1", phone=phone, dark=dark)
    visitor.sign_in("ada")
    for path in ("account", "people"):
        visitor.go(f"/{path}")
        assert visitor.serious_violations() == []
        assert not visitor.is_wider_than_window()
        shoot(visitor, f"{path}-{suffix}")
    visitor.go("/account").get_by_role("button", name="Set it up").click()
    expect(visitor.page.get_by_role("heading", name="Set up a second factor")).to_be_visible()
    assert visitor.serious_violations() == []
    shoot(visitor, f"enrol-{suffix}")
    cache.clear()
    forget_proofs()
    visitor.go("/login/again?next=/account")
    assert visitor.serious_violations() == []
    assert not visitor.is_wider_than_window()
    shoot(visitor, f"step-up-{suffix}")
