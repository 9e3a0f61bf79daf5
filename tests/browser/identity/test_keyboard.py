"""Signing in, proving oneself and the account's pages by keyboard alone."""

from __future__ import annotations

from eth_utils.address import to_checksum_address
from playwright.sync_api import Page, expect

from config.local.chain.accounts import ACCOUNTS, AccountName
from config.local.seed.treasury import PASSWORD
from governance.core.roles import Role
from governance.models import RoleGrant, User, Wallet
from governance.services.identity import create_user, grant_role
from tests.browser.identity.test_account import code_of, forget_proofs
from tests.browser.keyboard import paste, press, tab_to, unfold, write
from tests.browser.theatre import Theatre
from tests.integration.governance.identity.conftest import signature_of
from treasury.core.types import Actor, ActorKind

SYSTEM = Actor(ActorKind.SYSTEM, "test")
NEW_PASSWORD = "a password of one's own"  # noqa: S105  the test's own


def sign_text(page: Page, account: AccountName) -> None:
    """The text of the page, signed elsewhere and brought back."""
    text = page.get_by_label("Text to sign").inner_text()
    paste(page, "Signature", signature_of(account, text))


def test_sign_in__password_then_code__by_keyboard(theatre: Theatre) -> None:
    page = theatre.visitor().go("/login")
    write(page, "User name", "fiona")
    write(page, "Password", PASSWORD)
    press(page, "Sign in")
    expect(page.get_by_role("button", name="Sign out fiona")).to_be_visible()
    page.goto(theatre.url + "/account")
    press(page, "Set it up")
    secret = page.locator("#secret").inner_text().replace(" ", "")
    write(page, "The code that the app shows", code_of(secret))
    press(page, "Turn it on")
    tab_to(page, page.get_by_role("link", name="I have kept them"))
    page.keyboard.press("Enter")
    press(page, "New recovery codes")
    code = page.get_by_label("Recovery codes").inner_text().split()[0]
    page.goto(theatre.url + "/account")
    press(page, "Sign out everywhere")
    write(page, "User name", "fiona")
    write(page, "Password", PASSWORD)
    page.keyboard.press("Enter")
    write(page, "Code of your authenticator app", code)
    press(page, "Go on")
    expect(page.get_by_role("button", name="Sign out fiona")).to_be_visible()
    page.goto(theatre.url + "/account")
    press(page, "Turn it off")
    expect(page.get_by_text("Your password alone lets you in.")).to_be_visible()


def test_sign_in_and_proof__wallet_of_the_browser__by_keyboard(theatre: Theatre) -> None:
    visitor, wallet = theatre.with_wallet("owner1")
    page = visitor.go("/login")
    press(page, "Sign in with Test Wallet")
    expect(page.get_by_role("button", name="Sign out sofia")).to_be_visible()
    forget_proofs()
    visitor.go("/login/again?next=/account")
    press(page, "Prove with Test Wallet")
    expect(page.get_by_role("heading", name="Account of sofia")).to_be_visible()
    wallet.name = "stranger"
    press(page, "Attach Test Wallet")
    expect(page.get_by_text("is attached.")).to_be_visible()
    assert Wallet.objects.filter(address=wallet.address, user__username="sofia").exists()


def test_sign_in_proof_and_wallet__key_elsewhere__by_keyboard(theatre: Theatre) -> None:
    page = theatre.visitor().go("/login")
    unfold(page, "Sign in with a key that is elsewhere")
    write(page, "Address of the account", ACCOUNTS["owner2"].address)
    press(page, "Get the text to sign")
    sign_text(page, "owner2")
    press(page, "Prove and sign in")
    expect(page.get_by_role("button", name="Sign out stefan")).to_be_visible()
    page.goto(theatre.url + "/account")
    unfold(page, "Attach one whose key is elsewhere")
    write(page, "Address of the account", ACCOUNTS["stranger"].address)
    press(page, "Get the text to sign")
    sign_text(page, "stranger")
    press(page, "Prove and attach")
    expect(page.get_by_text("is attached.")).to_be_visible()
    forget_proofs()
    page.goto(theatre.url + "/login/again?next=/account")
    unfold(page, "Prove with a key that is elsewhere")
    press(page, "Get the text to sign")
    address = page.locator("p .hash").first.inner_text()
    account: AccountName = (
        "owner2" if to_checksum_address(address) == ACCOUNTS["owner2"].address else "stranger"
    )
    sign_text(page, account)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Account of stefan")).to_be_visible()


def test_proof__password__by_keyboard(theatre: Theatre) -> None:
    page = theatre.visitor().sign_in("fiona").page
    forget_proofs()
    page.goto(theatre.url + "/login/again?next=/account")
    write(page, "Password", PASSWORD)
    press(page, "Go on")
    expect(page.get_by_role("heading", name="Account of fiona")).to_be_visible()


def test_people__asked_granted_refused_taken_away__by_keyboard(theatre: Theatre) -> None:
    anton = create_user(username="anton", password=PASSWORD, actor=SYSTEM)
    treasury_id = theatre.stage.seeded.treasury.pk
    grant_role(user=anton, treasury_id=treasury_id, role=Role.ADMIN, actor=SYSTEM)
    first = theatre.visitor().sign_in("ada").go("/people")
    for name in ("gustav", "gerda"):
        write(first, "User name", name)
        tab_to(first, first.get_by_label("Role", exact=True))
        first.keyboard.type("AUDITOR")
        write(first, "Reason", "The yearly audit begins in March")
        press(first, "Ask")
        expect(first.get_by_text(f"{name} (new account)")).to_be_visible()
    second = theatre.visitor().sign_in("anton").go("/people")
    press(second, "Refuse AUDITOR to gerda")
    expect(second.get_by_role("button", name="Refuse AUDITOR to gerda")).to_have_count(0)
    press(second, "Grant AUDITOR to gustav")
    link = second.locator(".banner .hash").inner_text()
    third = theatre.visitor().page
    third.goto(link)
    write(third, "New password", NEW_PASSWORD)
    third.keyboard.press("Tab")
    third.keyboard.type(NEW_PASSWORD)
    press(third, "Set the password")
    expect(third.get_by_label("User name")).to_be_visible()
    assert RoleGrant.objects.filter(user__username="gustav").exists()
    second.goto(theatre.url + "/people")
    press(second, "Take away AUDITOR from gustav")
    expect(second.get_by_role("button", name="Take away AUDITOR from gustav")).to_have_count(0)
    assert not RoleGrant.objects.filter(user__username="gustav").exists()
    assert not User.objects.filter(username="gerda").exists()
