"""Sign-in by wallet: what lets somebody in, and everything that does not (RS-20)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings
from django.utils import timezone
from eth_abi.abi import encode
from eth_account.messages import defunct_hash_message, encode_typed_data

from config.local.chain.accounts import ACCOUNTS, CHAIN_ID, AccountName
from governance.core.identity.texts import Purpose
from governance.models import SignInRequest, User, Wallet
from governance.services.identity.errors import ProofUnavailableError, SignInRefusedError
from governance.services.identity.wallets import Asker, Proof, Site, ask_for_text, sign_in
from tests.integration.governance.conftest import Stage
from tests.integration.governance.identity.conftest import JSON, Browser, signature_of
from treasury.adapters.rpc import checksum
from treasury.models import AuditEvent

OWNER = ACCOUNTS["owner1"].address


def refused(answer: Any, browser: Browser, words: str) -> None:
    """Nobody came in, and the page says why."""
    assert answer.status_code == 403, answer.content
    assert words in answer.content.decode()
    assert browser.who == ""
    assert not AuditEvent.objects.filter(payload__action="person.signed_in").exists()


# ------------------------------------------------------------------------------------ let in
def test_sign_in__attached_wallet__is_its_person(browser: Browser) -> None:
    browser.client.get("/login")
    answer = browser.sign_in("owner1")
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert browser.who == "sofia"
    last = AuditEvent.objects.order_by("-id")[0].payload
    assert (last["action"], last["actor"], last["after"]) == (
        "person.signed_in",
        "sofia",
        {"how": "wallet"},
    )


def test_sign_in__planted_session__gets_another_key(browser: Browser) -> None:
    session = browser.client.session
    session["planted"] = "yes"
    session.save()
    before = session.session_key
    browser.sign_in("owner1")
    assert browser.client.session.session_key != before
    assert browser.who == "sofia"


def test_sign_in__owner_unknown_to_us__gets_an_account_and_acts_as_signer(
    browser: Browser, stage: Stage
) -> None:
    Wallet.objects.filter(address=OWNER).delete()
    assert browser.sign_in("owner1").status_code == 302
    assert browser.who == f"signer-{OWNER[2:10].lower()}"
    assert browser.client.get("/").status_code == 200
    made = Wallet.objects.get(address=OWNER).user
    assert not made.has_usable_password()
    browser.client.post("/logout")
    assert Browser().sign_in("owner1").status_code == 302
    assert Wallet.objects.get(address=OWNER).user == made


def test_sign_in__board_safe_as_contract_owner__asks_the_contract(
    browser: Browser, stage: Stage
) -> None:
    board = stage.seeded.deployment.safes.board
    asked = browser.ask(board)
    answer = browser.bring(asked["nonce"], safe_signature(board, asked["text"]))
    assert answer.status_code == 302, answer.content
    assert Wallet.objects.get(address=board).user.username == browser.who


def safe_signature(safe: str, text: str) -> str:
    """Both members of the board sign what the Safe makes of the text's hash."""
    from_text = bytes(defunct_hash_message(text=text))
    typed = {
        "domain": {"chainId": CHAIN_ID, "verifyingContract": safe},
        "types": {
            "EIP712Domain": [
                {"name": "chainId", "type": "uint256"},
                {"name": "verifyingContract", "type": "address"},
            ],
            "SafeMessage": [{"name": "message", "type": "bytes"}],
        },
        "primaryType": "SafeMessage",
        "message": {"message": encode(["bytes32"], [from_text])},
    }
    message = encode_typed_data(full_message=typed)
    members: list[AccountName] = ["board1", "board2"]
    members.sort(key=lambda name: int(ACCOUNTS[name].address, 16))
    parts = [bytes(ACCOUNTS[name].sign_message(message).signature) for name in members]
    return "0x" + b"".join(parts).hex()


# ------------------------------------------------------------------------------------ refused
def test_sign_in__wallet_that_signs_nowhere__is_refused_with_the_reason(browser: Browser) -> None:
    people = User.objects.count()
    refused(browser.sign_in("stranger"), browser, "signs for no treasury here")
    assert User.objects.count() == people


