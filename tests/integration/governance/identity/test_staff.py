"""Staff: password, second factor, fresh proofs, the end of sessions."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client
from django.utils import timezone

from config.local.chain.accounts import ACCOUNTS
from config.local.seed.treasury import PASSWORD
from governance.models import User, Wallet
from governance.services.identity.second_factor import enrol, new_secret
from tests.integration.governance.conftest import Stage
from tests.integration.governance.identity.conftest import Browser, signature_of
from treasury.models import AuditEvent


def code_of(secret: str, steps: int = 0) -> str:
    code: str = format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))
    return code


def enrolled(stage: Stage, name: str = "fiona") -> tuple[str, list[str]]:
    """With the earliest code that is still good, in no time, so that the next ones are not used."""
    secret = new_secret()
    with time_machine.travel(timezone.now(), tick=False):
        return secret, enrol(user=stage.people[name], secret=secret, code=code_of(secret, -1))


def log_in(client: Client, name: str = "fiona", path: str = "/login") -> Any:
    return client.post(path, {"username": name, "password": PASSWORD, "next": "/"})


def actions() -> list[str]:
    return [row.payload["action"] for row in AuditEvent.objects.order_by("-id")[:5]]


def go_stale(client: Client) -> None:
    session = client.session
    session["proved_at"] = int((timezone.now() - timedelta(minutes=10)).timestamp())
    session.save()


# ------------------------------------------------------------------------------------ second step
def test_log_in__with_second_factor__needs_the_code(stage: Stage, browser: Browser) -> None:
    secret, _ = enrolled(stage)
    answer = log_in(browser.client)
    assert answer["Location"].startswith("/login/code")
    assert browser.who == ""
    assert browser.client.get("/").status_code == 302
    wrong = browser.client.post("/login/code", {"code": "000000"})
    assert wrong.status_code == 403
    assert 'id="code-error"' in wrong.content.decode()
    assert browser.who == ""
    right = browser.client.post("/login/code", {"code": code_of(secret)})
    assert (right.status_code, right["Location"]) == (302, "/")
    assert browser.who == "fiona"
    assert AuditEvent.objects.order_by("-id")[0].payload["after"] == {"how": "password and code"}


def test_code__used_once__is_worth_nothing_the_second_time(stage: Stage) -> None:
    secret, _ = enrolled(stage)
    first, second = Browser(), Browser()
    code = code_of(secret)
    for browser in (first, second):
        log_in(browser.client)
        browser.client.post("/login/code", {"code": code})
    assert (first.who, second.who) == ("fiona", "")


def test_recovery_code__each_once(stage: Stage) -> None:
    _, codes = enrolled(stage)
    assert len(set(codes)) == 10
    first, second = Browser(), Browser()
    for browser in (first, second):
        log_in(browser.client)
        browser.client.post("/login/code", {"code": codes[3]})
    assert (first.who, second.who) == ("fiona", "")


def test_code__five_guesses__then_even_the_right_one_waits(stage: Stage, browser: Browser) -> None:
    secret, _ = enrolled(stage)
    log_in(browser.client)
    codes = ["000000"] * 4 + [code_of(secret)]
    answers = [browser.client.post("/login/code", {"code": code}).status_code for code in codes]
    assert answers == [403] * 4 + [429]  # setting it up took one of the five
    assert browser.who == ""


def test_code_page__without_a_password_before__leads_back(browser: Browser) -> None:
    for path in ("/login/code", "/login/enrol"):
        assert browser.client.get(path)["Location"] == "/login"
        assert browser.client.post(path, {"code": "000000"})["Location"] == "/login"


def test_held_log_in__after_five_minutes__is_over(stage: Stage, browser: Browser) -> None:
    secret, _ = enrolled(stage)
    log_in(browser.client)
    with time_machine.travel(timezone.now() + timedelta(minutes=5, seconds=1), tick=True):
        answer = browser.client.post("/login/code", {"code": code_of(secret)})
    assert answer["Location"] == "/login"


def test_log_in__second_factor_demanded__nobody_is_in_before_it_is_set_up(
    stage: Stage, browser: Browser, settings: Any
) -> None:
    settings.SECOND_FACTOR_DEMANDED = True
    assert log_in(browser.client)["Location"].startswith("/login/enrol")
    assert browser.client.get("/")["Location"].startswith("/login")
    assert browser.client.get("/api/v1/proposals").status_code == 401
    assert browser.client.get("/login/enrol").status_code == 200
    secret = browser.client.session["totp_secret"]
    page = browser.client.post("/login/enrol", {"code": code_of(secret)})
    assert "Recovery codes" in page.content.decode()
    assert browser.who == "fiona"
    answer = browser.client.post("/account/second-factor/removal")
    assert answer.status_code == 422
    assert Authenticator.objects.filter(user=stage.people["fiona"]).count() == 2


def test_second_factor__in_the_database__is_encrypted(stage: Stage) -> None:
    secret, codes = enrolled(stage)
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored
    assert not any(code in stored for code in codes)


# ------------------------------------------------------------------------------------ fresh proof
def test_step_up__stale_form__is_kept_and_goes_through_with_the_proof(
    stage: Stage, browser: Browser
) -> None:
    log_in(browser.client, "ada")
    go_stale(browser.client)
    form = {
        "do": "ask", "username": "gustav", "role": "AUDITOR", "reason": "the yearly audit",
        "treasury": stage.seeded.treasury.public_id,
    }  # fmt: skip
    page = browser.client.post("/people", form)
    assert page.status_code == 403
    for value in form.values():
        assert f'value="{value}"' in page.content.decode()
    assert "role.asked" not in actions()
    wrong = browser.client.post("/people", form | {"proof_password": "a guess"})
    assert wrong.status_code == 403
    assert "not your password" in wrong.content.decode()
    assert "role.asked" not in actions()
    assert browser.client.post("/people", form | {"proof_password": PASSWORD}).status_code == 302
    assert "role.asked" in actions()


def test_step_up__second_factor_on__the_password_alone_does_not_do(
    stage: Stage, browser: Browser
) -> None:
    secret, _ = enrolled(stage)
    log_in(browser.client)
    browser.client.post("/login/code", {"code": code_of(secret)})
    go_stale(browser.client)
    removal = "/account/second-factor/removal"
    assert browser.client.post(removal, {"proof_password": PASSWORD}).status_code == 403
    assert Authenticator.objects.filter(user=stage.people["fiona"]).exists()
    proof = {"proof_code": code_of(secret, 1)}
    assert browser.client.post(removal, proof).status_code == 302
    assert not Authenticator.objects.filter(user=stage.people["fiona"]).exists()


def test_step_up__by_ones_own_wallet__and_by_no_other(stage: Stage, browser: Browser) -> None:
    browser.sign_in("owner1")
    go_stale(browser.client)
    for account, status in (("owner2", 403), ("owner1", 302)):
        asked = browser.ask(ACCOUNTS[account].address, "/login/again/text")  # type: ignore[index]
        assert "sofia is here now" in asked["text"]
        signature = signature_of(account, asked["text"])  # type: ignore[arg-type]
        proof = {"proof_nonce": asked["nonce"], "proof_signature": signature, "next": "/api"}
        answer = browser.client.post("/login/again", proof)
        assert answer.status_code == status


def test_sign_in_text__brought_as_another_purpose__is_refused(
    stage: Stage, browser: Browser
) -> None:
    browser.sign_in("owner1")
    asked = browser.ask(ACCOUNTS["stranger"].address)
    signature = signature_of("stranger", asked["text"])
    assert browser.bring(asked["nonce"], signature, "/account/wallets").status_code == 403
    assert not Wallet.objects.filter(address=ACCOUNTS["stranger"].address).exists()


# ------------------------------------------------------------------------------------ wallets
def test_attach__another_wallet_by_its_own_proof__signs_in_from_then_on(
    stage: Stage, browser: Browser
) -> None:
    log_in(browser.client)
    asked = browser.ask(ACCOUNTS["stranger"].address, "/account/wallets/text")
    assert "to fiona in Ballast" in asked["text"]
    signature = signature_of("stranger", asked["text"])
    assert browser.bring(asked["nonce"], signature, "/account/wallets").status_code == 302
    other = Browser()
    other.sign_in("stranger")
    assert other.who == "fiona"


def test_attach__wallet_of_somebody_else__is_refused(stage: Stage, browser: Browser) -> None:
    log_in(browser.client)
    asked = browser.ask(ACCOUNTS["owner1"].address, "/account/wallets/text")
    signature = signature_of("owner1", asked["text"])
    answer = browser.bring(asked["nonce"], signature, "/account/wallets")
    assert answer.status_code == 403
    assert "belongs to another account" in answer.content.decode()
    assert Wallet.objects.get(address=ACCOUNTS["owner1"].address).user.username == "sofia"


def test_account_pages__signed_out__lead_to_the_door(browser: Browser) -> None:
    for path in ("/account", "/people", "/login/again"):
        assert browser.client.get(path)["Location"].startswith("/login")
    asked = browser.client.post("/account/wallets/text", {"address": ACCOUNTS["owner1"].address})
    assert asked.status_code == 403


# ------------------------------------------------------------------------------------ the end
@pytest.mark.parametrize(
    ("minutes", "is_in"), [((29,), True), ((30,), False), ((20,) * 35, True), ((20,) * 36, False)]
)
def test_session__idle_30_minutes_or_12_hours__ends(
    stage: Stage, browser: Browser, minutes: tuple[int, ...], is_in: bool
) -> None:
    start = timezone.now().replace(microsecond=0)
    with time_machine.travel(start, tick=False) as clock:
        log_in(browser.client)
        for step in minutes:
            clock.shift(timedelta(minutes=step))
            browser.client.get("/account")
        assert (browser.who == "fiona") == is_in


def test_session__only_polled__ends_all_the_same(stage: Stage, browser: Browser) -> None:
    start = timezone.now().replace(microsecond=0)
    with time_machine.travel(start, tick=False) as clock:
        log_in(browser.client)
        for _ in range(30):
            clock.shift(timedelta(minutes=1))
            answer = browser.client.get("/account", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Refresh"]) == (204, "true")


def test_sign_out_everywhere__ends_every_browser(stage: Stage) -> None:
    first, second = Browser(), Browser()
    log_in(first.client)
    log_in(second.client)
    first.client.post("/account/sessions")
    assert (first.who, second.who) == ("", "")
    log_in(first.client)
    assert first.who == "fiona"


def test_password__eleven_tries__are_limited_whoever_asks(stage: Stage) -> None:
    codes = [
        Client().post("/login", {"username": "fiona", "password": "a guess"}).status_code
        for _ in range(11)
    ]
    assert codes == [200] * 10 + [429]
    assert log_in(Client()).status_code == 429
    assert User.objects.get(username="fiona").last_login is None