def test_sign_in__closed_account__is_refused(browser: Browser) -> None:
    User.objects.filter(username="sofia").update(is_active=False)
    refused(browser.sign_in("owner1"), browser, "This account is closed")


def test_sign_in__wrong_nonce__is_refused_and_the_right_one_still_works(browser: Browser) -> None:
    asked = browser.ask(OWNER)
    signature = signature_of("owner1", asked["text"])
    refused(browser.bring("A" * 24, signature), browser, "used already, or belongs to another")
    assert browser.bring(asked["nonce"], signature).status_code == 302


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("127.0.0.1:8000 wants", "evil.example wants"),
        ("URI: http://127.0.0.1:8000", "URI: https://evil.example"),
        (f"Chain ID: {CHAIN_ID}", "Chain ID: 1"),
        ("Nonce: ", "Nonce: A"),
    ],
)
def test_sign_in__text_edited_before_signing__is_refused(
    browser: Browser, old: str, new: str
) -> None:
    asked = browser.ask(OWNER)
    assert old in asked["text"]
    signature = signature_of("owner1", asked["text"].replace(old, new))
    refused(browser.bring(asked["nonce"], signature), browser, "The signature is not")
    assert not SignInRequest.objects.filter(nonce=asked["nonce"]).exists()


def test_sign_in__signature_of_another_account__is_refused(browser: Browser) -> None:
    asked = browser.ask(OWNER)
    answer = browser.bring(asked["nonce"], signature_of("owner2", asked["text"]))
    refused(answer, browser, f"The signature is not {OWNER}")


def test_sign_in__another_browser__is_refused_and_takes_nothing(browser: Browser) -> None:
    asked = browser.ask(OWNER)
    signature = signature_of("owner1", asked["text"])
    other = Browser()
    other.ask(ACCOUNTS["owner2"].address)
    refused(other.bring(asked["nonce"], signature), other, "belongs to another browser")
    assert browser.bring(asked["nonce"], signature).status_code == 302


def test_sign_in__same_signature_after_log_out__is_refused(browser: Browser) -> None:
    asked = browser.ask(OWNER)
    signature = signature_of("owner1", asked["text"])
    assert browser.bring(asked["nonce"], signature).status_code == 302
    browser.client.post("/logout")
    answer = browser.bring(asked["nonce"], signature)
    assert answer.status_code == 403
    assert browser.who == ""


@pytest.mark.parametrize("signature", ["", "0x", "hello", "0x" + "00" * 65, "0x" + "ff" * 9_000])
def test_sign_in__garbage__is_refused(browser: Browser, signature: str) -> None:
    asked = browser.ask(OWNER)
    assert browser.bring(asked["nonce"], signature).status_code == 403
    assert browser.who == ""


def test_sign_in__contract_that_says_no__is_refused(browser: Browser, stage: Stage) -> None:
    board = stage.seeded.deployment.safes.board
    asked = browser.ask(board)
    answer = browser.bring(asked["nonce"], signature_of("board1", asked["text"]))
    refused(answer, browser, "The signature is not")
    assert not Wallet.objects.filter(address=board).exists()


# ------------------------------------------------------------------------------------ the text
def test_text__other_host_header__still_names_our_own_domain(browser: Browser) -> None:
    answer = browser.client.post(
        "/login/wallet", {"address": OWNER}, headers={**JSON, "Host": "localhost"}
    )
    lines = answer.json()["text"].splitlines()
    assert lines[0] == "127.0.0.1:8000 wants you to sign in with your Ethereum account:"
    assert lines[1] == OWNER
    assert f"Chain ID: {CHAIN_ID}" in lines


@pytest.mark.parametrize("chain_id", ["1", "0", "-1", "x", "9" * 30])
def test_text__chain_that_is_not_allowed__is_not_given(browser: Browser, chain_id: str) -> None:
    given = {"address": OWNER, "chain_id": chain_id}
    answer = browser.client.post("/login/wallet", given, headers=JSON)
    assert answer.status_code == 403
    assert "hain" in answer.json()["error"]
    assert not SignInRequest.objects.exists()


@pytest.mark.parametrize("address", ["", "0x12", "sofia.eth", OWNER[:-1], OWNER + "0", "\0" * 42])
def test_text__no_address__is_said_beside_the_field(browser: Browser, address: str) -> None:
    answer = browser.client.post("/login/wallet", {"address": address})
    assert answer.status_code == 403
    assert 'id="address-error"' in answer.content.decode()
    assert not SignInRequest.objects.exists()


def test_text__mistyped_checksum__is_refused(browser: Browser) -> None:
    swapped = "0x" + OWNER[2:].swapcase()
    answer = browser.client.post("/login/wallet", {"address": swapped})
    assert "checksum does not fit" in answer.content.decode()


def test_text__without_javascript__is_a_page_and_leads_in(browser: Browser) -> None:
    page = browser.client.post("/login/wallet", {"address": OWNER.lower(), "next": "/api"})
    asked = SignInRequest.objects.get()
    assert asked.text in page.content.decode()
    answer = browser.bring(asked.nonce, signature_of("owner1", asked.text), next="/api")
    assert (answer.status_code, answer["Location"]) == (302, "/api")


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "javascript:1"])
def test_sign_in__address_of_another_site__leads_home(browser: Browser, wanted: str) -> None:
    asked = browser.ask(OWNER)
    answer = browser.bring(asked["nonce"], signature_of("owner1", asked["text"]), next=wanted)
    assert answer["Location"] == "/"


def test_texts__too_many__are_limited_until_the_minute_is_over(browser: Browser) -> None:
    codes = [
        browser.client.post("/login/wallet", {"address": OWNER}, headers=JSON).status_code
        for _ in range(31)
    ]
    assert codes == [200] * 30 + [429]


def test_sign_in__without_redis__lets_nobody_in(browser: Browser, settings: Any) -> None:
    dead = {"BACKEND": settings.CACHES["default"]["BACKEND"], "LOCATION": "redis://127.0.0.1:1/0"}
    asked = browser.ask(OWNER)
    signature = signature_of("owner1", asked["text"])
    with override_settings(CACHES={"default": dead}):
        answer = browser.bring(asked["nonce"], signature)
        asking = browser.client.post("/login/wallet", {"address": OWNER}, headers=JSON)
        password = {"username": "fiona", "password": "only-for-the-local-demo"}
        by_password = browser.client.post("/login", password)
    assert (answer.status_code, asking.status_code, by_password.status_code) == (503, 503, 503)
    assert browser.who == ""
    assert browser.bring(asked["nonce"], signature).status_code == 302


# ------------------------------------------------------------------------------------ service
def site(url: str) -> Site:
    return Site("https://ballast.example", frozenset({CHAIN_ID}), url)


def asked_at(moment: Any, url: str, address: str = OWNER) -> tuple[SignInRequest, Asker]:
    asker = Asker("secret of a browser")
    asked = ask_for_text(
        address=checksum(address),
        purpose=Purpose.SIGN_IN,
        asker=asker,
        site=site(url),
        chain_id=CHAIN_ID,
        now=moment,
    )
    return asked, asker


def test_sign_in__after_five_minutes__is_refused(stage: Stage) -> None:
    now = timezone.now()
    asked, asker = asked_at(now, stage.url)
    proof = Proof(asked.nonce, signature_of("owner1", asked.text))
    with pytest.raises(SignInRefusedError, match="five minutes"):
        sign_in(proof=proof, asker=asker, site=site(stage.url), now=now + timedelta(minutes=5))
    asked, asker = asked_at(now, stage.url)
    proof = Proof(asked.nonce, signature_of("owner1", asked.text))
    late = now + timedelta(minutes=5) - timedelta(seconds=1)
    user = sign_in(proof=proof, asker=asker, site=site(stage.url), now=late)
    assert user.username == "sofia"


def test_sign_in__contract_while_the_chain_is_away__is_unavailable(stage: Stage) -> None:
    board = stage.seeded.deployment.safes.board
    now = timezone.now()
    asked, asker = asked_at(now, stage.url, board)
    proof = Proof(asked.nonce, safe_signature(board, asked.text))
    with pytest.raises(ProofUnavailableError, match="does not answer"):
        sign_in(proof=proof, asker=asker, site=site("http://127.0.0.1:1"), now=now)
    assert not Wallet.objects.filter(address=board).exists()
